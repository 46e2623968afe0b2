"""Two runs side by side: what counts as new, grown, gone and shrunk, and what is only noise."""

from __future__ import annotations

import io
import json
from pathlib import Path

import msgspec
import pytest

import support
from reftrack.differences import Comparison, compare
from reftrack.model import Allocation, Charge, Frame, Holder, Report, Scope
from reftrack.reporters.differences import render
from reports import KIB, MIB, holder, report

TESTS = [f"m.T.test_{n}" for n in range(10)]


def changes(old: Report, new: Report) -> dict[str, str]:
    return {row.holder.name: row.change for row in compare(old, new).differences}


def each(size: int, tests: list[str] | None = None) -> dict[str, int]:
    return dict.fromkeys(TESTS if tests is None else tests, size)


# What a change is


def test_a_holder_is_new_grown_gone_shrunk_or_as_before() -> None:
    old = report(
        holder("grows", each(100 * KIB)),
        holder("goes", each(100 * KIB)),
        holder("shrinks", each(100 * KIB)),
        holder("stays", each(100 * KIB)),
    )
    new = report(
        holder("comes", each(100 * KIB)),
        holder("grows", each(200 * KIB)),
        holder("shrinks", each(50 * KIB)),
        holder("stays", each(105 * KIB)),
    )

    assert changes(old, new) == {
        "comes": "new",
        "grows": "grown",
        "goes": "gone",
        "shrinks": "shrunk",
        "stays": "same",
    }


def test_changes_come_in_their_order_the_largest_first() -> None:
    new = report(*(holder(f"h{n}", each(n * KIB)) for n in (3, 9, 6)))

    assert [row.holder.name for row in compare(report(), new).differences] == ["h9", "h6", "h3"]
    assert [row.new_bytes for row in compare(report(), new).differences] == [
        90 * KIB,
        60 * KIB,
        30 * KIB,
    ]


def test_a_run_compared_with_itself_has_no_change() -> None:
    run = report(holder("a", each(KIB)), holder("b", each(MIB), verdict="once"))

    assert set(changes(run, run).values()) == {"same"}


def test_the_same_holder_may_have_moved_lines_other_tests_and_another_path() -> None:
    moved = Allocation(MIB, 1, [Frame("/elsewhere/app.py", 70, "fill", "")])
    old = report(holder("cache", {"m.T.test_a": MIB}, verdict="once"), tests=TESTS)
    later = holder("cache", {"m.T.test_3": MIB}, verdict="once", allocations=[moved], path=["x"])

    assert changes(old, report(later, tests=["m.T.test_a", *TESTS])) == {"cache": "same"}


def test_a_holder_without_the_same_key_is_known_by_name_and_root() -> None:
    before = holder("T.data", each(MIB), key="T.data|tests.test_a.T.data|")
    moved = holder("T.data", each(MIB), key="T.data|tests.unit.test_a.T.data|")
    keyless = holder("T.data", each(MIB), key="")
    other = holder("T.data", each(MIB), key="x", root="module other")

    assert changes(report(before), report(moved)) == {"T.data": "same"}
    assert changes(report(keyless), report(keyless)) == {"T.data": "same"}
    assert [r.change for r in compare(report(before), report(other)).differences] == ["new", "gone"]


def test_holders_of_one_key_are_summed() -> None:
    halves = [holder("fixture", each(50 * KIB)), holder("fixture", each(50 * KIB))]

    assert changes(report(holder("fixture", each(100 * KIB))), report(*halves)) == {
        "fixture": "same"
    }
    (new,) = compare(report(), report(*halves)).differences
    assert {charge.bytes for charge in new.holder.charged} == {100 * KIB}
    assert len(new.holder.charged) == len(each(1))


# What does not count


@pytest.mark.parametrize(
    ("size", "verdict", "owner", "is_told"),
    [
        (KIB - 1, "growing", "your code", False),
        (KIB, "growing", "your code", True),
        (64 * KIB - 1, "once", "your code", False),
        (64 * KIB, "once", "your test", True),
        (MIB - 1, "once", "library", False),
        (MIB, "once", "library", True),
        (KIB, "growing", "library", True),
        (64 * KIB, "unexplained", "library", False),
        (9 * MIB, "unexplained", "library", True),
        (9 * MIB, "runner", "runner", None),
        (9 * MIB, "collateral", "your test", None),
    ],
)
def test_what_is_filled_once_counts_from_more_bytes_than_what_grows(
    size: int, verdict: str, owner: str, is_told: bool | None
) -> None:
    one = report(holder("h", {"m.T.test_1": size}, verdict=verdict, owner=owner), tests=TESTS)
    nothing = report(tests=TESTS)

    expected = {} if is_told is None else {"h": "new" if is_told else "same"}
    assert changes(nothing, one) == expected
    assert changes(one, nothing) == ({"h": "gone"} if is_told else dict.fromkeys(expected, "same"))


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (100 * KIB, 132 * KIB, "same"),
        (100 * KIB, 133 * KIB, "grown"),
        (8 * MIB, 10 * MIB, "same"),
        (8 * MIB, 10 * MIB + 1, "grown"),
        (134 * KIB, 100 * KIB, "shrunk"),
        (133 * KIB, 100 * KIB, "same"),
        (10, 32 * KIB, "same"),
    ],
)
def test_a_quarter_more_or_32_kib_are_no_growth(before: int, after: int, change: str) -> None:
    old, new = (report(holder("h", {"m.T.test_1": size})) for size in (before, after))

    assert changes(old, new) == {"h": change}


def test_a_cache_that_is_known_to_stay_within_bounds_does_not_count() -> None:
    table = holder("the table", each(9 * MIB), verdict="once", rule="interned-strings")
    grows = holder("grows", each(9 * MIB), rule="interned-strings")  # --without-rules

    assert changes(report(), report(table, grows)) == {"grows": "new"}


def test_what_is_torn_down_after_the_last_look_is_no_holder_to_compare() -> None:
    charged = [Charge("db (session)", "fixture", 9 * MIB, 1)]
    fixture = holder("fixture db", charged=charged, survived_bytes=9 * MIB, verdict="once")
    kept = Scope("db (session)", "fixture", survived_bytes=9 * MIB, ended_bytes=9 * MIB)
    released = msgspec.structs.replace(kept, torn_down_bytes=9 * MIB)

    assert changes(report(), report(fixture, scopes=[released])) == {}
    assert changes(report(), report(fixture, scopes=[kept])) == {"fixture db": "new"}


def test_what_tests_of_one_module_left_is_none_either_but_that_of_several() -> None:
    tests = ["a.py::test_1", "b.py::test_2"]
    scopes = [Scope(id, "test", survived_bytes=9 * MIB, torn_down_bytes=9 * MIB) for id in tests]
    classes = holder("T.rows", each(9 * MIB, tests[:1]))
    sessions = holder("session's", each(4 * MIB, tests))

    assert changes(report(), report(classes, sessions, scopes=scopes)) == {"session's": "new"}


# Runs of other tests


def test_more_tests_of_a_holder_that_grows_anyway_are_no_growth_of_it() -> None:
    old = report(holder("T.user", each(100 * KIB, TESTS[:5])))

    more = report(holder("T.user", each(100 * KIB)))
    heavier = report(holder("T.user", each(100 * KIB, TESTS[:5]) | {"m.T.new": 9 * MIB}))

    assert changes(old, more) == {"T.user": "same"}
    assert changes(old, heavier) == {"T.user": "grown"}


def test_tests_that_ran_before_and_left_nothing_then_make_a_holder_grow() -> None:
    old = report(holder("T.user", each(100 * KIB, TESTS[:5])), tests=TESTS)

    assert changes(old, report(holder("T.user", each(100 * KIB)))) == {"T.user": "grown"}


def test_a_run_of_fewer_tests_makes_nothing_gone_or_shrunk() -> None:
    old = report(
        holder("T.user", each(100 * KIB)),
        holder("U.user", {"m.U.test_1": MIB}),
        holder("cache", each(MIB), verdict="once"),
    )
    found = compare(old, report(holder("T.user", each(100 * KIB, TESTS[:2])), tests=TESTS[:2]))

    assert {row.holder.name: row.change for row in found.differences} == {
        "T.user": "same",
        "cache": "gone",  # two of its tests ran, and did not fill it
    }
    assert found.unseen == 1
    assert (found.old.tests, found.new.tests) == (9, 0)


def test_growth_in_a_run_of_fewer_tests_is_seen() -> None:
    old = report(holder("T.user", each(100 * KIB)))

    new = report(holder("T.user", each(900 * KIB, TESTS[:2])))

    assert changes(old, new) == {"T.user": "grown"}


def test_another_order_of_tests_charges_others_with_the_same() -> None:
    """A cache by key: whichever test comes first fills it, and one of a subset fills what one that
    does not run filled before."""
    old = report(holder("cache", each(100 * KIB, TESTS[:5])), tests=TESTS)

    shuffled = report(holder("cache", each(100 * KIB, TESTS[5:])), tests=TESTS)
    subset = report(holder("cache", each(100 * KIB, TESTS[5:8])), tests=TESTS[5:])

    assert changes(old, shuffled) == {"cache": "same"}
    assert changes(old, subset) == {"cache": "same"}


def test_a_holder_of_imports_only_is_gone_where_it_is_not_there() -> None:
    charged = [Charge("app.tables", "import", MIB, 1)]
    old = report(holder("TABLES", charged=charged), tests=TESTS)

    assert changes(old, report(tests=TESTS)) == {"TABLES": "gone"}


# In words


def text(found: Comparison, rows: int = 10) -> str:
    stream = io.StringIO()
    render(found, stream, rows=rows, directory="/proj", width=100)
    return stream.getvalue()


def test_the_report_has_the_changes_with_what_to_do_about_what_is_new() -> None:
    old = report(
        holder("GROWS", each(100 * KIB)), holder("GOES", each(MIB)), holder("A", each(KIB))
    )
    new = report(
        holder("COMES", each(50 * KIB)), holder("GROWS", each(200 * KIB)), holder("A", each(KIB))
    )

    assert text(compare(old, new)) == (
        """\
reftrack  old  10 tests  survived 11.0 MiB  2026-01-02 03:04:05
          new  10 tests  survived 2.5 MiB  2026-01-02 03:04:05
NEW       500.0 KiB in 10 tests, growing   module app -> COMES
  allocated app.py:7 in fill    CACHE.append(value)
  tests     m.T.test_0, m.T.test_1, m.T.test_2 and 7 more (50.0 KiB each)
  fix       COMES.clear()
GROWN     1000.0 KiB -> 2.0 MiB in 10 tests, growing   module app -> GROWS
  allocated app.py:7 in fill    CACHE.append(value)
  tests     m.T.test_0, m.T.test_1, m.T.test_2 and 7 more (200.0 KiB each)
  fix       GROWS.clear()
GONE      10.0 MiB in 10 tests   module app -> GOES
holders: 1 is new, 1 has grown, 1 is gone, 1 is as before
"""
    )


def test_attributes_of_one_class_are_one_row() -> None:
    two = [
        holder(f"T.{name}", each(100 * KIB), kind="testcase-attribute", root="unittest suite")
        for name in ("user", "data")
    ]

    found = text(compare(report(tests=TESTS), report(*two)))

    assert "NEW       2.0 MiB in 10 tests, growing   unittest suite -> T.user, .data\n" in found
    assert found.count("NEW ") == 1


def test_what_makes_the_runs_differ_is_said() -> None:
    ignored = holder("OLD", each(MIB), ignored="by design")
    old = report(
        holder("U.user", {"m.U.test_1": MIB}), ignored, tests=TESTS, complete=False, release=True
    )
    new = report(ignored, tests=TESTS[:5], complete=False)

    words = " ".join(text(compare(old, new)).split())

    assert "note the old run is incomplete: what is new here it may have had as well" in words
    assert "note the new run is incomplete: what is gone here may be there in a whole one" in words
    assert "note the runs had other tests: 1 test in the old run only" in words
    assert "note 1 holder of the old run has no test in the new one: nothing is known" in words
    assert "note only the old run let go of finished tests (--release)" in words
    assert "note 1 holder that you have accepted left out" in words
    assert words.endswith("holders: none is new, none has grown")


def test_no_more_rows_of_each_change_are_shown_than_asked_for() -> None:
    new = report(*(holder(f"h{n}", each(n * KIB)) for n in range(1, 6)))

    found = text(compare(report(tests=TESTS), new), rows=2)

    assert found.count("NEW  ") == 3
    assert "NEW  3 more rows: reftrack diff --holders N shows them\n" in found


# The command


@pytest.fixture
def cwd(tmp_path: Path) -> Path:
    runs: dict[str, list[Holder]] = {"old": [], "new": [holder("COMES", each(MIB))]}
    for name, holders in runs.items():
        found = report(*holders, tests=TESTS)
        (tmp_path / f"{name}.json").write_bytes(msgspec.json.encode(found))
    return tmp_path


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("diff old.json new.json", 0),
        ("diff --exit-code old.json new.json", 1),
        ("diff --exit-code new.json old.json", 0),
        ("diff old.json old.json --exit-code", 0),
        ("diff old.json", 2),
        ("diff old.json gone.json", 2),
    ],
)
def test_the_exit_status_is_0_unless_it_is_asked_for_as_git_has_it(
    cwd: Path, line: str, status: int
) -> None:
    assert support.reftrack(*line.split(), cwd=cwd).returncode == status


def test_differences_are_written_as_json_beside_the_report(cwd: Path) -> None:
    result = support.reftrack("diff", "old.json", "new.json", "--json", "diff.json", cwd=cwd)

    document = json.loads((cwd / "diff.json").read_text())
    assert "NEW       10.0 MiB in 10 tests, growing" in result.stdout
    assert document["format"] == 1
    (row,) = document["differences"]
    assert (row["change"], row["old_bytes"], row["new_bytes"]) == ("new", 0, 10 * MIB)
    assert row["holder"]["name"] == "COMES"
    assert document["new"]["totals"]["tests"] == 10


def test_the_setting_for_the_runs_own_json_is_not_where_differences_go(cwd: Path) -> None:
    env = {"REFTRACK_JSON": "new.json"}

    support.reftrack("diff", "old.json", "new.json", cwd=cwd, env=env)

    assert "differences" not in json.loads((cwd / "new.json").read_text())
