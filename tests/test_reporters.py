"""The reports that people and programs read, from records made by hand."""

from __future__ import annotations

import io
import json
import os
import re
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from reftrack.errors import RecordError
from reftrack.model import (
    NOT_LOOKED_FOR,
    Allocation,
    Charge,
    Frame,
    Holder,
    Phase,
    Released,
    Repeat,
    Report,
    RunInfo,
    Scope,
    Totals,
    TypeCount,
)
from reftrack.reporters import Page, build
from reftrack.reporters.json import dumps, write
from reftrack.reporters.layout import folded
from reftrack.reporters.terminal import render
from reftrack.reporters.words import duration, shortened, shortened_place, size

KIB, MIB = 1 << 10, 1 << 20
WHOLE = 40 * 800 * KIB  # what `user` keeps

SET_UP = Frame("/proj/tests/test_users.py", 9, "setUp", "    self.user = User.objects.get(pk=1)")
DJANGO = Frame("/venv/lib/python3.11/site-packages/django/db/models/base.py", 580, "from_db", "new")


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def user(**changes: Any) -> Holder:
    """The holder of design.md's example: ExampleTest.user, 800 KiB in each of 40 tests."""
    holder = Holder(
        name="ExampleTest.user",
        kind="testcase-attribute",
        verdict="growing",
        owner="your test",
        root="unittest result.failures",
        path=["TextTestResult.failures[*][0]", "ExampleTest.user", "User._state"],
        retained_bytes=40 * 800 * KIB,
        survived_bytes=40 * 800 * KIB,
        objects=80,
        types=[TypeCount("tests.User", 40, 32 * KIB)],
        charged=[
            Charge(f"tests.test_users.ExampleTest.test_{n}", "test", 800 * KIB, 2)
            for n in range(40)
        ],
        allocations=[Allocation(40 * 800 * KIB, 80, [SET_UP])],
    )
    return msgspec.structs.replace(holder, **changes)


def holding(name: str, verdict: str, mib: float, **changes: Any) -> Holder:
    count = int(mib * MIB)
    bare = {"kind": "module-global", "root": "", "path": [], "charged": [], "allocations": []}
    figures = {"retained_bytes": count, "survived_bytes": count}
    return user(**{"name": name, "verdict": verdict, **bare, **figures, **changes})


def report(
    *holders: Holder,
    survived: float = 41.3,
    unexplained: float = 0.0,
    complete: bool = True,
    seconds: float = 1.5,
    scopes: list[Scope] | None = None,
    notes: list[str] | None = None,
) -> Report:
    run = RunInfo(["-m", "unittest"], "3.11.7", "native", "2026-01-02T03:04:05Z", seconds)
    run.exit_status = 0 if complete else None
    run.notes = notes or []
    totals = Totals(214, int(survived * MIB), int(survived * MIB) - int(unexplained * MIB))
    return Report(1, complete, run, totals, scopes or [], list(holders))


def text(report: Report, **options: Any) -> str:
    stream = io.StringIO()
    render(report, stream, **{"directory": "/proj", **options})
    return stream.getvalue()


def lines(report: Report, **options: Any) -> list[str]:
    return text(report, **options).splitlines()


def page(report: Report, holders: int = 10) -> Page:
    return build(report, holders, directory="/proj")


# The whole page


def test_the_page_reads_as_designed() -> None:
    cache = holding(
        "myapp.cache._CACHE",
        "once",
        9.5,
        kind="cache",
        root="module global myapp.cache._CACHE",
        path=["myapp.cache._CACHE", "dict['users']"],
        charged=[Charge("db (session)", "fixture", int(9.5 * MIB), 10)],
        allocations=[Allocation(int(9.5 * MIB), 10, [SET_UP, DJANGO])],
    )
    tail = holding("SessionHandler.log", "runner", 0.25)
    first = user(
        proved_bytes=int(31.1 * MIB), fix='in ExampleTest: self.addCleanup(delattr, self, "user")'
    )
    shown = report(tail, cache, first, unexplained=0.5, notes=["gc was frozen"])
    assert text(shown) == (
        """\
reftrack  214 tests  1.5 s  backend native  survived 41.3 MiB, explained 98.7 %
GROWING   31.2 MiB in 40 tests   unittest result.failures -> ExampleTest.user
  path      TextTestResult.failures[*][0] -> ExampleTest.user -> User._state
  allocated tests/test_users.py:9 in setUp    self.user = User.objects.get(pk=1)
  tests     tests.test_users.ExampleTest.test_0 and 39 more (800.0 KiB each)
  proved    cutting ExampleTest.user freed 31.1 MiB
  fix       in ExampleTest: self.addCleanup(delattr, self, "user")
ONCE      9.5 MiB in 1 fixture   myapp.cache._CACHE
  path      myapp.cache._CACHE -> dict['users']
  allocated django/db/models/base.py:580 in from_db    new
  called at tests/test_users.py:9 in setUp    self.user = User.objects.get(pk=1)
  fixture   db (session)
UNEXPLAINED 512.0 KiB   survived, and no holder is known
RUNNER    256.0 KiB   the runner's own bookkeeping: SessionHandler.log
  these: reftrack report --holders 11
note  gc was frozen
"""
    )


def test_a_run_in_which_nothing_survived_is_one_friendly_line() -> None:
    assert lines(report(survived=0)) == [
        "reftrack  214 tests  1.5 s  backend native  "
        "nothing survived: all that tests allocated was released"
    ]


def test_what_was_released_is_told_by_name_the_five_largest() -> None:
    shown = report()
    shown.released = [
        Released("ExampleTest.user", 2, 802_918),
        Released("T.data", 1, 5000, "class"),
    ]
    assert lines(shown)[-2:] == [
        "RELEASED  784.1 KiB in 2 tests   ExampleTest.user",
        "RELEASED  4.9 KiB in 1 class   T.data",
    ]

    shown.released = [Released(f"T.a{n}", 1, 9 * KIB - n) for n in range(9)]
    assert [line.split()[-1] for line in lines(shown)[-6:-1]] == [
        "T.a0",
        "T.a1",
        "T.a2",
        "T.a3",
        "T.a4",
    ]
    assert lines(shown)[-1] == "and 4 more released, 36.0 KiB"


def test_what_the_run_is_failed_for_stands_last() -> None:
    shown = report(survived=0, notes=["a note"])
    shown.failed = ["T.test_1 left 1.0 MiB behind", "word " * 30]

    assert lines(shown)[-3:] == [
        "FAILED    T.test_1 left 1.0 MiB behind",
        "FAILED    " + "word " * 16 + "word",
        "  " + "word " * 12 + "word",
    ]
    assert "\x1b[1;31mFAILED    T.test_1" in on_terminal(shown)


def test_holders_that_were_accepted_are_one_line_and_have_no_row() -> None:
    accepted = [
        holding("cache.A", "growing", 3, ignored="warm by design"),
        holding("cache.B", "once", 2, ignored="warm by design"),
        holding("cache.C", "once", 1, ignored="warm by design"),
        holding("T.data", "growing", 4, ignored="for later"),
        holding("stats", "runner", 9, ignored="for later"),
    ]

    found = lines(report(holding("h", "growing", 1), *accepted, survived=0), holders=50)

    assert [line.split()[0] for line in found] == [
        "reftrack",
        "GROWING",
        "RUNNER",
        "IGNORED",
    ]
    assert found[-1] == (
        "IGNORED   10.0 MiB in 4 holders   "
        "T.data (for later); cache.A, cache.B and 1 more (warm by design)"
    )


def test_a_run_of_several_processes_says_so() -> None:
    shown = report()
    shown.run.processes = 4

    assert lines(shown)[0].startswith("reftrack  214 tests in 4 processes  1.5 s")


# Which holders, in which order


def test_holders_come_by_verdict_then_by_retained_bytes() -> None:
    shown = report(
        holding("unexplained", "unexplained", 90),
        holding("collateral", "collateral", 80),
        holding("once, small", "once", 2),
        holding("once, big", "once", 70),
        holding("growing", "growing", 1),
    )
    assert [row.name for row in page(shown).holders] == [
        "growing",
        "once, big",
        "once, small",
        "collateral",
        "unexplained",
    ]


def test_what_others_hold_as_well_says_so_also_where_not_all_of_them_are_known() -> None:
    known = holding("h", "once", 4, together=["a", "b"], together_bytes=9 * MIB)
    many = holding("h", "once", 4, together=["a", "b", "c", "d", NOT_LOOKED_FOR])

    assert [row.kept for row in page(report(known)).holders + page(report(many)).holders] == [
        "by a, b as well: only cutting all of them frees 9.0 MiB",
        "by a, b, c and 1 more, and by others that were not looked for, as well",
    ]


def test_elided_holders_are_counted_with_their_bytes_and_the_way_to_see_them() -> None:
    shown = report(*(holding(f"h{n}", "growing", 20 - n) for n in range(5)))
    assert lines(shown, holders=2)[-2:] == [
        "GROWING   51.0 MiB in 3 more holders   h2 (18.0 MiB) and 2 more",
        "  these: reftrack report --holders 11",
    ]
    assert [row.name for row in page(shown, 2).holders] == ["h0", "h1"]
    assert "more holder" not in text(shown, holders=5)


def test_what_has_no_row_is_summed_by_verdict_so_that_the_sums_of_all_add_up() -> None:
    holders = [
        *(holding(f"g{n}", "growing", 2) for n in range(3)),
        *(holding(f"o{n}", "once", 1) for n in range(7)),
    ]
    shown = page(report(*holders), 4)
    told = [*(row.bytes for row in shown.holders), *(row.bytes for row in shown.rest)]
    assert [(row.verdict, row.count, row.largest) for row in shown.rest] == [("once", 6, "o1")]
    assert sum(told) == 13 * MIB


def test_small_runner_bookkeeping_is_one_line_that_takes_no_holder_place() -> None:
    small = [holding(f"r{n}", "runner", 0.25) for n in range(3)]
    found = lines(report(holding("h", "growing", 41), *small), holders=1)
    assert (
        found[-2] == "RUNNER    768.0 KiB   the runner's own bookkeeping: r0 (256.0 KiB) and 2 more"
    )
    assert not any("more holder" in line for line in found)


def test_bookkeeping_has_rows_behind_all_others_for_who_asks_for_more_than_ten() -> None:
    shown = report(holding("r", "runner", 30), holding("s", "runner", 2), holding("h", "once", 1))

    assert [row.name for row in page(shown).holders] == ["h"]
    assert [row.name for row in page(shown, 11).holders] == ["h", "r", "s"]
    assert page(shown, 11).runner is None


def test_unexplained_bytes_have_their_row_however_few_holders_are_shown() -> None:
    found = lines(report(holding("h", "growing", 41), unexplained=0.3), holders=0)
    assert "UNEXPLAINED 307.2 KiB   survived, and no holder is known" in found
    assert not any(line.startswith("UNEXPLAINED") for line in lines(report(unexplained=0)))


def test_the_explained_share_is_never_rounded_up_to_all() -> None:
    shown = report()
    shown.totals.explained_bytes = shown.totals.survived_bytes - 1
    assert "explained 99.9 %" in text(shown)
    assert "UNEXPLAINED" not in text(shown), "a byte is not worth a line"


# One holder


def test_a_root_in_other_words_than_the_name_goes_before_it() -> None:
    titles = {
        ("pytest Session.items", "TestX.data"): "pytest Session.items -> TestX.data",
        ("m._CACHE", "m._CACHE"): "m._CACHE",
        ("module m", "m._CACHE"): "module m -> m._CACHE",
        ("m", "m._CACHE"): "m._CACHE",
    }
    for (root, name), title in titles.items():
        assert page(report(user(root=root, name=name))).holders[0].title == title


def test_a_headline_wider_than_the_page_keeps_its_root_shortened_or_on_the_next_line() -> None:
    assert lines(report(user(), survived=0), width=74)[2] == (
        "GROWING   31.2 MiB in 40 tests   unittest ....failures -> ExampleTest.user"
    )
    assert lines(report(user(), survived=0), width=60)[2:4] == [
        "GROWING   31.2 MiB in 40 tests",
        "          unittest result.failures -> ExampleTest.user",
    ]


def test_a_long_path_keeps_its_start_and_its_end_on_two_lines() -> None:
    path = ["sys.modules", *(f"Node{n}.next" for n in range(1000)), "Node.payload", "bytes"]
    first, second = lines(report(user(path=path)))[2:4]
    arrows = " -> ".join
    assert first == f"  path      {arrows(path[:6])} ->"
    assert second == f"            ... -> {arrows(path[-5:])}"
    assert max(len(first), len(second)) <= 100


def test_a_path_that_needs_two_lines_loses_nothing() -> None:
    path = [f"edge_number_{n}" for n in range(9)]
    first, second = lines(report(user(path=path)))[2:4]
    assert (first.removeprefix("  path") + second).split() == " -> ".join(path).split()


@pytest.mark.parametrize("path", [["x" * 500], ["x" * 500, "y" * 500]])
def test_an_edge_wider_than_the_page_is_cut(path: list[str]) -> None:
    found = [line for line in lines(report(user(path=path))) if "x" in line and "xx" in line]
    assert found
    assert all(len(line) <= 100 and "..." in line for line in found)


def test_stacks_of_one_line_are_summed_and_the_two_biggest_lines_shown() -> None:
    def at(line: int, mib: int, *outer: Frame) -> Allocation:
        return Allocation(mib * MIB, 1, [*outer, Frame("/proj/a.py", line, "f", f"x = {line}")])

    made = [at(1, 4), at(2, 3), at(3, 1), at(2, 3, SET_UP), at(4, 1)]
    holder = user(allocations=made, survived_bytes=12 * MIB, retained_bytes=12 * MIB)
    found = lines(report(holder))
    start = next(n for n, line in enumerate(found) if "allocated" in line)
    assert found[start : start + 3] == [
        "  allocated a.py:2 in f (6.0 MiB)    x = 2",
        "  allocated a.py:1 in f (4.0 MiB)    x = 1",
        "            other lines (2.0 MiB)",
    ]


def test_a_line_in_a_library_is_followed_by_the_innermost_line_of_the_users_own() -> None:
    outer = Frame("/proj/tests/base.py", 3, "run", "super()")
    stdlib = Frame("/usr/lib/python3.11/copy.py", 146, "deepcopy", "y = copier(x, memo)")
    own = user(allocations=[Allocation(WHOLE, 1, [outer, SET_UP, stdlib, DJANGO, stdlib])])
    found = text(report(own))
    assert "  allocated copy.py:146 in deepcopy    y = copier(x, memo)\n" in found
    assert "  called at tests/test_users.py:9 in setUp    self.user" in found


def test_a_library_that_is_tested_where_it_is_installed_has_its_tests_as_own_lines() -> None:
    folder = "/v/lib/python3.11/site-packages/networkx"
    inner = Frame(f"{folder}/classes/graph.py", 5, "add_edge", "d = {}")
    test = Frame(f"{folder}/classes/tests/test_graph.py", 7, "test_it", "g.add_edge(1, 2)")
    made = Frame("<class 'argmap'> compilation 60", 3, "argmap_add_edge_57", "")
    found = text(report(user(allocations=[Allocation(WHOLE, 1, [test, made, inner])])))
    assert "  called at networkx/classes/tests/test_graph.py:7 in test_it    g.add" in found


def test_a_library_without_any_line_of_the_users_stands_alone() -> None:
    found = text(report(user(allocations=[Allocation(WHOLE, 1, [DJANGO])])))
    assert "  allocated django/db/models/base.py:580 in from_db    new\n" in found
    assert "called at" not in found


def test_memory_without_a_traceback_says_so() -> None:
    found = text(report(user(allocations=[Allocation(WHOLE, 1, [])])))
    assert "  allocated line not known\n" in found


def test_files_outside_the_directory_keep_their_whole_path() -> None:
    for directory in ("/pro", "/proj/tests/test", ""):
        found = text(report(user()), directory=directory)
        assert "  allocated /proj/tests/test_users.py:9 in setUp" in found


def test_files_are_relative_to_the_current_directory_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Frame(str(tmp_path / "t.py"), 3, "f", "x = 1")
    shown = report(user(allocations=[Allocation(WHOLE, 1, [own])]))
    monkeypatch.chdir(tmp_path)
    assert "  allocated t.py:3 in f    x = 1\n" in text(shown, directory=None)
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert f"  allocated {tmp_path}/t.py:3 in f" in text(shown, directory=None)


def test_source_is_cut_to_the_page_and_of_places_the_folders_first() -> None:
    def allocated(frame: Frame) -> str:
        found = lines(report(user(allocations=[Allocation(WHOLE, 1, [frame])])))
        return next(line for line in found if line.startswith("  allocated "))

    deep = Frame("/proj/" + "deep/" * 40 + "t.py", 7, "f", "value = 1")
    wide = Frame("/proj/t.py", 8, "g", "x = " + "1 + " * 50)
    assert allocated(deep) == "  allocated .../" + "deep/" * 14 + "t.py:7 in f"
    assert len(allocated(wide)) == 100
    assert allocated(wide).endswith("...")


def test_tests_are_named_biggest_first_as_many_as_fit() -> None:
    def tests(*names: str) -> Holder:
        bytes = range(len(names), 0, -1)
        return user(
            charged=[
                Charge(name, "test", mib * MIB, 1)
                for name, mib in reversed(list(zip(names, bytes, strict=True)))
            ]
        )

    cases = {
        ("a",): "  tests     a",
        ("a", "b"): "  tests     a, b (1.0 MiB to 2.0 MiB each)",
        ("a", "b", "c", "d"): "  tests     a, b, c and 1 more (1.0 MiB to 4.0 MiB each)",
        ("a", "b" * 80): "  tests     a and 1 more (1.0 MiB to 2.0 MiB each)",
        (
            "a" * 99,
            "b",
        ): f"  tests     {'a' * 24}...{'a' * 24} and 1 more (1.0 MiB to 2.0 MiB each)",
    }
    for names, line in cases.items():
        assert line in lines(report(tests(*names)))


def test_scopes_are_counted_in_the_words_of_their_kind() -> None:
    words = {
        ("test",): ("1 test", "tests"),
        ("class", "class"): ("2 classes", "class"),
        ("fixture",): ("1 fixture", "fixture"),
        ("module", "test"): ("2 scopes", "tests"),
        ("module", "class"): ("2 scopes", "scopes"),
        (): ("", "scopes"),
    }
    for kinds, expected in words.items():
        charged = [Charge(str(n), kind, 1, 1) for n, kind in enumerate(kinds)]  # type: ignore[arg-type]
        row = page(report(user(charged=charged))).holders[0]
        assert (row.scopes, row.label) == expected


def test_one_test_in_which_a_table_was_doubled_does_not_hide_the_others() -> None:
    sizes = [900 * KIB, *[KIB] * 5000]
    row = page(report(user(charged=[Charge(str(n), "test", s, 1) for n, s in enumerate(sizes)])))
    assert (row.holders[0].scopes, row.holders[0].each) == (
        "5001 tests",
        "1.0 KiB to 900.0 KiB each",
    )


def test_strays_are_no_tests_that_left_something() -> None:
    sizes = [900 * KIB, 800 * KIB, *[64] * 50]
    row = page(report(user(charged=[Charge(str(n), "test", s, 1) for n, s in enumerate(sizes)])))
    assert row.holders[0].scopes == "2 tests"


def test_a_cut_that_frees_other_than_what_was_left_behind_says_so() -> None:
    shared = lines(report(user(retained_bytes=0)))
    older = lines(report(user(retained_bytes=90 * MIB)))
    assert shared[1] == older[1], "the headline has what tests left there"
    assert "  kept      by other references too: 0 B go when this one alone is let go of" in shared
    assert "  kept      with 58.8 MiB more, which other rows have or older code has made" in older
    assert not any(line.startswith("  kept") for line in lines(report(user())))


def test_many_holders_of_one_size_have_rows_however_small_a_part_each_is() -> None:
    many = [holding(f"h{n}", "growing", 0.1) for n in range(400)]
    assert len(page(report(*many)).holders) == 10


def test_trifles_have_no_rows_unless_they_are_asked_for() -> None:
    few = report(holding("h", "once", 0.0005), holding("r", "runner", 1))
    many = report(*(holding(f"h{n}", "once", 0.01) for n in range(12)))
    assert page(few).holders == page(many).holders == []
    assert [len(page(few, 11).holders), len(page(many, 11).holders)] == [2, 11]


# Holders of one class


def attribute(name: str, kib: int, *tests: str, **changes: Any) -> Holder:
    """A holder such as `TestA.x`, with `kib` in each of the tests."""
    total = kib * len(tests) * KIB
    figures = {"retained_bytes": total, "survived_bytes": total}
    charged = [Charge(test, "test", kib * KIB, 1) for test in tests]
    changes = {"root": "pytest Session.items", "allocations": [], **figures, **changes}
    owner, _, own = name.rpartition(".")
    fix = f"in {owner}.teardown_method: del self.{own}"
    return user(**{"name": name, "charged": charged, "fix": fix, **changes})


def test_attributes_of_one_class_are_one_row_with_one_fix() -> None:
    shown = report(
        attribute("TestA.x", 60, "t.py::TestA::test_1", "t.py::TestA::test_2", proved_bytes=7),
        attribute("TestA.y", 90, "t.py::TestA::test_2", proved_bytes=93 * KIB, verdict="once"),
        attribute("TestB.x", 10, "t.py::TestB::test_1"),
        survived=1,
    )

    assert [row.name for row in page(shown).holders] == ["TestA.x, .y", "TestB.x"]
    assert lines(shown)[1:6] == [
        "GROWING   210.0 KiB in 2 tests   pytest Session.items -> TestA.x, .y",
        "  path      TextTestResult.failures[*][0] -> ExampleTest.user -> User._state",
        "  tests     t.py::TestA::test_2, t.py::TestA::test_1 (60.0 KiB to 150.0 KiB each)",
        "  proved    cutting TestA.x, .y, each by itself, freed 93.0 KiB",
        "  fix       in TestA.teardown_method: del self.x, self.y",
    ]


def test_attributes_of_one_testcase_have_their_cleanups_side_by_side() -> None:
    def fix(name: str, line: int) -> str:
        return f'in T.setUp (t.py:{line}): self.addCleanup(delattr, self, "{name}")'

    one = attribute("T.x", 9, "m.T.test", fix=fix("x", 3))
    same_line = attribute("T.y", 8, "m.T.test", fix=fix("y", 3))
    other = attribute("T.z", 7, "m.T.test", fix=fix("z", 5))
    assert page(report(one, same_line, other, survived=1)).holders[0].fix.splitlines() == [
        'in T.setUp (t.py:3): self.addCleanup(delattr, self, "x"); '
        'self.addCleanup(delattr, self, "y")',
        'in T.setUp (t.py:5): self.addCleanup(delattr, self, "z")',
    ]


def test_fixes_of_several_holders_have_a_line_each() -> None:
    fixes = "after each test: m.A.clear()\nafter each test: m.B.clear()"
    assert page(report(user(fix=fixes))).holders[0].fix == fixes


def test_classes_of_one_name_in_two_modules_are_two_rows() -> None:
    shown = report(
        attribute("TestA.x", 60, "a.py::TestA::test_1"),
        attribute("TestA.y", 60, "b.py::TestA::test_1"),
    )
    assert [row.name for row in page(shown).holders] == ["TestA.x", "TestA.y"]


def test_an_attribute_that_others_hold_as_well_stands_alone() -> None:
    shown = report(
        attribute("TestA.x", 60, "a.py::TestA::test_1", together=["m.SEEN"], together_bytes=9),
        attribute("TestA.y", 50, "a.py::TestA::test_1"),
    )
    assert [row.name for row in page(shown).holders] == ["TestA.x", "TestA.y"]


def test_where_several_classes_keep_their_instances_one_cure_for_all_is_named() -> None:
    def note(*holders: Holder, release: bool = False, command: str = "-m pytest") -> list[str]:
        shown = report(*holders, survived=1)
        shown.run.release, shown.run.command = release, command.split()
        return page(shown).notes

    x, y = (attribute(f"Test{n}.x", 60, f"t.py::Test{n}::test_1") for n in "AB")
    assert note(x, y) == [
        "2 test classes keep 120.0 KiB on instances to the end: "
        "reftrack run --release lets go of it"
    ]
    assert note(x) == note(x, y, release=True) == []
    assert note(x, y, command="-m pytest --reftrack")[0].endswith(
        "to the end: pytest --reftrack --reftrack-release lets go of it"
    )
    z = attribute("TestZ.x", 70, "t.py::TestZ::test_1", root="module m")
    assert note(x, y, z) == [
        "2 test classes keep 120.0 KiB on instances to the end: "
        "reftrack run --release lets go of it; "
        "not of 70.0 KiB on instances that the program itself holds"
    ]
    assert note(x, z) == []


# One screen


def test_ten_holders_fit_a_screen_the_last_ones_in_brief() -> None:
    """Given ten holders of eight lines each, the first is told in full, and of each of the others
    what it is and what to type."""
    holders = [
        holding(
            f"m.LIST_{n}",
            "growing",
            20 - n,
            path=["m.LIST", "Order.rows"],
            charged=[Charge("t.py::test_a", "test", MIB, 1)],
            allocations=[Allocation(MIB, 1, [SET_UP, DJANGO])],
            fix=f"after each test: m.LIST_{n}.clear()",
        )
        for n in range(12)
    ]

    found = lines(report(*holders))

    assert len(found) <= 50
    assert sum(line.startswith("GROWING") for line in found) == 11
    assert sum(line.startswith("  fix ") for line in found) == 10
    assert found[1:3] == [
        "GROWING   20.0 MiB in 1 test   m.LIST_0",
        "  path      m.LIST -> Order.rows",
    ]
    assert found[-5:] == [
        "GROWING   11.0 MiB in 1 test   m.LIST_9",
        "  fix       after each test: m.LIST_9.clear()",
        "  all lines: reftrack report --holders 11",
        "GROWING   19.0 MiB in 2 more holders   m.LIST_10 (10.0 MiB) and 1 more",
        "  these: reftrack report --holders 12",
    ]
    once = holding("m.SET", "once", 30, path=["m.SET"], fix="m.SET.clear()")
    beside = lines(report(*holders, once))
    assert "  path      m.LIST -> Order.rows" in beside, "what grows is told in full first"
    assert "  path      m.SET" not in beside
    in_full = lines(report(*holders), holders=12)
    assert sum(line.startswith("  path ") for line in in_full) == 12


def test_a_row_in_brief_has_its_first_fix_and_more_up_to_three_lines() -> None:
    """Given a holder whose memory many others hold as well, its row does not take the screen."""
    names = [f"models.REGISTRY_OF_MANY_THINGS_{n}" for n in range(7)]
    many = [
        holding(
            name,
            "growing",
            20 - n,
            path=[name],
            together=[other for other in names if other != name],
            together_bytes=MIB,
            fix="\n".join(f"after each test: {each}.clear()" for each in names),
        )
        for n, name in enumerate(names)
    ]

    found = lines(report(*many))

    assert len(found) <= 50
    assert (
        "  kept      by models.REGISTRY_OF_MANY_THINGS_1, models.REGISTRY_OF_MANY_THINGS_2,"
        in found
    )
    last = found.index("GROWING   14.0 MiB   models.REGISTRY_OF_MANY_THINGS_6")
    assert found[last : last + 5] == [
        "GROWING   14.0 MiB   models.REGISTRY_OF_MANY_THINGS_6",
        "  fix       after each test: models.REGISTRY_OF_MANY_THINGS_0.clear()",
        "            after each test: models.REGISTRY_OF_MANY_THINGS_1.clear()",
        "            after each test: models.REGISTRY_OF_MANY_THINGS_2.clear()",
        "            and 4 more",
    ]


def test_where_the_page_is_narrow_the_smallest_rows_have_their_headline_alone() -> None:
    fix = "in a fixture, behind its yield: shop.orders.CACHE_OF_ALL_THE_ORDERS.clear()"
    many = [holding(f"shop.orders.LIST_{n}", "growing", 20 - n, fix=fix) for n in range(10)]

    found = lines(report(*many), width=40)

    assert len(found) <= 50
    assert sum(line.startswith("GROWING") for line in found) == 10
    assert 1 <= sum(line.startswith("  fix ") for line in found) < 10


def test_the_names_that_a_run_failed_for_can_be_copied_whole() -> None:
    test = "deep/" * 9 + "tests/test_orders.py::TestOrdersOfManyKinds::test_" + "of_each" * 9
    shown = report(user())
    shown.failed = [f"m.KEPT: 3.0 MiB survived in {test}, more than 1.0 MiB"]

    found = lines(shown, width=60)

    told = next(n for n, line in enumerate(found) if line.startswith("FAILED    m.KEPT: 3.0 MiB"))
    assert found[told + 1].strip() == f"{test},"
    assert all(len(line) <= 60 for n, line in enumerate(found) if n != told + 1)


@pytest.mark.parametrize("width", [40, 60, 70, 100, 200])
def test_no_line_is_wider_than_the_page(width: int) -> None:
    test = "deep/" * 9 + "tests/test_orders.py::TestOrdersOfManyKinds::test_" + "of_each" * 9
    frame = Frame("/proj/" + "deep/" * 9 + "tests/test_orders.py", 9, "test_" + "of_each" * 9)
    holder = attribute(
        "TestOrdersOfManyKinds.orders",
        9999,
        *(f"{test}[{n}]" for n in range(9)),
        allocations=[Allocation(WHOLE, 1, [frame])],
        not_proved="threads do not run on in a copy of the process",
    )
    scope = Scope(test, "test", native_bytes=40 * MIB, collected_bytes=5 * MIB)
    shown = report(holder, *(holding(f"m.{n}", "runner", 1) for n in range(9)), unexplained=1)
    shown.totals.native_bytes = 40 * MIB
    shown.scopes = [late(test, 99, "b.py::" + test), Scope("a", "test"), scope]
    shown.released = [Released("TestOrdersOfManyKinds." + "orders" * 4, 2, MIB)]

    found = lines(shown, width=width)

    assert [line for line in found if len(line) > width] == []
    assert "del self.orders" in " ".join(line.strip() for line in found)


def test_a_line_is_folded_at_blanks_and_else_where_it_has_to_be() -> None:
    def text(*pieces: str, width: int = 10) -> list[str]:
        found = folded([(piece, "") for piece in pieces], width)
        return ["".join(piece for piece, _ in line) for line in found]

    assert text("12345", "67890") == ["1234567890"]
    assert text("one two", " three four") == ["one two", "  three", "  four"]
    assert text("  " + "x" * 20) == ["  " + "x" * 8] * 2 + ["  xxxx"]
    assert text("key", "y" * 12) == ["key", "  " + "y" * 8, "  yyyy"]


def test_names_that_are_too_wide_lose_their_folders_then_their_middle() -> None:
    test = "src/shop/tests/test_orders.py::TestOrder::test_total"
    assert shortened(test, 60) == test
    assert shortened(test, 50) == ".../tests/test_orders.py::TestOrder::test_total"
    assert shortened(test, 45) == ".../test_orders.py::TestOrder::test_total"
    assert shortened(test, 38) == "test_orders.py::TestOrder::test_total"
    assert shortened(test, 25) == "test_orders...:test_total"
    assert shortened("t.py::test_of[a/b/c]", 15) == "t.py::...a/b/c]"


def test_a_place_that_is_too_wide_keeps_its_line() -> None:
    place = "src/shop/orders.py:412 in total"
    assert shortened_place(place, 26) == ".../orders.py:412 in total"
    assert shortened_place(place, 20) == "...s.py:412 in total"


def test_what_is_to_be_typed_is_wrapped_but_never_cut() -> None:
    code = 'cls.addClassCleanup(delattr, cls, "samples")'
    narrow = lines(report(user(fix=f"in ReportTest.setUpClass (test_r.py:38): {code}")), width=70)
    assert narrow[-2:] == [
        "  fix       in ReportTest.setUpClass (test_r.py:38):",
        f"            {code}",
    ]
    long = "del " + ", ".join(f"self.attribute_{n}" for n in range(20))
    found = lines(report(user(fix=f"in T.teardown_method: {long}")))
    start = next(n for n, line in enumerate(found) if line.startswith("  fix "))
    assert " ".join(" ".join(found[start:]).split()) == f"fix in T.teardown_method: {long}"


# Runs that did not come to their end


def scopes() -> list[Scope]:
    tests = [
        Scope(f"t.py::test_{n}", "test", "passed", n * 10 * MIB, 0, n * MIB, 1) for n in range(12)
    ]
    return [*tests, Scope("t", "module", survived_bytes=50 * MIB)]


def test_a_cut_run_says_so_first_with_its_last_test_and_checkpoint() -> None:
    cut = report(user(), complete=False, seconds=12.3, scopes=scopes())
    assert lines(cut, width=140)[0] == (
        "INCOMPLETE: the run was cut after test t.py::test_11; "
        "figures are those of the last checkpoint (12.3 s into the run)"
    )
    assert "alive at its end" in text(cut)  # what came after the checkpoint is told by test


def test_a_run_without_a_checkpoint_shows_the_ten_tests_with_most_alive_at_their_end() -> None:
    found = lines(report(complete=False, seconds=0.0, survived=66, unexplained=66, scopes=scopes()))
    assert found[:2] == [
        "INCOMPLETE: the run was cut after test t.py::test_11; "
        "there is no checkpoint: figures are those of",
        "  each test's end",
    ]
    assert found[2] == "reftrack  214 tests  backend native  survived 66.0 MiB, explained 0.0 %"
    assert found[3:6] == [
        "  alive at its end      allocated   test",
        "          11.0 MiB      110.0 MiB   t.py::test_11",
        "          10.0 MiB      100.0 MiB   t.py::test_10",
    ]
    assert found[13] == "           2.0 MiB       20.0 MiB   t.py::test_2"
    assert not any(line.startswith("UNEXPLAINED") for line in found)  # nobody has looked yet


def test_a_run_cut_at_once_and_one_that_was_not_looked_at_are_told_apart() -> None:
    at_once = report(complete=False, seconds=0.0, survived=0)
    assert lines(at_once)[0].startswith("INCOMPLETE: the run was cut before a test had ended;")
    assert lines(at_once)[-1].endswith("  nothing survived")
    ended = report(complete=False, survived=0)
    ended.run.exit_status = 1
    assert lines(ended)[0].startswith("INCOMPLETE: the run ended, but its heap was not looked at")


# Released late


def late(id: str, mib: int, by: str | None, still: int = 0) -> Scope:
    phases = [Phase("setup", 0, 90 * MIB), Phase("teardown", 0, mib * MIB)]
    return Scope(id, "test", survived_bytes=still * MIB, released_by=by, phases=phases)


def test_memory_that_a_later_scope_released_is_shown_with_that_scope() -> None:
    shown = report(
        scopes=[
            late("t.py::test_big", 4, "db (module)"),
            late("t.py::test_next", 3, "t.py::test_big"),
            late("t.py::test_partly", 3, "db (module)", still=1),
            late("t.py::test_kept", 50, None),
            Scope("db (module)", "fixture"),
        ]
    )
    assert lines(shown)[1:] == [
        "HELD      4.0 MiB   t.py::test_big   until  db (module) ended",
        "HELD      3.0 MiB   t.py::test_next   until  t.py::test_big ran",
        "HELD      2.0 MiB   t.py::test_partly   until  db (module) ended",
    ]


def test_what_a_class_tears_down_itself_was_held_until_it_was_over() -> None:
    held = Scope("m.T", "class", released_by="m.T", ended_bytes=5 * MIB)
    scopes = [held, Scope("m.T.test", "test"), Scope("m.T", "class")]

    assert lines(report(scopes=scopes))[1:] == [
        "HELD      5.0 MiB   m.T   until  the class's own tear-down"
    ]


def test_what_pytest_tears_down_within_a_test_is_held_until_its_module_is_over() -> None:
    """Given fixtures and a test, released by the last test of a module."""
    scopes = [
        Scope("big (module)", "fixture", released_by="a.py::T::test_2", ended_bytes=5 * MIB),
        late("a.py::T::test_1", 4, "a.py::T::test_2"),
        Scope("a.py::T::test_between", "test"),
        Scope("a.py::T::test_2", "test"),
        Scope("big (class)", "fixture", released_by="b.py::test_last", ended_bytes=3 * MIB),
        Scope("b.py::test_first", "test"),
        Scope("b.py::test_last", "test"),
    ]

    until = {row.id: row.until for row in page(report(scopes=scopes)).held}

    assert until == {
        "big (module)": "a.py was over",
        "a.py::T::test_1": "a.py::T::test_2 ran",
        "big (class)": "all tests were over",
    }


def test_what_the_collector_freed_was_not_held_but_waited_for_it() -> None:
    test = late("t.py::test_a", 9, "t.py::test_c")
    test.collected_bytes = 8 * MIB
    shown = text(
        report(scopes=[test, Scope("t.py::test_b", "test"), late("t.py::test_c", 0, None)])
    )

    assert shown.splitlines()[1:3] == [
        "HELD      1.0 MiB   t.py::test_a   until  t.py::test_c ran",
        "CYCLIC    8.0 MiB in 1 test   reference cycles kept it until the collector ran",
    ]


def test_a_holder_that_a_tear_down_released_after_the_look_says_so() -> None:
    fixture = Scope("db (session)", "fixture", survived_bytes=10 * MIB, torn_down_bytes=10 * MIB)
    holder = holding("db", "once", 10, charged=[Charge("db (session)", "fixture", 10 * MIB, 1)])
    scopes = [fixture, Scope("t.py::test_last", "test")]

    assert "  until     all tests were over: released by tear-down" in lines(
        report(holder, scopes=scopes)
    )
    fixture.torn_down_bytes = 8 * MIB
    assert "until" not in text(report(holder, scopes=scopes))


def test_scopes_of_one_id_are_one_for_what_may_be_left_of_them() -> None:
    """Given two fixtures of one name, each of a module, of which one's tear-down releases all."""
    leaks = Scope("data (module)", "fixture", survived_bytes=4 * MIB)
    goes = Scope("data (module)", "fixture", survived_bytes=6 * MIB, torn_down_bytes=6 * MIB)
    kept = holding("KEEP", "once", 4, charged=[Charge("data (module)", "fixture", 4 * MIB, 1)])

    for scopes in ([leaks, goes], [goes, leaks]):
        assert "until" not in text(report(kept, scopes=scopes))


def test_what_has_come_since_may_have_taken_the_place_of_what_went() -> None:
    test = Scope("m.py::test", "test", survived_bytes=9 * MIB, torn_down_bytes=9 * MIB)
    table = holding("TABLE", "once", 9, charged=[Charge(test.id, "test", 9 * MIB, 1)])
    shown = report(table, scopes=[test])

    assert "until" in text(shown)
    shown.totals.later_bytes = 18 * MIB
    assert "until" not in text(shown)


def test_what_a_tear_down_may_not_have_released_of_a_holder_has_no_until() -> None:
    """Given a test of which 3 of 10 MiB are still there: nobody knows whose they are."""
    test = Scope("m.py::T::test", "test", survived_bytes=10 * MIB, torn_down_bytes=7 * MIB)
    of = [Charge(test.id, "test", 7 * MIB, 1)], [Charge(test.id, "test", 3 * MIB, 1)]
    cleared, leak = (holding(n, "once", 7, charged=c) for n, c in zip("ab", of, strict=True))

    assert "until" not in text(report(cleared, leak, scopes=[test]))
    test.torn_down_bytes = 10 * MIB - 9
    assert text(report(cleared, leak, scopes=[test])).count("  until     all tests were over") == 2


# Cycles, and memory beside Python's


def collected(id: str, mib: float) -> Scope:
    return Scope(id, "test", collected_bytes=int(mib * MIB))


def test_tests_whose_cycles_were_large_are_summed_with_the_largest_first() -> None:
    scopes = [collected("t.py::test_a", 1), collected("t.py::test_b", 8), collected("s", 0.9)]

    assert lines(report(scopes=scopes))[1:] == [
        "CYCLIC    9.0 MiB in 2 tests   reference cycles kept it until the collector ran",
        "  left by   t.py::test_b, t.py::test_a (1.0 MiB to 8.0 MiB each)",
    ]
    assert "CYCLIC" not in text(report(scopes=scopes[2:]))


def beside(total: float, *scopes: tuple[str, float]) -> Report:
    made = report(scopes=[Scope(id, "test", native_bytes=int(mib * MIB)) for id, mib in scopes])
    made.totals.native_bytes = int(total * MIB)
    return made


def test_memory_beside_pythons_is_told_in_all_and_by_the_tests_that_it_came_with() -> None:
    assert lines(beside(12, ("t.py::test_a", 10), ("t.py::test_b", 0)))[1:] == [
        "PROCESS   12.0 MiB   not Python's own memory: C code has it, and what holds it is not "
        "known",
        "  grew in   t.py::test_a (10.0 MiB)",
    ]


def test_a_test_is_said_to_have_no_more_than_there_is_in_all() -> None:
    assert "  grew in   t.py::test_a (4.0 MiB)" in lines(beside(4, ("t.py::test_a", 10)))


def test_a_process_that_grew_little_or_no_more_has_no_line() -> None:
    assert "PROCESS" not in text(beside(15))
    assert "PROCESS" not in text(beside(0, ("t.py::test_a", 10)))
    assert lines(beside(16))[1].startswith("PROCESS   16.0 MiB")


# Repetitions


TEST = "tests.test_users.ExampleTest.test_3"


def repeated(
    *kept: int, gone: int = 0, tests: int = 40, problem: str = "", verdict: str = "growing"
) -> list[str]:
    held = user(verdict=verdict)
    held.charged = [charge for charge in held.charged if charge.id == TEST or tests > 1]
    held.repeats = [Repeat(TEST, list(kept), gone)] if kept else []
    scope = Scope(TEST, "test", repeat_problem=problem)
    shown = lines(report(held, scopes=[scope]), width=200)
    return [line for line in shown if line.startswith("  repeat ")]


def test_a_holder_tells_what_repeating_one_of_its_tests_kept_there() -> None:
    assert repeated() == []
    assert repeated(MIB, MIB, MIB + 9) == [
        f"  repeat    3 repetitions of {TEST} kept 1.0 MiB each: it grows"
    ]
    assert repeated(MIB) == [
        f"  repeat    1 repetition of {TEST} kept 1.0 MiB: "
        "--repeat 2 or more tells whether that adds up"
    ]
    assert repeated(0, 0, MIB) == [
        f"  repeat    3 repetitions of {TEST} kept 1.0 MiB at most, and most of them nothing: "
        "not every run adds; GROWING goes by all 40 tests"
    ]
    assert repeated(0, 0, MIB, verdict="once")[0].endswith("nothing: it does not grow with each")
    assert repeated(MIB, MIB, verdict="once")[0].endswith(
        "kept 1.0 MiB each: by this test it grows; ONCE goes by all 40 tests"
    )
    assert repeated(problem="its outcome was failed, not passed") == [
        f"  repeat    nothing is known by repeating {TEST}: its outcome was failed, not passed"
    ]


def test_what_a_repetition_finds_there_is_told_by_how_many_tests_have_filled_it() -> None:
    nothing = f"  repeat    3 repetitions of {TEST} kept nothing more: "

    assert repeated(0, 120, 12, tests=1) == [nothing + "it was filled once"]
    assert repeated(0, 120, 12, verdict="once") == [nothing + "each test fills its own part once"]
    assert repeated(0, 120, 12) == [
        nothing + "each test fills its own part once; GROWING goes by all 40 tests"
    ]


def test_little_that_each_repetition_keeps_is_not_nothing() -> None:
    assert repeated(3_000, 3_000, 3_000) == [
        f"  repeat    3 repetitions of {TEST} kept 2.9 KiB each: it grows"
    ]


def test_a_long_id_of_a_repeated_test_is_shortened() -> None:
    held, id = user(), f"tests/{'x' * 10_000}"
    held.charged = [Charge(id, "test", MIB, 1)]
    held.repeats = [Repeat(id, [MIB, MIB])]

    [line] = [line for line in lines(report(held), width=200) if line.startswith("  repeat ")]

    assert re.search(r"of x+\.\.\.x+ kept", line)
    held.repeats = []
    shown = report(held, scopes=[Scope(id, "test", repeat_problem="it was cut short")])
    [line] = [line for line in lines(shown, width=200) if line.startswith("  repeat ")]
    assert re.search(r"by repeating x+\.\.\.x+: it was cut short", line)


def test_what_a_repetition_replaces_does_not_grow() -> None:
    for kept in ((MIB,), (0, 0, MIB), (MIB, MIB, MIB)):
        words = f"{len(kept)} repetition{'s' * (len(kept) > 1)} of {TEST} kept 1.0 MiB at most, "
        once = repeated(*kept, gone=sum(kept), verdict="once")
        assert once == [f"  repeat    {words}in place of what was there: it does not grow"]
        assert repeated(*kept, gone=sum(kept)) == [
            f"  repeat    {words}in place of what was there: this test adds no more; "
            "GROWING goes by all 40 tests"
        ]


def test_only_the_five_biggest_of_at_least_a_mebibyte_are_shown() -> None:
    many = [late(f"t{n}", n, "m") for n in range(9)]
    assert [row.id for row in page(report(scopes=many)).held] == ["t8", "t7", "t6", "t5", "t4"]
    few = [late("t0", 0, "m"), late("t1", 1, "m")]
    assert [row.id for row in page(report(scopes=few)).held] == ["t1"]


# The stream


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def on_terminal(shown: Report, **options: Any) -> str:
    stream = Terminal()
    render(shown, stream, **options)
    return stream.getvalue()


def test_a_terminal_gets_colour_unless_no_color_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    red = "\x1b[1;31m"
    assert red in on_terminal(report(user()))
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in on_terminal(report(user()))


def test_another_stream_gets_plain_text_even_where_colour_is_forced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in text(report(user()))


def test_the_width_is_columns_or_100_where_there_is_no_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    noted = report(notes=["word " * 100])
    assert 95 <= max(map(len, lines(noted))) <= 100
    monkeypatch.setenv("COLUMNS", "130")
    assert 125 <= max(map(len, lines(noted))) <= 130
    monkeypatch.setenv("COLUMNS", "nonsense")
    assert 95 <= max(map(len, lines(noted))) <= 100


def test_what_the_encoding_cannot_express_is_escaped() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    render(report(user(name="Täst.\N{SNOWMAN}", root="")), stream)
    stream.flush()
    assert b"T\\xe4st.\\u2603" in raw.getvalue()


def test_names_cannot_steer_the_terminal() -> None:
    found = on_terminal(report(user(name="a\x1b[2Jb\nc\udce9[bold]:smile:", root="")))
    assert r"a\x1b[2Jb\nc\udce9[bold]:smile:" in found


def test_rich_is_imported_only_when_a_report_is_rendered() -> None:
    code = (
        "import sys, reftrack.reporters.terminal, reftrack.reporters.json;"
        "sys.exit('rich' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_report_of_four_times_the_holders_and_scopes_takes_about_four_times_as_long() -> None:
    """Given as many as no reader wants, the report is written in linear time."""

    def seconds(holders: int) -> float:
        shown = report(
            *(user(retained_bytes=n * MIB) for n in range(holders)),
            scopes=[late(f"t.py::test_{n}", n % 90, "m") for n in range(4 * holders)],
        )
        rounds = []
        for _ in range(5):
            began = time.thread_time()  # what else the machine does is not counted
            text(shown)
            rounds.append(time.thread_time() - began)
        return min(rounds)

    text(report())  # imports rich
    assert seconds(5000) < 8 * seconds(1250)


# Words


def test_sizes_have_one_decimal_and_the_largest_unit_below_1024() -> None:
    words = {
        0: "0 B",
        1023: "1023 B",
        1024: "1.0 KiB",
        800 * KIB: "800.0 KiB",
        MIB - 1: "1.0 MiB",
        int(31.2 * MIB): "31.2 MiB",
        1024 * MIB: "1.0 GiB",
        5000 * 1024 * MIB: "5000.0 GiB",
    }
    assert {count: size(count) for count in words} == words


def test_durations_are_seconds_then_minutes() -> None:
    words = {0.04: "0.0 s", 1.5: "1.5 s", 59.96: "1 min 00 s", 723.4: "12 min 03 s"}
    assert {seconds: duration(seconds) for seconds in words} == words


# JSON


def test_json_is_the_report_indented_with_the_models_key_order() -> None:
    shown = report(user(), scopes=scopes())
    data = dumps(shown)
    assert data.startswith(b'{\n  "format": 1,\n  "complete": true,\n  "run": {\n')
    assert data.endswith(b"}\n")
    read = json.loads(data)
    parts = ["format", "complete", "run", "totals", "scopes", "holders"]
    assert list(read) == [*parts, "released", "not_released", "failed"]
    assert read["holders"][0]["charged"][0] == {
        "id": "tests.test_users.ExampleTest.test_0",
        "scope": "test",
        "bytes": 800 * KIB,
        "objects": 2,
    }
    assert msgspec.json.decode(data, type=Report) == shown


def test_json_escapes_lone_surrogates() -> None:
    read = json.loads(dumps(report(user(name="caf\udce9"))))
    assert read["holders"][0]["name"] == r"caf\udce9"


def test_json_replaces_a_file_in_one_step_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    target.write_text("old")
    with target.open() as old:
        write(report(), target)
        assert old.read() == "old"
    assert target.read_bytes() == dumps(report())
    assert list(tmp_path.iterdir()) == [target]


def test_json_that_cannot_be_written_is_an_error_with_a_hint_and_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    for target in (tmp_path / "missing" / "out.json", tmp_path / "file" / "out.json", tmp_path):
        with pytest.raises(RecordError, match="cannot be written") as caught:
            write(report(), target)
        assert caught.value.hint
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_json_follows_a_link_and_keeps_it(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("target")
    write(report(), tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == dumps(report())


def test_json_goes_into_a_pipe_without_replacing_it(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write(report(), pipe)
        assert os.read(reader, 1 << 16) == dumps(report())
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
