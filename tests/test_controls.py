"""Suites of others that keep nothing from test to test: nothing is said to grow."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from reftrack.model import Report
from suites import UNITTEST, run_suite
from support import reftrack

NETWORKX = "networkx.algorithms.tests"
STEADY = {
    "networkx": (
        "pytest",
        ("-q", "-p", "no:cacheprovider", "--pyargs"),
        tuple(
            f"{NETWORKX}.test_{name}"
            for name in ("cuts", "dominance", "euler", "graph_hashing", "simple_paths", "swap")
        ),
    ),
    "cpython": (
        "unittest",
        (),
        tuple(f"test.test_{name}" for name in ("textwrap", "bisect", "heapq", "statistics")),
    ),
}
"""Runner, its options, and modules whose tests put no objects on instances, classes or globals."""


@pytest.mark.slow
@pytest.mark.parametrize("suite", STEADY)
def test_nothing_grows_in_the_steady_part_of_a_public_suite(suite: str, tmp_path: Path) -> None:
    runner, options, modules = STEADY[suite]
    for module in modules:
        pytest.importorskip(module)
    out = tmp_path / "out.json"

    done = reftrack("run", "--json", out, "-m", runner, *options, *modules, cwd=tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    report = msgspec.json.decode(out.read_bytes(), type=Report)
    assert report.totals.tests > 100
    assert [h.name for h in report.holders if h.verdict == "growing"] == []
    assert "fault of reftrack" not in done.stderr


def test_the_statements_that_a_database_connection_caches_are_bounded(tmp_path: Path) -> None:
    run = run_suite(
        tmp_path,
        """
        import sqlite3, unittest

        DB = sqlite3.connect(":memory:")

        class T(unittest.TestCase):
            def ask(self):
                DB.execute(f"select '{self.id() * 100}'").fetchall()

            test_a = test_b = test_c = test_d = ask
        """,
        runner=UNITTEST,
    )

    held = next(h for h in run.report.holders if h.name == "suite.DB.cached_statements")
    assert (held.verdict, held.rule) == ("once", "sqlite-connections")


def test_what_pytest_keeps_of_subtests_and_warnings_is_bookkeeping(tmp_path: Path) -> None:
    run = run_suite(
        tmp_path,
        """
        import warnings

        import pytest

        @pytest.mark.parametrize("n", range(9))
        def test_parts(subtests, n):
            for part in range(100):
                with subtests.test(part=part):
                    pass

        @pytest.mark.parametrize("n", range(9))
        def test_warns(n):
            warnings.warn(f"{n} {'x' * 30_000}")

        def test_after():
            pass
        """,
    )

    assert run.status == 0, run.stdout
    assert [h.name for h in run.report.holders if h.verdict == "growing"] == []
    assert run.report.totals.survived_bytes > 9 * 30_000
