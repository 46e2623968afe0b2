"""Suites that patch the builtins: reftrack goes on with those from before."""

from __future__ import annotations

from pathlib import Path

import pytest

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
