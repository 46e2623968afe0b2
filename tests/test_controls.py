"""Suites of others that keep nothing from test to test: nothing is said to grow."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from reftrack.model import Report
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
