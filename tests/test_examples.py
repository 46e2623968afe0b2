"""The examples plant leaks of known size: reftrack names each of them, and nothing else grows."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from reftrack.model import Holder, Report, ScopeKind, Verdict
from support import PLUGINS, plain, reftrack, without

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
TOLERANCE = 0.05


class Planted(msgspec.Struct, forbid_unknown_fields=True):
    """A row of an example's planted.json; `charged` says which scope plants how many bytes."""

    name: str
    verdict: Verdict
    runners: list[str]
    scope: ScopeKind
    charged: dict[str, int]


class Suite(NamedTuple):
    """An example under one of its runners: how it is started and what it plants."""

    example: str
    command: tuple[str, ...]
    runner: str
    needs: str
    exit_status: int

    def planted(self) -> list[Planted]:
        text = (EXAMPLES / self.example / "planted.json").read_bytes()
        rows = msgspec.json.decode(text, type=list[Planted])
        return [row for row in rows if self.runner in row.runners]


class Run(NamedTuple):
    """A suite that ran twice in the same folder, plainly and under reftrack."""

    suite: Suite
    folder: Path
    plain: subprocess.CompletedProcess[str]
    watched: subprocess.CompletedProcess[str]
    report: Report

    def holder(self, name: str) -> Holder:
        """The one holder of that name, with or without the module before it."""
        found = [h for h in self.report.holders if h.name == name or h.name.endswith(f".{name}")]
        names = [h.name for h in self.report.holders]
        assert len(found) == 1, f"{name} is named {len(found)} times among {names}"
        return found[0]


DJANGO = ("manage.py", "test")
PYTEST = ("-m", "pytest", "-p", "no:cacheprovider")
SUITES = {
    "django": Suite("django_users", DJANGO, "plain", "django", exit_status=1),
    "django-keep-tests": Suite("django_users", DJANGO, "keep-tests", "django", exit_status=1),
    "pytest": Suite("pytest_classes", PYTEST, "plain", "pytest", exit_status=0),
}


@pytest.fixture(
    scope="module",
    params=[(suite, backend) for suite in SUITES for backend in ("native", "tracemalloc")],
    ids="-".join,
)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    name, backend = request.param
    suite = SUITES[name]
    pytest.importorskip(suite.needs)
    folder = tmp_path_factory.mktemp("example") / suite.example
    shutil.copytree(
        EXAMPLES / suite.example,
        folder,
        ignore=shutil.ignore_patterns("__pycache__", ".reftrack"),
    )
    env = {
        "KEEP_TESTS": "1" if suite.runner == "keep-tests" else "",
        # What plugins import takes tracemalloc longer than all the rest.
        "PYTEST_ADDOPTS": without(*PLUGINS, "hypothesispytest", "xdist"),
    }
    options = ("--backend", backend, "--json", "out.json")
    plainly = plain(*suite.command, cwd=folder, env=env)
    watched = reftrack("run", *options, *suite.command, cwd=folder, env=env)
    assert (folder / "out.json").exists(), watched.stderr
    report = msgspec.json.decode((folder / "out.json").read_bytes(), type=Report)
    return Run(suite, folder, plainly, watched, report)


def without_times(output: str) -> str:
    """What a run wrote, without durations and the rulers that pytest fits around them."""
    output = re.sub(r"\d+\.\d+s( \([\d:]+\))?", "N s", output)  # 83.10s (0:01:23)
    return re.sub(r"=+ | =+$", "", output, flags=re.MULTILINE)


def marked_line(folder: Path, name: str) -> tuple[Path, int]:
    """Where the example's source says `# planted: name`."""
    places = [
        (path, number)
        for path in sorted(folder.rglob("*.py"))
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if line.endswith(f"# planted: {name}")
    ]
    assert len(places) == 1, f"{name} is marked at {places}"
    return places[0]


def allocating_line(run: Run, holder: Holder) -> tuple[Path, int]:
    """The innermost line of the example's own under which most of the bytes were allocated."""
    largest = max(holder.allocations, key=lambda allocation: allocation.bytes)
    own = [
        (run.folder / frame.file, frame.line)
        for frame in largest.traceback
        if (run.folder / frame.file).is_relative_to(run.folder)
    ]
    assert own, f"no line of the example in {largest.traceback}"
    return own[-1]


def test_a_suite_ends_as_it_does_without_reftrack(run: Run) -> None:
    assert run.plain.returncode == run.suite.exit_status
    assert run.watched.returncode == run.plain.returncode


def test_a_suite_writes_what_it_writes_without_reftrack(run: Run) -> None:
    assert without_times(run.watched.stdout) == without_times(run.plain.stdout)
    assert without_times(run.watched.stderr).startswith(without_times(run.plain.stderr))


def test_the_report_is_complete(run: Run) -> None:
    assert run.report.complete
    assert run.report.run.exit_status == run.suite.exit_status


def test_every_planted_holder_is_named_with_its_bytes(run: Run) -> None:
    for planted in run.suite.planted():
        expected = sum(planted.charged.values())
        holder = run.holder(planted.name)
        assert holder.retained_bytes == pytest.approx(expected, rel=TOLERANCE), planted.name
        assert holder.verdict == planted.verdict, planted.name


def test_every_planted_holder_is_charged_to_the_scopes_that_planted_it(run: Run) -> None:
    for planted in run.suite.planted():
        charges = run.holder(planted.name).charged
        least = min(planted.charged.values()) * TOLERANCE
        charged = {
            charge.id: charge.bytes
            for charge in charges
            if charge.scope == planted.scope and charge.id in planted.charged
        }
        assert charged == pytest.approx(planted.charged, rel=TOLERANCE), planted.name
        others = [charge for charge in charges if charge.id not in charged]
        assert all(charge.bytes < least for charge in others), f"{planted.name}: {others}"


def test_every_planted_path_leads_through_its_attribute(run: Run) -> None:
    for planted in run.suite.planted():
        path = run.holder(planted.name).path
        attribute = planted.name.rpartition(".")[2]
        edges = [re.sub(r"(\[[^]]*\])+$", "", edge) for edge in path]
        assert any(edge.endswith(f".{attribute}") for edge in edges), f"{planted.name}: {path}"


def test_every_planted_holder_has_its_allocating_line(run: Run) -> None:
    for planted in run.suite.planted():
        marked = marked_line(run.folder, planted.name)
        assert allocating_line(run, run.holder(planted.name)) == marked, planted.name


def test_nothing_else_is_said_to_grow(run: Run) -> None:
    planted = [run.holder(row.name).name for row in run.suite.planted()]
    growing = [holder.name for holder in run.report.holders if holder.verdict == "growing"]
    assert [name for name in growing if name not in planted] == []


def test_nearly_all_that_survives_is_explained(run: Run) -> None:
    totals = run.report.totals
    planted = sum(sum(row.charged.values()) for row in run.suite.planted())
    assert totals.survived_bytes >= planted * (1 - TOLERANCE)
    assert totals.explained_bytes >= 0.95 * totals.survived_bytes
