"""Annotations for GitHub: one line each, at the user's own line, whatever names have in them."""

from __future__ import annotations

import pytest

from reftrack.model import Allocation, Charge, Frame, Holder, Report, RunInfo, Totals, Verdict
from reftrack.reporters import github

LIBRARY = Frame("/venv/lib/python3.11/site-packages/lib/__init__.py", 5, "make", "")


def holder(name: str, *frames: Frame, verdict: Verdict = "growing", size: int = 1 << 20) -> Holder:
    return Holder(
        name=name,
        kind="module-global",
        verdict=verdict,
        owner="your code",
        root=f"module {name.partition('.')[0]}",
        path=[name],
        retained_bytes=size,
        survived_bytes=size,
        objects=1,
        types=[],
        charged=[Charge(f"t.py::test_{n}", "test", size // 3, 1) for n in range(3)],
        allocations=[Allocation(size, 1, list(frames))],
        fix="100% sure:\nclear it",
    )


def report(*holders: Holder, failed: tuple[str, ...] = ()) -> Report:
    run = RunInfo(["pytest"], "3.11.7", "native", "2026-01-01T00:00:00")
    totals = Totals(tests=3, survived_bytes=sum(h.survived_bytes for h in holders))
    return Report(1, True, run, totals, [], list(holders), failed=list(failed))


@pytest.fixture(autouse=True)
def no_workspace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)


def test_only_what_grows_is_told_at_the_users_line_below_the_library() -> None:
    own = Frame("/work/app/a,b:c.py", 9, "use", "")

    commands = github.commands(
        report(holder("app.CACHE", own, LIBRARY), holder("app.ONCE", own, verdict="once")),
        directory="/work",
    )

    assert commands == [
        "::warning file=app/a%2Cb%3Ac.py,line=9,title=reftrack%3A GROWING 1.0 MiB in 3 tests::"
        "module app -> app.CACHE%0Aallocated lib/__init__.py:5 in make%0A"
        "fix: 100%25 sure:%0Afix: clear it"
    ]


def test_paths_are_relative_to_the_workspace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", "/work")
    found = holder("app.CACHE", Frame("/work/sub/app.py", 9, "use", ""))

    (command,) = github.commands(report(found), directory="/work/sub")

    assert command.startswith("::warning file=sub/app.py,line=9,")


def test_a_holder_without_a_line_of_the_users_has_no_place() -> None:
    (command,) = github.commands(report(holder("app.CACHE", LIBRARY)), directory="/work")

    assert command.startswith("::warning title=reftrack%3A GROWING")


@pytest.mark.parametrize(
    ("reason", "place"),
    [
        ("t.py::test_1 left 3.0 MiB behind", "file=app.py,line=9,"),
        ("app.CACHE is new since old.json", "file=app.py,line=9,"),
        ("too\nmuch", ""),
    ],
)
def test_a_failed_gate_is_an_error_at_the_line_of_what_it_is_about(reason: str, place: str) -> None:
    found = holder("app.CACHE", Frame("/work/app.py", 9, "use", ""), verdict="once")

    (command,) = github.commands(report(found, failed=(reason,)), directory="/work")

    said = reason.replace("\n", "%0A")
    assert command == f"::error {place}title=reftrack::{said}"


@pytest.mark.parametrize(("value", "is_on"), [("true", True), ("", False), ("false", False)])
def test_it_is_on_in_a_workflow_only(value: str, is_on: bool) -> None:
    assert github.is_on({"GITHUB_ACTIONS": value}) is is_on
    assert not github.is_on({})
