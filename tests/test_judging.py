"""What a scope may leave: from holders and limits to a failure and its words."""

from __future__ import annotations

import pytest

from reftrack import judging
from reftrack.judging import Failure, Limits
from reftrack.looking import Left, Timed
from reftrack.model import Allocation, Frame, Holder, Verdict

MIB = 1 << 20
TEST = Timed(7, "test", "test_a.py::test_1")
LEAK = Frame("/work/test_a.py", 3, "test_1", "CACHE.append(data)")
RUNNER = Frame("/venv/lib/python3.11/site-packages/_pytest/runner.py", 9, "from_call", "")
PLUGIN = Frame("/venv/lib/python3.11/site-packages/plugin/hooks.py", 5, "wrap", "")
DEEP = Frame("/venv/lib/python3.11/site-packages/lib/deep.py", 5, "call", "")


def holder(
    name: str, size: int, *frames: Frame, objects: int = 1, verdict: Verdict = "once"
) -> Holder:
    return Holder(
        name=name,
        kind="module-global",
        verdict=verdict,
        owner="your test",
        root="module test_a",
        path=[name, f"{name}[0]"],
        retained_bytes=size,
        survived_bytes=size,
        objects=objects,
        types=[],
        charged=[],
        allocations=[Allocation(size, objects, list(frames))],
        fix=f"in test_1: {name}.clear()",
    )


def judge(*holders: Holder, ignored: tuple[str, ...] = (), **limits: object) -> Failure | None:
    given = Limits(**limits)  # type: ignore[arg-type]
    return judging.failure(TEST, holders, given, ignored, "/work")


@pytest.fixture(autouse=True)
def modules_of_the_runner(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {RUNNER.file: "_pytest.runner"}
    monkeypatch.setattr("reftrack.owners.module_of_file", lambda file: names.get(file, "lib"))


def test_what_is_within_the_limits_is_no_failure() -> None:
    assert judge(holder("test_a.CACHE", MIB, LEAK), max_survived=MIB, max_objects=1) is None
    assert judge(holder("test_a.CACHE", MIB, LEAK)) is None


def test_a_failure_has_the_amount_and_the_largest_holders_line_and_fix() -> None:
    small = holder("test_a.OTHER", MIB, LEAK)
    failure = judge(small, holder("test_a.CACHE", 3 * MIB, LEAK), max_survived=MIB)

    assert failure is not None
    assert failure.headline == (
        "test_a.py::test_1 left 4.0 MiB behind (limit 1.0 MiB): test_a.CACHE"
    )
    assert (failure.file, failure.line) == ("/work/test_a.py", 3)
    assert failure.details.splitlines() == [
        "3.0 MiB  module test_a -> test_a.CACHE",
        "  path      test_a.CACHE -> test_a.CACHE[0]",
        "  allocated test_a.py:3 in test_1    CACHE.append(data)",
        "  fix       in test_1: test_a.CACHE.clear()",
        "",
        "1.0 MiB  module test_a -> test_a.OTHER",
        "  path      test_a.OTHER -> test_a.OTHER[0]",
        "  allocated test_a.py:3 in test_1    CACHE.append(data)",
        "  fix       in test_1: test_a.OTHER.clear()",
    ]


def test_sizes_that_read_the_same_are_told_in_bytes() -> None:
    failure = judge(holder("test_a.CACHE", MIB + 57, LEAK), max_survived=MIB)

    assert failure is not None
    assert "left 1048633 bytes behind (limit 1048576 bytes)" in failure.headline


def test_the_runners_bookkeeping_and_what_is_accepted_do_not_count() -> None:
    runners = holder("Session.items", 3 * MIB, RUNNER, verdict="runner")
    known = holder("test_a.CACHE", 3 * MIB, LEAK)

    assert judge(runners, max_survived=0, max_objects=0) is None
    assert judge(known, max_survived=0, ignore=("test_a.*",)) is None
    assert judge(known, max_survived=0, ignored=("test_a.CACHE",)) is None
    assert judge(known, max_survived=0, ignore=("other.*",)) is not None


def test_bytes_of_many_small_holders_add_up_and_the_rest_is_one_line() -> None:
    failure = judge(*(holder(f"test_a.C{n}", MIB, LEAK) for n in range(5)), max_survived=4 * MIB)

    assert failure is not None
    assert failure.details.splitlines()[-1] == "2.0 MiB  test_a.C3 and 1 more"


def test_objects_that_the_runner_or_a_plugin_made_around_the_test_do_not_count() -> None:
    around = holder("warnings.filters", 56, RUNNER, PLUGIN, objects=2)
    users = holder("test_a.CACHE", 80, RUNNER, LEAK, PLUGIN, objects=1)
    cut_off = holder("lib.CACHE", 90, DEEP, objects=1)

    assert judge(around, max_objects=0) is None
    failure = judge(around, users, cut_off, max_objects=1)

    assert failure is not None
    assert "left 2 objects behind (limit 1): lib.CACHE" in failure.headline
    assert "warnings" not in failure.details


def test_a_little_without_traceback_counts_where_only_the_user_could_have_put_it() -> None:
    """Given blocks that CPython may have had for reuse, then what lies in a list of the
    interpreter's own counts from a kibibyte on: anybody fills those."""
    of_atexit = "atexit callbacks"

    assert judge(holder("test_a.CACHE", 64), max_objects=0) is not None
    assert judge(holder(of_atexit, 64), max_objects=0) is None
    assert judge(holder(of_atexit, 64, LEAK), max_objects=0) is not None
    assert judge(holder(of_atexit, MIB), max_objects=0) is not None


@pytest.mark.parametrize(
    ("limits", "left", "allowed"),
    [
        (Limits(max_survived=10), Left(10, 99, 0), True),
        (Limits(max_survived=10), Left(11, 0, 0), False),
        (Limits(max_survived=10), Left(0, 0, 11), False),
        (Limits(max_objects=2), Left(99, 2, 99), True),
        (Limits(max_objects=2), Left(0, 3, 0), False),
        (Limits(), Left(99, 99, 99), True),
    ],
)
def test_the_ledgers_figures_alone_can_clear_a_scope(
    limits: Limits, left: Left, allowed: bool
) -> None:
    assert limits.allow(left) is allowed
