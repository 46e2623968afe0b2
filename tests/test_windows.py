"""Scopes within scopes: a window's blocks by themselves, and the scope around them as if there were
none.
"""

from __future__ import annotations

import gc
import random
import sys
from collections.abc import Iterator
from itertools import pairwise

import pytest

import scoped
from reftrack import _reftrack, windows

pytestmark = pytest.mark.skipif(
    _reftrack.recording_now(), reason="this suite runs under reftrack itself"
)


@pytest.fixture(autouse=True)
def ledger() -> Iterator[None]:
    _reftrack.start(4)
    yield
    _reftrack.stop()


ARE_OBJECTS_TOLD = sys.version_info >= (3, 13, 3)
"""Is each object told of? One that comes from a free list is then allocated once more, unless the
same line of the same scope has just made it there: in a window that is another scope."""


def figures(scope: scoped.Within) -> tuple[int, int, int, object]:
    allocated = pytest.approx(scope.allocated, rel=0.01) if ARE_OBJECTS_TOLD else scope.allocated
    return scope.live, scope.blocks, scope.peak, allocated


class Work:
    """The same allocations for the same seed, in stretches that end at these steps."""

    def __init__(self, seed: int, *ends: int) -> None:
        rand = random.Random(seed)
        self.kept: list[bytearray | None] = [None] * 40
        steps = [
            (rand.randrange(4), rand.randrange(40), rand.randrange(1, 3000)) for _ in range(120)
        ]
        self.stretches = [steps[a:b] for a, b in pairwise((0, *ends, 120))]

    def do(self, stretch: int) -> None:
        for what, place, size in self.stretches[stretch]:
            held = self.kept[place]
            if what < 2 or held is None:
                self.kept[place] = bytearray(size)
            elif what == 2:
                held.extend(bytes(size))  # a realloc, maybe of what another scope made
            else:
                self.kept[place] = None


@pytest.mark.parametrize("seed", range(60))
def test_figures_come_out_as_without_a_window(seed: int) -> None:
    ends = sorted(random.Random(seed + 1000).sample(range(121), 4))
    plain, windowed = Work(seed, *ends), Work(seed, *ends)
    outer, around = scoped.Within(), scoped.Within()
    made = []
    gc.collect()
    gc.disable()
    Work(seed).do(0)  # fills free lists, which are empty after a collection
    _reftrack.pause()
    try:
        with outer:
            for stretch in range(5):
                _reftrack.resume()
                plain.do(stretch)
                _reftrack.pause()
            without = figures(outer)
        with around:
            for stretch in range(5):
                if stretch % 2:
                    made.append(windows.open_one())
                _reftrack.resume()
                windowed.do(stretch)
                _reftrack.pause()
                if stretch % 2:
                    windows.close(made[-1])
            before = figures(around)
            windows.give_back(around.id)
            after = figures(around)
        assert after == before == without
    finally:
        _reftrack.resume()
        gc.enable()
    assert [(window.given_back, window.parts) for window in made] == [(True, {})] * 2
    assert sum(size for size, _ in _reftrack.blocks(around.id)[0]) == around.live
    windowed.kept.clear()
    plain.kept.clear()
    assert (around.live, around.blocks) == (outer.live, outer.blocks) == (0, 0)


@pytest.mark.parametrize("seed", range(20))
def test_blocks_are_what_the_counters_say(seed: int) -> None:
    work = Work(seed, 60)
    with scoped.Within() as first:
        work.do(0)
    with scoped.Within() as second:
        work.do(1)
    for scope in (first, second):
        found, stacks = _reftrack.blocks(scope.id)
        assert stacks is None
        assert sum(size for size, _ in found) == scope.live
        assert len(found) >= scope.blocks
        files = {_reftrack.stack_frames(stack, 4)[-1][0] for _, stack in found}
        assert files <= {__file__, scoped.__file__}


def test_a_window_has_its_blocks_by_itself() -> None:
    kept = []
    with scoped.Within() as outer:
        kept.append(bytearray(1000))
        window = windows.open_one()
        kept.append(bytearray(50_000))
        windows.close(window)
        kept.append(bytearray(2000))
    (inner,) = window.parts
    assert window.parts[inner] == outer.id
    assert 50_000 < _reftrack.counters(inner)[0] < 52_000
    assert 53_000 < outer.live < 56_000
    assert sum(size for size, _ in _reftrack.blocks(outer.id)[0]) < 6000
    windows.give_back(outer.id)
    assert 53_000 < outer.live < 56_000
    assert sum(size for size, _ in _reftrack.blocks(outer.id)[0]) == outer.live
    assert _reftrack.counters(inner)[:4] == (0, 0, 0, 0)


def test_an_open_window_goes_on_in_the_next_scope_of_the_run() -> None:
    kept = []
    first = _reftrack.new_scope()
    second = _reftrack.new_scope()
    _reftrack.enter_scope(first)
    window = windows.open_one()
    kept.append(bytearray(10_000))
    windows.give_back(first)
    _reftrack.enter_scope(second)
    windows.follow(second)
    kept.append(bytearray(20_000))
    windows.close(window)
    kept.append(bytearray(40_000))
    _reftrack.enter_scope(0)
    assert list(window.parts.values()) == [second]
    assert 10_000 < _reftrack.counters(first)[0] < 11_000
    assert 60_000 < _reftrack.counters(second)[0] < 61_500
    (inner,) = window.parts
    assert 20_000 < _reftrack.counters(inner)[0] < 21_000


def test_back_in_the_scope_where_it_was_opened_it_goes_on_there() -> None:
    outer = _reftrack.new_scope()
    _reftrack.enter_scope(outer)
    window = windows.open_one()
    (inner,) = window.parts
    between = _reftrack.new_scope()
    _reftrack.enter_scope(between)
    windows.follow(between)
    windows.give_back(between)
    _reftrack.enter_scope(outer)
    windows.follow(outer)
    assert window.parts == {inner: outer}
    windows.close(window)
    _reftrack.enter_scope(0)


def test_collected_garbage_of_a_window_counts_as_the_scopes() -> None:
    with scoped.Within() as outer:
        window = windows.open_one()
        cycle: list[object] = [bytearray(30_000)]
        cycle.append(cycle)
        del cycle
        windows.close(window)
        gc.collect()
        windows.give_back(outer.id)
    assert outer.live < 3000
    assert _reftrack.collected_bytes(outer.id) == 0  # by the test itself, as without a window


def test_windows_of_an_earlier_ledger_are_forgotten() -> None:
    window = windows.open_one()
    _reftrack.start(4)
    assert not window.has_ledger
    windows.follow(0)
    windows.give_back(0)
    other = windows.open_one()
    windows.close(window)
    windows.close(other)


def test_one_at_a_time() -> None:
    window = windows.open_one()
    with pytest.raises(RuntimeError, match="open"):
        windows.open_one()
    windows.close(window)


def test_scopes_that_there_are_not() -> None:
    for inner, outer in ((99, 1), (1, 99), (1, 1)):
        with pytest.raises(ValueError, match="cannot be moved"):
            _reftrack.move_scope(inner, outer)
    with pytest.raises(ValueError, match="no scope"):
        _reftrack.blocks(99)
    inner, _ = _reftrack.enter_within()
    with pytest.raises(ValueError, match="within"):
        _reftrack.enter_within(99)
    _reftrack.leave_within(inner)
    _reftrack.stop()
    with pytest.raises(RuntimeError, match="not started"):
        _reftrack.enter_within()
    _reftrack.leave_within(inner)


def test_a_scope_is_moved_to_no_other_than_the_one_around_it() -> None:
    outer, other = _reftrack.new_scope(), _reftrack.new_scope()
    _reftrack.enter_scope(outer)
    inner, around = _reftrack.enter_within()
    kept = bytearray(5000)
    _reftrack.enter_scope(0)
    before = [_reftrack.counters(scope) for scope in (outer, other)]
    for to in (0, other):
        with pytest.raises(ValueError, match="cannot be moved"):
            _reftrack.move_scope(inner, to)
    with pytest.raises(ValueError, match="cannot be moved"):  # it would lose what is within it
        _reftrack.move_scope(outer, 0)
    assert [_reftrack.counters(scope) for scope in (outer, other)] == before
    _reftrack.move_scope(inner, around)
    assert _reftrack.counters(outer)[:4] == before[0][:4]
    no_ones = _reftrack.counters(0)[0]
    _reftrack.move_scope(outer, 0)
    assert _reftrack.counters(0)[0] - no_ones == pytest.approx(before[0][0], abs=2000)
    assert before[0][0] > len(kept)


def test_charging_can_be_left_off_while_what_goes_is_noted() -> None:
    kept = []
    with scoped.Within() as scope:
        kept.append(bytearray(10_000))
        kept.append(bytearray(20_000))
        _reftrack.charge_no_more()
        kept.append(bytearray(40_000))
        assert 30_000 < scope.live < 31_500
        kept.pop(0)
        assert 20_000 < scope.live < 21_500
        _reftrack.charge_again()
        kept.append(bytearray(5000))
        assert 25_000 < scope.live < 26_500
