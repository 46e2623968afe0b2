"""What the cyclic collector alone freed, after its scope was over, is a figure of that scope."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from reftrack import _reftrack
from scoped import Within
from suites import PYTEST, UNITTEST, run_suite, scope

SIZE = 2_000_000


@pytest.fixture(autouse=True)
def started() -> Iterator[None]:
    gc.disable()
    _reftrack.start(16)
    yield
    _reftrack.stop()
    gc.enable()


class Cycle:
    def __init__(self) -> None:
        self.me = self
        self.data = bytearray(SIZE)


def test_what_a_collection_frees_is_told_of_the_scope_that_left_it() -> None:
    with Within() as left:
        Cycle()
    with Within():
        gc.collect()

    assert SIZE <= _reftrack.collected_bytes(left.id) < SIZE + 1000
    assert left.live == 0


def test_a_collection_that_starts_by_itself_is_one_as_well() -> None:
    with Within() as left:
        Cycle()
    gc.enable()
    with Within():
        young = [list[object]() for _ in range(5000)]
        del young

    assert _reftrack.collected_bytes(left.id) > SIZE


def test_what_goes_by_its_last_reference_is_not_collected() -> None:
    with Within() as left:
        kept = [Cycle(), bytearray(SIZE)]
    with Within():
        del kept[1]

    assert left.live > SIZE
    assert _reftrack.collected_bytes(left.id) == 0


def test_what_is_collected_while_its_scope_runs_is_its_own_affair() -> None:
    with Within() as running:
        Cycle()
        gc.collect()

    assert _reftrack.collected_bytes(running.id) == 0


def test_what_was_collected_within_an_inner_scope_is_forgotten_when_the_outer_one_goes_on() -> None:
    with Within() as outer:
        Cycle()
        with Within():
            gc.collect()

    assert _reftrack.collected_bytes(outer.id) == 0


def test_the_collection_before_a_look_counts_for_the_scope_that_is_open_too() -> None:
    """A runner's last test is still open then."""
    with Within() as last:
        Cycle()
        _reftrack.collect()

        assert _reftrack.collected_bytes(last.id) > SIZE
        assert last.released_by == 0


def test_sums_of_live_bytes_agree_with_the_scopes() -> None:
    before = _reftrack.live_bytes()
    with Within() as one:
        kept = [bytearray(SIZE)]
        with Within() as other:
            kept[0] += bytes(SIZE)  # a growth, charged to the other

    assert _reftrack.live_bytes() - before == pytest.approx(one.live + other.live, abs=100_000)
    del kept
    assert _reftrack.live_bytes() - before == pytest.approx(0, abs=100_000)


CYCLES = """
    import gc, unittest

    class Node: pass

    class T(unittest.TestCase):
        def test_cycle(self):
            gc.disable()
            node = Node()
            node.me, node.data = node, bytearray(3_000_000)
        def test_plain(self):
            bytearray(3_000_000)
"""


@pytest.mark.parametrize("runner", [UNITTEST, PYTEST], ids=["unittest", "pytest"])
def test_garbage_that_only_reftracks_own_collection_frees_is_told(
    tmp_path: Path, runner: tuple[str, ...]
) -> None:
    """Given a suite that leaves the collector off, then its cycles are told all the same."""
    run = run_suite(tmp_path, CYCLES, runner=runner)

    cycle, plain = (scope(run.report, name) for name in ("test_cycle", "test_plain"))
    assert 3_000_000 <= cycle.collected_bytes < 3_010_000
    assert cycle.ended_bytes > 3_000_000 > cycle.survived_bytes
    assert plain.collected_bytes < 10_000
    assert "CYCLIC    2.9 MiB in 1 test" in run.stderr
    assert "HELD" not in run.stderr
