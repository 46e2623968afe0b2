"""A test that leaves the collector disabled, or objects frozen, is named in a note."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from reftrack import _reftrack
from reftrack.collector import CollectorWatch
from suites import PYTEST, UNITTEST, run_suite


@pytest.fixture(autouse=True)
def _collector() -> Iterator[None]:
    yield
    gc.enable()
    gc.unfreeze()


def watch() -> CollectorWatch:
    """One that has seen the state before the first test."""
    watching = CollectorWatch()
    watching.entered()
    return watching


def test_a_suite_that_leaves_the_collector_alone_has_no_note() -> None:
    watching = watch()
    watching.left("test", "test_a")

    assert watching.notes() == []


def test_the_first_test_that_left_it_disabled_is_named() -> None:
    watching = watch()
    watching.left("test", "test_a")
    gc.disable()
    watching.left("test", "test_b")
    watching.left("test", "test_c")

    [note] = watching.notes()
    assert note.startswith("the collector was left disabled by test_b: cycles are never freed")
    assert "gc.enable()" in note


def test_a_later_test_that_enabled_it_again_is_named_too() -> None:
    watching = watch()
    gc.disable()
    watching.left("test", "test_a")
    gc.enable()
    watching.left("test", "test_b")

    assert "left disabled by test_a until test_b:" in watching.notes()[0]


def test_a_class_that_enables_it_again_has_no_note() -> None:
    watching = watch()
    gc.disable()
    watching.left("class", "m.T")
    watching.left("test", "m.T.test_a")
    gc.enable()
    watching.left("class", "m.T")

    assert watching.notes() == []


def test_a_suite_that_began_with_it_disabled_has_no_note() -> None:
    gc.disable()
    watching = watch()
    watching.left("test", "test_a")

    assert watching.notes() == []


def test_frozen_objects_are_counted_and_the_test_is_named() -> None:
    watching = watch()
    gc.freeze()
    watching.left("test", "test_a")

    [note] = watching.notes()
    assert "objects were left frozen by test_a: cycles among them are never freed" in note
    assert int(note.split()[0].replace(",", "")) > 1000
    assert "gc.unfreeze()" in note


def test_objects_frozen_for_a_while_by_a_fixture_have_no_note() -> None:
    watching = watch()
    gc.freeze()
    watching.left("fixture", "frozen (session)")
    gc.unfreeze()

    assert watching.notes() == []


def test_frozen_objects_are_told_apart_without_counting() -> None:
    assert _reftrack.frozen_mark() == 0
    gc.freeze()
    assert _reftrack.frozen_mark() != 0
    assert _reftrack.frozen_objects() == gc.get_freeze_count()
    gc.unfreeze()
    assert _reftrack.frozen_mark() == 0


SUITE = """
    import gc, unittest
    from unittest import mock

    class T(unittest.TestCase):
        def test_a(self):
            with mock.patch("gc.isenabled", return_value=False):
                pass
        def test_b(self): gc.disable()
        def test_c(self): gc.freeze()
        def test_d(self): mock.patch("gc.isenabled", return_value=True).start()

    class U(unittest.TestCase):
        @classmethod
        def setUpClass(cls): gc.disable()
        @classmethod
        def tearDownClass(cls): gc.enable()
        def test_a(self): pass
"""


@pytest.mark.parametrize("runner", [UNITTEST, PYTEST], ids=["unittest", "pytest"])
def test_a_real_suite_is_told_in_notes(tmp_path: Path, runner: tuple[str, ...]) -> None:
    run = run_suite(tmp_path, SUITE, runner=runner)

    assert run.status == 0
    disabled, frozen = run.report.run.notes
    assert "the collector was left disabled by" in disabled
    assert "test_b until" in disabled
    assert "objects were left frozen by" in frozen
    assert "test_c" in frozen
    assert "note  the collector was left disabled by" in run.stderr
