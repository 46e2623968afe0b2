"""Suites that patch the builtins: reftrack goes on with those from before."""

from __future__ import annotations

from pathlib import Path

import pytest

import reftrack
from suites import PYTEST, UNITTEST, run_suite

PATCHING = """
    import builtins
    import unittest
    from unittest import mock

    KEPT = []

    def raising(*given, **named):
        raise ZeroDivisionError("patched")

    def patched(name):
        class T(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                patch = mock.patch.object(builtins, name, raising)
                patch.start()
                cls.addClassCleanup(patch.stop)

            def test_1(self): KEPT.append(bytearray(20_000))
            def test_2(self): KEPT.append(bytearray(20_000))

        T.__qualname__ = T.__name__ = name.title()
        return T

    for name in ("all", "max", "min", "sorted", "zip", "sum"):  # pytest does without
        globals()[name.title()] = patched(name)
"""


@pytest.mark.parametrize("runner", [UNITTEST, PYTEST], ids=["unittest", "pytest"])
def test_builtins_that_tests_patch_are_not_called(tmp_path: Path, runner: tuple[str, ...]) -> None:
    run = run_suite(tmp_path, PATCHING, runner=runner)

    assert run.status == 0
    assert "fault" not in run.stderr
    kept = next(holder for holder in run.report.holders if holder.name == "suite.KEPT")
    assert len(kept.charged) == 12


IDLE = {
    *("cli", "gates", "launch", "reporters", "startup", "verbs", "signals"),  # around the run
    *("combining", "differences", "documents", "lasting", "merging", "records", "repeats"),  # after
    *("asking", "pytest", "runs", "tracking", "unittest"),  # what tests themselves call
    *("config", "dependencies", "errors", "invitation", "model"),  # tables, and what begins a run
    *("__init__", "__main__", "bounded", "frameworks", "steady", "untouched"),
}
"""Modules, and a package, that have no work between tests whose patches are in place."""


def test_modules_with_work_between_tests_keep_the_builtins_from_before() -> None:
    package = Path(reftrack.__file__).parent
    lacking = [
        path
        for path in package.rglob("*.py")
        if path.stem not in IDLE
        and path.parent.name not in IDLE
        and "\n__builtins__ = BUILTINS\n" not in path.read_text()
    ]
    assert lacking == []
