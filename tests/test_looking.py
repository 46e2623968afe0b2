"""The figures of one look agree with each other."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from suites import UNITTEST, run_suite

FROM_FREE_LISTS = """
    import unittest

    class Thing:
        __slots__ = ("own",)

    SPARE = [{} for _ in range(100)]
    KEPT = []

    class T(unittest.TestCase):
        def test_1(self):
            SPARE.clear()
        def test_2(self):
            for _ in range(50):
                KEPT.append(Thing())
                KEPT[-1].own = {}
"""


def test_nothing_has_more_explained_than_survived(tmp_path: Path) -> None:
    """Given a test that keeps dicts whose blocks an import had made, and CPython handed out again,
    neither the run nor the test has less in all than by its holders."""
    report = run_suite(tmp_path, FROM_FREE_LISTS, runner=UNITTEST).report

    held = Counter[str]()
    unexplained = 0
    for holder in report.holders:
        for charge in holder.charged:
            held[charge.id] += charge.bytes
            unexplained += charge.bytes if holder.verdict == "unexplained" else 0
    survived = {scope.id: scope.survived_bytes for scope in report.scopes}
    assert held["suite.T.test_2"] >= 50 * 48
    assert held["suite.T.test_2"] == survived["suite.T.test_2"]
    assert report.totals.explained_bytes + unexplained == report.totals.survived_bytes
