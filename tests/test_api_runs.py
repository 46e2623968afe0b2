"""The Python API inside tests that reftrack runs, and records read by Run.load."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import reftrack
import support
from reftrack.model import FORMAT

SUITE = """
import contextlib, gc, os
import unittest
import pytest
if os.environ["WITH"] == "api":
    import reftrack
    track = reftrack.track
else:
    @contextlib.contextmanager
    def track():
        try:
            yield
        finally:
            gc.collect()

KEEP = []

class Order:
    def __init__(self, size=200_000):
        self.data = bytearray(size)

def test_before():
    KEEP.append(bytearray(300_000))

def test_tracked():
    first = bytearray(400_000)
    with track() as t:
        KEEP.append(Order())
        junk = bytearray(1_000_000)
        del junk, first
    KEEP.append(bytearray(50_000))
    if t:
        assert t.holders[0].name.endswith("KEEP")
        assert 200_000 < t.survived_bytes < 210_000
        assert t.snapshot().statistics("lineno")[0].size > 200_000

def test_tracked_twice():
    for _ in range(2):
        with track():
            KEEP.append(Order(10_000))

def test_that_fails():
    with track():
        KEEP.append(Order(30_000))
        assert 1 == 2

@pytest.fixture
def tracked():
    with track() as t:
        yield t

def test_with_a_fixture(tracked):
    KEEP.append(Order(60_000))
    if tracked:
        assert 60_000 < tracked.survived_bytes < 70_000

class ExampleTest(unittest.TestCase):
    def test_attribute(self):
        with track() as t:
            self.user = Order(70_000)
        if t:
            self.assertEqual(t.holders[0].name, "ExampleTest.user")

def test_after():
    KEEP.append(bytearray(20_000))
"""


def run(folder: Path, way: str) -> tuple[dict[str, Any], str]:
    """The report of that suite, with the API in it or without, and what pytest printed."""
    (folder / "test_suite.py").write_text(SUITE)
    found = folder / f"{way}.json"
    done = support.reftrack(
        *("run", "--no-prove", "--json", found),
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_suite.py"),
        cwd=folder,
        env={"WITH": way},
    )
    assert "a fault of reftrack" not in done.stderr
    return json.loads(found.read_text()), done.stdout


@pytest.mark.slow
def test_the_report_is_as_without(tmp_path: Path) -> None:
    with_api, shown = run(tmp_path, "api")
    without, plainly = run(tmp_path, "none")
    assert shown.split(" in ")[-2:-1] == plainly.split(" in ")[-2:-1]
    assert "1 failed, 6 passed" in shown
    mine = {scope["id"]: scope for scope in with_api["scopes"]}
    assert set(mine) >= {scope["id"] for scope in without["scopes"] if scope["scope"] == "test"}
    for scope in without["scopes"]:
        if scope["scope"] != "test":
            continue
        for figure in ("allocated_bytes", "peak_bytes", "survived_bytes", "ended_bytes"):
            told = mine[scope["id"]][figure]
            assert told == pytest.approx(scope[figure], rel=0.02, abs=40_000), (scope["id"], figure)
    large = [
        [
            (holder["name"], holder["kind"], holder["verdict"])
            for holder in report["holders"]
            if holder["survived_bytes"] > 20_000
        ]
        for report in (with_api, without)
    ]
    assert large[0] == large[1]
    for report in (with_api, without):
        assert report["holders"][0]["survived_bytes"] == pytest.approx(690_000, rel=0.02)


ASSERTED = """
import weakref
import pytest, reftrack
KEEP = []
class Order:
    pass

def test_is_released():
    order = Order()
    reftrack.assert_released(order)
    known = weakref.ref(order)
    del order
    reftrack.assert_released([Order, known])

def test_is_not():
    order = Order()
    order.data = bytearray(100_000)
    KEEP.append(order)
    reftrack.assert_released(order)

def test_so_far():
    found = reftrack.report()
    assert not found.complete
    assert [h.name for h in found.holders][0] == "test_asserted.KEEP"
    assert found.holders[0].survived_bytes > 100_000
    assert reftrack.holders(KEEP[0])[0].allocations[0].traceback[-1].function == "test_is_not"

def test_so_far_in_a_body():
    with reftrack.track():
        KEEP.append(bytearray(500_000))
        charge = reftrack.report().holders[0].charged[0]
        assert charge.id.endswith("test_so_far_in_a_body")
        assert charge.bytes > 500_000

kept = []
def test_tracker_is_left_behind():
    with reftrack.track() as t:
        KEEP.append(Order())
    kept.append(t)

def test_and_read_too_late():
    with pytest.raises(reftrack.UsageError, match="test that this tracker was in is over"):
        kept[0].survivors
    assert kept[0].survived_bytes > 0
"""


def test_assertions_name_holder_path_and_line(tmp_path: Path) -> None:
    (tmp_path / "test_asserted.py").write_text(ASSERTED)
    done = support.reftrack("run", "-m", "pytest", "-q", "test_asserted.py", cwd=tmp_path)
    assert "1 failed, 5 passed" in done.stdout, done.stdout
    shown = [line.removeprefix("E").strip() for line in done.stdout.splitlines()]
    at = shown.index("AssertionError: Order is not released")
    assert shown[at + 1 : at + 3] == [
        "held by   module test_asserted -> test_asserted.KEEP",
        "path      test_asserted.KEEP[0]",
    ]
    assert shown[at + 3].startswith("frees     98.")
    assert shown[at + 4].endswith("test_asserted.py:16 in test_is_not    order = Order()")


def test_the_same_without_a_run(tmp_path: Path) -> None:
    (tmp_path / "test_asserted.py").write_text(ASSERTED)
    done = support.plain(
        "-m", "pytest", "-q", "test_asserted.py", "-k", "is_released or is_not", cwd=tmp_path
    )
    assert "1 failed, 1 passed" in done.stdout
    assert "test_asserted.KEEP[0]" in done.stdout


def test_a_run_that_begins_in_the_body(tmp_path: Path) -> None:
    (tmp_path / "test_inner.py").write_text("def test_one(): pass\n")
    code = """
import reftrack, pytest
try:
    with reftrack.track() as t:
        pytest.main(["--reftrack", "-q", "test_inner.py"])
except reftrack.UsageError as error:
    print(error)
"""
    done = support.plain("-c", code, cwd=tmp_path)
    assert "a run of reftrack began" in done.stdout, done.stdout + done.stderr


def test_run_load_reads_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "test_inner.py").write_text("def test_one(): pass\n")
    done = support.reftrack("run", "-m", "pytest", "-q", "test_inner.py", cwd=tmp_path)
    assert done.returncode == 0
    (record,) = (tmp_path / ".reftrack").glob("*.jsonl")
    for found in (
        reftrack.Run.load(record),
        reftrack.Run.load(str(record)),
        reftrack.Run.load(directory=tmp_path / ".reftrack"),
        reftrack.Run.load(record.name[:12], directory=str(tmp_path / ".reftrack")),
    ):
        assert found.format == FORMAT
        assert found.complete
        assert found.totals.tests == 1
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REFTRACK_DIR", raising=False)
    assert reftrack.Run.load().complete
    with pytest.raises(reftrack.ReftrackError, match="no record"):
        reftrack.Run.load("nothing")


def test_holders_and_reports_have_a_text_for_people(tmp_path: Path) -> None:
    code = """
import reftrack
CACHE = {}
with reftrack.track() as t:
    CACHE[1] = bytearray(50_000)
print(t)
print(reftrack.text(t.holders))
assert reftrack.text(t) == reftrack.text(t.holders)
print(reftrack.text(reftrack.holders([CACHE])))
print("---")
print(reftrack.text(t.report()))
try:
    reftrack.text("CACHE")
except reftrack.UsageError as error:
    print(error)
"""
    done = support.plain("-c", code, cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("<reftrack.Tracker: 50")
    holders, _, report = done.stdout.partition("---")
    assert "HOLDS     49." in holders
    assert "in 1 test" not in holders
    assert "__main__.CACHE" in holders
    assert "  allocated " in holders
    assert "survived 49." in report
    assert "text() was given a str" in report


@pytest.mark.parametrize("wrong", [1, b"20261129", object()])
def test_what_is_no_run_is_refused(wrong: object) -> None:
    with pytest.raises(reftrack.UsageError, match="was given a"):
        reftrack.Run.load(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("runner", ["pytest", "unittest"])
def test_what_a_test_tracks_is_told_how_it_is_cured_in_such_a_test(
    tmp_path: Path, runner: str
) -> None:
    """A function of pytest's has no addCleanup(), a TestCase has, whoever runs it."""
    suite = """
import json, unittest, reftrack
KEPT, FIXES = {}, {}

def tracked(name):
    with reftrack.track() as t:
        KEPT[name] = bytearray(100_000)
    FIXES[name] = t.holders[0].fix
    with open("fixes.json", "w") as file:
        json.dump(FIXES, file)

def test_function():
    tracked("function")
class OfUnittest(unittest.TestCase):
    def test_method(self):
        tracked("method")
"""
    (tmp_path / "suite.py").write_text(suite)
    where = ["-p", "no:randomly", "suite.py"] if runner == "pytest" else ["suite"]
    done = support.reftrack("run", "-m", runner, *where, cwd=tmp_path)
    assert done.returncode == 0, done.stderr

    fixes = json.loads((tmp_path / "fixes.json").read_text())
    assert "self." in fixes["method"]
    if runner == "pytest":
        assert "self." not in fixes["function"]
        assert "in a fixture" in fixes["function"]
