"""The ledger: every block has its true size, scope and stack, and leaves nothing behind.

Memory is asked for through `ctypes.pythonapi`, so that a test knows the address of each block.
"""

from __future__ import annotations

import ctypes
import gc
import os
import random
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from types import FrameType
from typing import Any

import pytest

from reftrack import _reftrack
from scoped import Within
from support import plain, run

GIB = 1 << 30
ENTRY_BYTES = 43
"""Per live block: entries of 16 bytes in a table that is between 3/8 and 3/4 full."""

Frames = list[tuple[str, str, int]]


def function(name: str, *arguments: type) -> Callable[..., int | None]:
    found = ctypes.pythonapi[name]  # a private copy: others may set other types
    found.argtypes = arguments
    found.restype = ctypes.c_void_p
    return found


SIZE, POINTER = ctypes.c_size_t, ctypes.c_void_p


class Domain:
    """One of CPython's families of allocation functions, named "PyObject_Malloc" and so on."""

    def __init__(self, prefix: str) -> None:
        self.malloc = function(f"{prefix}Malloc", SIZE)
        self.calloc = function(f"{prefix}Calloc", SIZE, SIZE)
        self.realloc = function(f"{prefix}Realloc", POINTER, SIZE)
        self.free = function(f"{prefix}Free", POINTER)


OBJ, MEM, RAW = Domain("PyObject_"), Domain("PyMem_"), Domain("PyMem_Raw")


@pytest.fixture(autouse=True)
def started() -> Iterator[None]:
    _reftrack.start(16)
    yield
    _reftrack.stop()


def size_of(address: int | None) -> int | None:
    charge = _reftrack.block_charge(address or 0)
    return None if charge is None else charge[0]


def scope_of(address: int | None) -> int | None:
    charge = _reftrack.block_charge(address or 0)
    return None if charge is None else charge[1]


def frames_of(made: object, limit: int = 16) -> Frames:
    """The stack that allocated an object without a GC head, such as a bytearray."""
    charge = _reftrack.block_charge(id(made))
    assert charge is not None
    return _reftrack.stack_frames(charge[2], limit)


def stack() -> Frames:
    """The caller's stack as Python knows it, most recent call last."""
    found: Frames = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        found.append((frame.f_code.co_filename, frame.f_code.co_qualname, frame.f_lineno))
        frame = frame.f_back
    return found[::-1]


Made = tuple[bytearray, Frames]


def assert_stack(made: Made, frames: int = 16) -> None:
    assert frames_of(made[0], frames) == made[1][-frames:]


# ---- sizes and charges ----


@pytest.mark.parametrize("domain", [OBJ, MEM], ids=["OBJ", "MEM"])
@pytest.mark.parametrize("size", [0, 1, 16, 511, 512, 513, 100_000])
def test_a_block_has_the_size_that_was_asked_for_until_it_is_freed(
    domain: Domain, size: int
) -> None:
    made = [domain.malloc(size), domain.calloc(1, size), domain.realloc(None, size)]
    assert [size_of(address) for address in made] == [size] * 3
    grown = domain.realloc(made[0], size + 7000)
    assert size_of(grown) == size + 7000
    shrunk = domain.realloc(grown, 5)
    assert size_of(shrunk) == 5
    for address in (shrunk, *made[1:]):
        domain.free(address)
        assert size_of(address) is None


def test_calloc_counts_elements() -> None:
    address = OBJ.calloc(7, 11)
    assert size_of(address) == 77
    OBJ.free(address)


def test_a_realloc_that_moves_leaves_nothing_at_the_old_address() -> None:
    first = OBJ.malloc(100)
    second = OBJ.realloc(first, 50_000)
    assert second != first
    assert size_of(first) is None
    assert size_of(second) == 50_000
    OBJ.free(second)


def test_a_realloc_that_fails_leaves_the_block_as_it_was() -> None:
    address = MEM.malloc(1000)
    assert MEM.realloc(address, 1 << 62) is None
    assert size_of(address) == 1000
    MEM.free(address)


def test_raw_memory_is_not_counted() -> None:
    """pymalloc takes its large blocks from there: they would count twice."""
    address = RAW.malloc(1000)
    assert size_of(address) is None
    RAW.free(address)


@pytest.mark.parametrize("size", [4 * GIB - 1, 4 * GIB, 4 * GIB + 1, 5 * GIB + 1024])
def test_a_block_of_four_gib_or_more_counts_in_kib_rounded_up(size: int) -> None:
    with Within() as scope:
        address = MEM.calloc(1, size)  # never touched, so it takes no memory
    if address is None:
        pytest.skip("the machine does not promise so much memory")
    expected = size if size < 4 * GIB else -(-size // 1024) * 1024
    assert size_of(address) == expected
    assert 0 <= scope.live - expected < 1000
    address = MEM.realloc(address, 1000)
    assert size_of(address) == 1000
    MEM.free(address)
    assert 0 <= scope.live < 1000
    assert scope.peak >= expected


def test_a_scope_is_charged_what_is_allocated_in_it_and_discharged_whenever_it_is_freed() -> None:
    with Within() as first:
        kept = bytearray(1_000_000)
    with Within() as second:
        other = bytearray(500_000)
    assert scope_of(id(kept)) == first.id
    assert scope_of(id(other)) == second.id
    assert 0 <= first.live - 1_000_000 < 1000
    assert 0 <= second.live - 500_000 < 1000
    with Within() as third:
        del kept
    assert 0 <= first.live < 1000
    assert first.released_by == third.id
    assert first.allocated >= 1_000_000
    assert second.released_by == 0
    del other


def test_a_scope_is_released_by_the_scope_in_which_the_greater_half_of_it_went() -> None:
    with Within() as scope:
        parts = [bytearray(100_000) for _ in range(10)]
    with Within():
        del parts[:3]
    with Within() as more:
        del parts[:4]
    with Within():
        del parts[:]
    assert scope.released_by == more.id


def test_what_a_scope_frees_itself_is_released_by_no_one() -> None:
    with Within() as scope:
        bytearray(1_000_000)
        kept = bytearray(1000)
    assert scope.released_by == 0
    assert scope.peak >= 1_000_000
    assert scope.live < 3000
    del kept


def test_the_peak_is_the_most_that_was_alive_at_once() -> None:
    with Within() as scope:
        for _ in range(10):
            bytearray(100_000)
        one, two = bytearray(100_000), bytearray(200_000)
        del one, two
    assert 300_000 <= scope.peak < 302_000
    assert scope.allocated >= 1_300_000


def test_a_scope_that_is_entered_again_goes_on_where_it_was() -> None:
    with Within() as scope:
        kept = [bytearray(1000)]
    before = scope.live
    with scope:
        kept.append(bytearray(1000))
    assert 1000 <= scope.live - before < 1500


def test_live_bytes_is_the_sum_over_all_scopes() -> None:
    scopes = [Within() for _ in range(5)]
    kept = []
    for scope in scopes:
        with scope:
            kept.append(bytearray(10_000))
    total = sum(_reftrack.counters(k)[0] for k in range(scopes[-1].id + 1))
    assert abs(_reftrack.live_bytes() - total) < 1000  # what the sum itself allocates
    assert total > 50_000


def test_a_scope_that_does_not_exist_is_refused() -> None:
    for call in (_reftrack.enter_scope, _reftrack.end_scope, _reftrack.counters):
        with pytest.raises(ValueError, match="no scope 99"):
            call(99)


def test_scopes_past_the_last_id_share_it(tmp_path: Path) -> None:
    output = run(
        tmp_path,
        """
        _reftrack.start(1)
        for _ in range((1 << 20) + 10):
            last = _reftrack.new_scope()
        _reftrack.enter_scope(last)
        kept = bytearray(100_000)
        print(last, _reftrack.block_charge(id(kept))[1], _reftrack.counters(last)[0] >= 100_000)
        _reftrack.stop()
        """,
    )
    assert output.split() == [str((1 << 20) - 1), str((1 << 20) - 1), "True"]


# ---- growing and shrinking blocks ----


def test_each_scope_is_charged_what_it_added_to_a_block() -> None:
    scopes = [Within() for _ in range(4)]
    with scopes[0]:
        address = MEM.malloc(10_000)
    for k, scope in enumerate(scopes[1:], 1):
        with scope:
            address = MEM.realloc(address, 10_000 + k * 1000)
    assert scope_of(address) == scopes[0].id
    assert size_of(address) == 13_000
    assert [scope.live // 1000 for scope in scopes] == [10, 1, 1, 1]
    assert sum(scope.blocks for scope in scopes[1:]) < 6  # a part of a block is no block
    MEM.free(address)
    assert [scope.live // 1000 for scope in scopes] == [0, 0, 0, 0]


def test_shrinking_takes_from_the_newest_part_first() -> None:
    scopes = [Within() for _ in range(3)]
    address = None
    for k, scope in enumerate(scopes, 1):
        with scope:
            address = MEM.realloc(address, k * 10_000)
    with Within():
        address = MEM.realloc(address, 15_000)
    assert [scope.live // 1000 for scope in scopes] == [10, 5, 0]
    address = MEM.realloc(address, 4000)
    assert [scope.live // 1000 for scope in scopes] == [4, 0, 0]
    MEM.free(address)
    assert [scope.live // 1000 for scope in scopes] == [0, 0, 0]


def test_a_list_that_many_scopes_append_to_is_netted_per_scope() -> None:
    items: list[None] = []
    scopes = [Within() for _ in range(20)]
    for scope in scopes:
        with scope:
            items.extend([None] * 10_000)
    total = sum(scope.live for scope in scopes)
    buffer = items.__sizeof__()
    assert abs(total - buffer) < 20 * 500
    assert max(scope.live for scope in scopes) < 0.2 * buffer
    items.clear()
    assert all(scope.live < 500 for scope in scopes)


def test_more_scopes_than_parts_are_kept_lose_no_byte() -> None:
    scopes = [Within() for _ in range(100)]
    address = None
    for k, scope in enumerate(scopes, 1):
        with scope:
            address = MEM.realloc(address, k * 1000)
    assert 0 <= sum(scope.live for scope in scopes) - 100_000 < 100 * 50
    assert all(scope.live >= 0 for scope in scopes)
    assert all(scope.peak >= scope.live for scope in scopes)
    MEM.free(address)
    assert 0 <= sum(scope.live for scope in scopes) < 100 * 50


def test_a_block_from_before_the_ledger_is_charged_to_no_scope_when_it_grows() -> None:
    _reftrack.stop()
    address = MEM.malloc(100_000)
    _reftrack.start(16)
    with Within() as scope:
        address = MEM.realloc(address, 200_000)
    assert scope_of(address) == 0
    assert scope.live < 1000
    MEM.free(address)


def test_charges_agree_with_a_model_of_random_allocations() -> None:
    """Any order of malloc, calloc, realloc and free, in any scope and domain."""
    for seed in range(5):
        _reftrack.start(2)
        model_run(random.Random(seed), steps=3000)


def model_run(choose: random.Random, steps: int) -> None:
    scopes = [Within() for _ in range(6)]
    live: dict[int, tuple[Domain, list[tuple[int, int]]]] = {}  # address -> (scope, bytes) parts
    sizes = [0, 1, 8, 100, 512, 513, 4000, 70_000]
    for _ in range(steps):
        action = choose.random()
        scope = choose.choice(scopes)
        size = choose.choice(sizes) + choose.randrange(64)
        domain = choose.choice([OBJ, MEM])
        if action < 0.4 or not live:
            with scope:
                address = domain.malloc(size) if action < 0.2 else domain.calloc(size, 1)
            assert address is not None
            live[address] = (domain, [(scope.id, size)])
        elif action < 0.75:
            old = choose.choice(list(live))
            domain, parts = live.pop(old)
            with scope:
                address = domain.realloc(old, size)
            assert address is not None
            live[address] = (domain, resized(parts, scope.id, size))
        else:
            old = choose.choice(list(live))
            with scope:
                live.pop(old)[0].free(old)
            assert _reftrack.block_charge(old) is None
    for address, (_, parts) in live.items():
        charge = _reftrack.block_charge(address)
        assert charge is not None
        assert charge[:2] == (sum(part for _, part in parts), parts[0][0])
    # Python's own: the integer that ctypes returns, and what free lists keep.
    slack = 32 * len(live) + 4096
    for scope in scopes:
        expected = sum(
            part for _, parts in live.values() for owner, part in parts if owner == scope.id
        )
        assert 0 <= scope.live - expected < slack
        assert scope.peak >= scope.live
    for address, (domain, _) in live.items():
        domain.free(address)
        assert _reftrack.block_charge(address) is None
    assert all(0 <= scope.live < slack for scope in scopes)


def resized(parts: list[tuple[int, int]], scope: int, size: int) -> list[tuple[int, int]]:
    """What the parts of a block become when a scope changes its size."""
    delta = size - sum(part for _, part in parts)
    if delta > 0:
        if parts[-1][0] == scope or (len(parts) == 1 and parts[0][0] == scope):
            return [*parts[:-1], (scope, parts[-1][1] + delta)]
        if parts[0][0] == scope:  # the first owner's growth is not a part of its own
            return [(scope, parts[0][1] + delta), *parts[1:]]
        return [*parts, (scope, delta)]
    parts = list(parts)
    while delta < 0:
        owner, part = parts.pop()
        taken = part if parts and part <= -delta else -delta
        delta += taken
        if part > taken or not parts:
            parts.append((owner, part - taken))
    return parts


# ---- pausing, starting and stopping ----


def test_nothing_is_charged_while_paused_and_pauses_nest() -> None:
    with Within() as scope:
        _reftrack.pause()
        _reftrack.pause()
        one = bytearray(100_000)
        _reftrack.resume()
        two = bytearray(100_000)
        _reftrack.resume()
        three = bytearray(1000)
    assert scope_of(id(one)) is scope_of(id(two)) is None
    assert scope_of(id(three)) == scope.id
    assert scope.live < 2000


def test_what_is_freed_while_paused_is_discharged() -> None:
    with Within() as scope:
        kept = bytearray(100_000)
    _reftrack.pause()
    del kept
    _reftrack.resume()
    assert scope.live < 1000


def test_a_resume_without_a_pause_changes_nothing() -> None:
    _reftrack.resume()
    _reftrack.pause()
    made = bytearray(100)
    _reftrack.resume()
    assert scope_of(id(made)) is None
    made = bytearray(100)
    assert scope_of(id(made)) is not None


def test_a_pause_is_of_one_thread() -> None:
    made: list[bytearray] = []
    _reftrack.pause()
    thread = threading.Thread(target=lambda: made.append(bytearray(1000)))
    thread.start()
    thread.join()
    mine = bytearray(1000)
    _reftrack.resume()
    assert scope_of(id(made[0])) is not None
    assert scope_of(id(mine)) is None


def test_stopping_twice_does_nothing_and_a_stopped_ledger_knows_nothing() -> None:
    made = bytearray(1000)
    _reftrack.stop()
    _reftrack.stop()
    assert not _reftrack.recording_now()
    assert not _reftrack.attached()
    assert _reftrack.block_charge(id(made)) is None
    with pytest.raises(RuntimeError, match="not started"):
        _reftrack.new_scope()
    with pytest.raises(ValueError, match="no scope"):
        _reftrack.counters(0)
    with pytest.raises(RuntimeError, match="not started"):
        _reftrack.explain(b"", "", 1, False)


def test_starting_twice_begins_anew() -> None:
    with Within() as before:
        kept = bytearray(100_000)
    _reftrack.start(16)
    assert _reftrack.block_charge(id(kept)) is None
    after = Within()
    assert after.id == before.id
    with after:
        del kept
    assert 0 <= after.live < 1000
    assert _reftrack.attached()


def test_starting_and_stopping_many_times_leaves_the_allocators_working() -> None:
    for _ in range(50):
        _reftrack.start(1)
        assert _reftrack.attached()
        made = bytearray(100)
        assert size_of(id(made)) is not None
        _reftrack.stop()


@pytest.mark.parametrize("frames", [-1, 0, 257, 1 << 20])
def test_a_number_of_frames_that_cannot_be_kept_is_refused(frames: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 256"):
        _reftrack.start(frames)
    assert _reftrack.recording_now()  # the ledger that there was goes on


def test_a_silenced_ledger_records_nothing_and_can_be_started_again() -> None:
    with Within() as scope:
        _reftrack.silence()
        made = bytearray(1000)
    assert not _reftrack.attached()
    assert scope.live < 1000
    assert _reftrack.block_charge(id(made)) is None
    _reftrack.start(16)
    assert _reftrack.attached()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_child_falls_silent_and_the_parent_goes_on(tmp_path: Path) -> None:
    output = run(
        tmp_path,
        """
        import os
        _reftrack.start(16)
        scope = _reftrack.new_scope()
        _reftrack.enter_scope(scope)
        kept = bytearray(100_000)
        child = os.fork()
        if child == 0:
            _reftrack.silence()
            before = _reftrack.counters(scope)
            more = [bytearray(1000) for _ in range(1000)]
            del kept, more
            os._exit(0 if _reftrack.counters(scope) == before else 1)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        more = bytearray(100_000)
        print(_reftrack.attached(), _reftrack.counters(scope)[0] >= 200_000)
        """,
    )
    assert output.split() == ["0", "True", "True"]


# ---- beside other tools ----


def test_tracemalloc_started_after_is_heard_beside_the_ledger() -> None:
    tracemalloc.start(2)
    made = bytearray(1000)
    assert _reftrack.attached()
    assert size_of(id(made)) is not None
    assert tracemalloc.get_traced_memory()[0] >= 1000
    tracemalloc.stop()
    assert _reftrack.attached()
    made = bytearray(1000)
    assert size_of(id(made)) is not None


def test_a_ledger_that_was_lifted_by_tracemalloc_knows_and_can_be_started_again() -> None:
    _reftrack.stop()
    tracemalloc.start(2)
    _reftrack.start(16)
    assert _reftrack.attached()
    tracemalloc.stop()  # puts back the allocators that it found
    assert not _reftrack.attached()
    _reftrack.start(16)
    assert _reftrack.attached()


def test_a_ledger_stopped_below_tracemalloc_passes_on_and_can_be_started_again() -> None:
    tracemalloc.start(2)
    _reftrack.stop()
    made = bytearray(1000)
    assert tracemalloc.get_object_traceback(made) is not None
    _reftrack.start(16)
    assert _reftrack.attached()
    made = bytearray(1000)
    charge = _reftrack.block_charge(id(made))
    assert charge is not None
    assert charge[0] == bytearray.__basicsize__  # the object's own block, and once only
    tracemalloc.stop()
    assert _reftrack.attached()


def test_any_order_of_starts_and_stops_beside_tracemalloc_survives(tmp_path: Path) -> None:
    output = run(
        tmp_path,
        """
        import itertools, tracemalloc
        steps = {
            "L": lambda: _reftrack.start(4),
            "l": _reftrack.stop,
            "T": lambda: tracemalloc.start(2),
            "t": tracemalloc.stop,
        }
        for order in itertools.product("LlTt", repeat=6):
            for step in order:
                steps[step]()
                made = [bytearray(k) for k in (1, 600)]
                assert _reftrack.recording_now() or not _reftrack.attached()
                if step == "L":
                    assert _reftrack.attached(), order
                    assert _reftrack.block_charge(id(made[0])), order
                if step == "T":
                    assert tracemalloc.get_object_traceback(made[0]), order
            _reftrack.stop()
            tracemalloc.stop()
        print("survived")
        """,
    )
    assert output.strip() == "survived"


HOOKS = """
import ctypes

class Allocator(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in "ctx malloc calloc realloc free".split()]

def allocator(domain):
    found = Allocator()
    ctypes.pythonapi.PyMem_GetAllocator(domain, ctypes.byref(found))
    return found

MEM, OBJ = 1, 2
"""


@pytest.mark.parametrize("domain", ["MEM", "OBJ"])
def test_a_ledger_of_which_one_hook_was_lifted_can_be_started_again(
    tmp_path: Path, domain: str
) -> None:
    output = run(
        tmp_path,
        HOOKS
        + f"""
found = allocator({domain})
_reftrack.start(4)
ctypes.pythonapi.PyMem_SetAllocator({domain}, ctypes.byref(found))
assert not _reftrack.attached()
_reftrack.start(4)
made = [bytearray(k) for k in range(1000)]
print(_reftrack.attached())
_reftrack.stop()
""",
    )
    assert output.strip() == "True"


# ---- stacks and lines ----


def test_a_stack_is_the_one_that_python_would_show() -> None:
    made = (bytearray(100), stack())
    assert_stack(made)


@pytest.mark.parametrize("frames", [1, 2, 16, 255, 256])
def test_as_many_frames_as_asked_for_are_right(frames: int) -> None:
    _reftrack.start(frames)

    def descend(depth: int) -> Made:
        if depth == 0:
            return (bytearray(100), stack())
        return descend(depth - 1)

    for depth in (0, 1, frames, 300):
        made = descend(depth)
        found = frames_of(made[0], frames)
        assert len(found) == min(frames, len(made[1]))
        assert found == made[1][-frames:]


def test_frames_are_right_below_a_recursion_deeper_than_any_chain() -> None:
    limit = sys.getrecursionlimit()
    made: list[Made] = []

    def descend(depth: int) -> None:
        if depth % 1000 == 0:
            made.append((bytearray(100), stack()[-16:]))
        if depth:
            descend(depth - 1)
        if depth % 999 == 0:
            made.append((bytearray(100), stack()[-16:]))

    sys.setrecursionlimit(20_000)
    try:
        descend(9000)
    finally:
        sys.setrecursionlimit(limit)
    assert len(made) == 20
    for each in made:
        assert_stack(each)


def test_frames_are_right_on_any_walk_of_calls_and_returns() -> None:
    """Same functions, same frames' places, other callers: nothing of an old stack may show."""
    for frames in (1, 3, 16):
        _reftrack.start(frames)
        made = random_walks(random.Random(frames))
        assert len(made) > 500
        for each in made:
            assert_stack(each, frames)


def test_frames_are_right_whatever_frame_the_captures_stand_on() -> None:
    choose = random.Random(7)
    stood = []

    def stand() -> None:
        frame = sys._getframe(choose.randrange(1, 12))
        stood.append(_reftrack.stand_on(frame))

    for frames in (1, 3, 16):
        _reftrack.start(frames)
        for each in random_walks(choose, stand):
            assert_stack(each, frames)
    assert len(stood) > 300
    assert all(stood)


def test_only_a_frame_that_runs_in_this_thread_can_be_stood_on() -> None:
    other: list[FrameType] = []
    paused = threading.Event()

    def wait() -> None:
        other.append(sys._getframe())
        paused.wait()

    def returned() -> FrameType:
        return sys._getframe()

    thread = threading.Thread(target=wait)
    thread.start()
    while not other:
        pass
    try:
        assert not _reftrack.stand_on(other[0])
        assert not _reftrack.stand_on(returned())
        assert not _reftrack.stand_on(None)
        assert not next(_reftrack.stand_on(sys._getframe()) for _ in range(1))
        assert _reftrack.stand_on(sys._getframe())
    finally:
        paused.set()
        thread.join()


@pytest.mark.parametrize("keep", [False, True])
def test_a_frame_that_was_stood_on_and_returned_lends_no_one_its_callers(keep: bool) -> None:
    kept: list[FrameType] = []

    def waiting(stand: bool) -> Made:
        return working(stand)

    def working(stand: bool) -> Made:
        if stand:
            frame = sys._getframe(1)
            assert _reftrack.stand_on(frame)
            if keep:
                kept.extend((frame, sys._getframe(2)))
            del frame
        return (bytearray(100), stack())

    # Nothing is allocated between the calls: the second finds the chain as the first has left it.
    first = waiting(True)
    second = waiting(False)
    assert_stack(first)
    assert_stack(second)


@pytest.mark.parametrize("frames", [3, 4, 16])
def test_a_footing_is_trusted_no_more_once_captures_were_too_far_from_it(frames: int) -> None:
    """A frame object of the second frame takes the place of the first one's, unseen from afar."""
    _reftrack.start(frames)
    made: list[Made] = []

    def descend(left: int, first: bool) -> None:
        if left:
            descend(left - 1, first)
        elif first:
            assert _reftrack.stand_on(sys._getframe(frames + 2))
        else:
            sys._getframe(frames + 2)
        if left == frames + 1 and not first:
            made.append((bytearray(100), stack()))

    def waiting(first: bool) -> None:
        descend(frames + 1, first)

    def one() -> None:
        waiting(True)

    def other() -> None:
        waiting(False)

    one()
    other()
    assert_stack(made[0], frames)


def test_no_footing_is_taken_where_the_chain_does_not_reach_to_the_outermost_frame() -> None:
    """Frames of many sizes, so that few fall on each other's slots."""
    choose = random.Random(5)
    made: list[Made] = []
    functions: list[Callable[[int], None]] = []
    names: dict[str, Any] = {"functions": functions, "choose": choose, "made": made}
    names.update(stack=stack, sys=sys, stand_on=_reftrack.stand_on, stood=[])
    for k in range(8):
        source = f"""
            def descend(left):
                {" = ".join("abcdefgh"[: k + 1])} = None
                if left:
                    choose.choice(functions)(left - 1)
                elif not any(stand_on(sys._getframe(n)) for n in range(1000, 1024)):
                    stood.append(stand_on(sys._getframe(1100)))
                if 1000 < left < 1030:
                    made.append((bytearray(100), stack()))
            """
        exec(dedent(source), names)
        functions.append(names["descend"])
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(6000)
    try:
        for _ in range(5):
            functions[0](1300)
    finally:
        sys.setrecursionlimit(limit)
    assert names["stood"] == [False] * 5
    for each in made:
        assert_stack(each)


def random_walks(choose: random.Random, then: Callable[[], object] = lambda: None) -> list[Made]:
    made: list[Made] = []

    def one(depth: int) -> None:
        for _ in range(choose.randrange(3)):
            made.append((bytearray(8), stack()[-16:]))
            then()
            choose.choice(steps)(depth - 1) if depth else None
        made.append((bytearray(8), stack()[-16:]))

    def two(depth: int, unused: int = 0) -> None:
        if depth:
            choose.choice(steps)(depth - 1)
            made.append((bytearray(8), stack()[-16:]))
            choose.choice(steps)(depth - 1)

    def three(depth: int) -> None:
        [choose.choice(steps)(depth - 1) for _ in range(2) if depth]
        made.extend((bytearray(8), stack()[-16:]) for _ in range(2))

    steps: list[Callable[[int], None]] = [one, two, three]
    for _ in range(40):
        choose.choice(steps)(choose.randrange(6))
    return made


def test_a_generator_resumed_from_different_callers_shows_each() -> None:
    def produce() -> Iterator[Made]:
        while True:
            yield (bytearray(100), stack())

    def here(values: Iterator[Made]) -> Made:
        return next(values)

    def there(values: Iterator[Made]) -> Made:
        return here(values)

    values = produce()
    made = [next(values), here(values), there(values), here(values), next(values)]
    for each in made:
        assert_stack(each)
    assert len({tuple(each[1]) for each in made}) == 3


def test_coroutines_and_nested_generators_show_who_awaits() -> None:
    async def inner() -> Made:
        return (bytearray(100), stack())

    async def outer() -> Made:
        return await inner()

    def nested() -> Iterator[Made]:
        yield from ((bytearray(100), stack()) for _ in range(3))

    with pytest.raises(StopIteration) as stopped:
        outer().send(None)
    assert_stack(stopped.value.value)
    for each in nested():
        assert_stack(each)


def test_comprehensions_lambdas_decorators_and_class_bodies_have_their_lines() -> None:
    made: list[Made] = [(bytearray(9), stack()) for _ in range(2)]
    made += {k: (bytearray(9), stack()) for k in range(2)}.values()
    made.append((lambda: (bytearray(9), stack()))())

    def decorator(function: Callable[[], None]) -> Callable[[], None]:
        made.append((bytearray(9), stack()))
        return function

    @decorator
    def decorated(default: Made = (bytearray(9), stack())) -> None:  # noqa: B008
        made.append(default)

    class Body:
        made.append((bytearray(9), stack()))
        attribute = tuple((bytearray(9), stack()) for _ in range(1))

        def __init__(self) -> None:
            made.append((bytearray(9), stack()))

        @property
        def value(self) -> Made:
            return (bytearray(9), stack())

    decorated()
    made += [*Body.attribute, Body().value]
    made.extend(map(lambda _: (bytearray(9), stack()), [1]))  # noqa: C417 - called from C
    made.extend(sorted([(bytearray(9), stack())], key=lambda made: len(made)))
    assert len(made) == 13
    for each in made:
        assert_stack(each)


def test_lines_are_right_in_long_functions_and_across_multi_line_calls() -> None:
    body = "".join(f"{'    ' * (k % 2 == 5)}    made.append(bytearray(8))\n" for k in range(3000))
    source = f"def long(made):\n{body}"
    namespace: dict[str, Callable[[list[bytearray]], None]] = {}
    exec(compile(source, "<long>", "exec"), namespace)
    made: list[bytearray] = []
    namespace["long"](made)
    assert [frames_of(each)[-1][2] for each in made] == list(range(2, 3002))
    # fmt: off
    spread = [
        bytearray(8),

        bytearray(
            8
        ),
    ]
    # fmt: on
    first = test_lines_are_right_in_long_functions_and_across_multi_line_calls.__code__
    lines = [frames_of(each)[-1][2] for each in spread]
    assert lines[1] - lines[0] == 2
    assert lines[0] > first.co_firstlineno


def test_file_and_function_names_of_any_width_come_back(tmp_path: Path) -> None:
    for name in ("plain", "größe", "文件", "файл", "\U00010280"):
        code = compile(f"def {name}(): return bytearray(9)\nmade = {name}()", f"<{name}>", "exec")
        namespace: dict[str, bytearray] = {}
        exec(code, namespace)
        function = next(key for key in namespace if key not in ("made", "__builtins__"))
        assert frames_of(namespace["made"])[-2:] == [
            (f"<{name}>", "<module>", 2),
            (f"<{name}>", function, 1),
        ]


def test_code_that_dies_and_whose_address_comes_back_never_lends_its_lines() -> None:
    kept: list[tuple[bytearray, str, int]] = []
    addresses = set()
    for k in range(4000):
        line = 1 + k % 7
        source = "\n" * (line - 1) + f"made = bytearray({k % 50})"
        code = compile(source, f"<generated {k}>", "exec")
        addresses.add(id(code))
        namespace: dict[str, bytearray] = {}
        exec(code, namespace)
        del code
        made = namespace["made"]
        assert frames_of(made)[-1] == (f"<generated {k}>", "<module>", line)
        if k % 10 == 0:
            kept.append((made, f"<generated {k}>", line))
    assert len(addresses) < 400  # the addresses did come back
    for made, file, line in kept:  # and what was allocated in dead code keeps its line
        assert frames_of(made)[-1] == (file, "<module>", line)


def test_functions_made_anew_in_the_same_place_keep_their_own_lines() -> None:
    def build(k: int) -> Callable[[], bytearray]:
        namespace: dict[str, Callable[[], bytearray]] = {}
        lines = "\n" * (k % 5)
        exec(compile(f"{lines}def f():\n return bytearray(9)", f"<{k}>", "exec"), namespace)
        return namespace["f"]

    for k in range(2000):
        made = build(k)()
        assert frames_of(made)[-1] == (f"<{k}>", "f", 2 + k % 5)


# ---- imports ----


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def import_file(scope: int | None) -> str | None:
    return dict(_reftrack.import_scopes()).get(scope or 0)


def test_what_an_import_allocates_is_charged_to_the_module_and_not_to_the_test(
    modules: Path,
) -> None:
    (modules / "helper.py").write_text("def make():\n    return bytearray(10_000)\n")
    (modules / "inner.py").write_text("import helper\nOWN = bytearray(10_000)\n")
    (modules / "outer.py").write_text(
        "import inner, helper\n"
        "OWN = bytearray(10_000)\nCALLED = helper.make()\n"
        "class C:\n    data = bytearray(10_000)\n"
    )
    with Within() as scope:
        import outer  # type: ignore[import-not-found]  # isort: skip
        import helper  # type: ignore[import-not-found]
        import inner  # type: ignore[import-not-found]

        called = helper.make()
    file = str(modules / "outer.py")
    assert import_file(scope_of(id(outer.OWN))) == file
    assert import_file(scope_of(id(outer.CALLED))) == file
    assert import_file(scope_of(id(outer.C.data))) == file
    assert import_file(scope_of(id(inner.OWN))) == str(modules / "inner.py")
    gc_head = 16
    assert import_file(scope_of(id(inner) - gc_head)) == "", "a module object is the machinery's"
    assert scope_of(id(called)) == scope.id
    assert 10_000 <= scope.live < 12_000
    assert frames_of(outer.CALLED)[-2:] == [
        (file, "<module>", 3),
        (str(modules / "helper.py"), "make", 2),
    ]


@pytest.mark.parametrize("frames", [1, 16])
def test_a_generator_made_by_an_import_charges_the_test_that_resumes_it(
    modules: Path, frames: int
) -> None:
    _reftrack.start(frames)
    (modules / "maker.py").write_text(
        "def blob():\n    return bytearray(10_000)\n"
        "def make():\n    while True:\n        yield blob()\n"
        "VALUES = make()\nFIRST = next(VALUES)\n"
    )
    with Within() as scope:
        import maker  # type: ignore[import-not-found]

        made = next(maker.VALUES)
    assert import_file(scope_of(id(maker.FIRST))) == str(modules / "maker.py")
    assert scope_of(id(made)) == scope.id


def test_an_import_that_fails_is_no_worse(modules: Path) -> None:
    (modules / "broken.py").write_text("DATA = bytearray(100_000)\nraise ValueError\n")
    with Within() as scope:
        for _ in range(3):
            with pytest.raises(ValueError):  # noqa: PT011
                import broken  # type: ignore[import-not-found]  # noqa: F401
        after = bytearray(100)
    assert scope_of(id(after)) == scope.id


# ---- threads ----


def test_a_hundred_threads_leave_the_counters_consistent() -> None:
    def work(seed: int) -> None:
        choose = random.Random(seed)
        mine: list[object] = []
        for _ in range(300):
            mine.append([bytearray(choose.randrange(2000)), {seed: str(seed)}])
            if choose.random() < 0.4:
                mine.pop(choose.randrange(len(mine)))

    def round() -> None:
        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(100)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        del threads, thread
        gc.collect()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with Within():
            round()  # fills the free lists
        with Within() as scope:
            round()
    finally:
        sys.setswitchinterval(interval)
    assert scope.allocated > 20_000_000
    assert 0 <= scope.live < 100_000
    assert 0 <= scope.blocks < 1000


def test_a_block_freed_by_another_thread_is_discharged_and_each_thread_has_its_own_stack() -> None:
    made: list[Made] = []

    def work() -> None:
        for _ in range(200):
            made.append((bytearray(1000), stack()))

    with Within() as scope:
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for each in made:
        assert_stack(each)
    before = scope.live
    eraser = threading.Thread(target=made.clear)
    eraser.start()
    eraser.join()
    del each
    assert before - scope.live > 8 * 200 * 1000


# ---- its own memory ----


def tree(depth: int, keep: Callable[[bytearray], object]) -> None:
    """Allocates from 2 ** depth different stacks."""
    if depth == 0:
        keep(bytearray(16))
    else:
        tree(depth - 1, keep)
        tree(depth - 1, keep)


def test_stacks_that_no_live_block_names_are_dropped() -> None:
    _reftrack.start(32)
    tree(17, keep=len)
    at_half = _reftrack.memory()
    tree(17, keep=len)
    memory = _reftrack.memory()
    assert memory["stacks"] < 50_000  # of 2 ** 19 that there were
    assert memory["stack_bytes"] <= at_half["stack_bytes"]
    assert memory["bytes"] < 16 << 20


def test_stacks_of_live_blocks_outlast_those_that_are_dropped() -> None:
    kept = [(bytearray(16), stack()) for _ in range(10)]
    deep: list[bytearray] = []
    tree(10, keep=deep.append)
    before = [frames_of(each) for each in deep]
    assert len({tuple(frames) for frames in before}) == 1024
    tree(17, keep=len)
    assert [frames_of(each) for each in deep] == before
    for each in kept:
        assert_stack(each)


MORE_STACKS_THAN_BEFORE = """
    from reftrack import _reftrack

    def allocating(lines, line):
        made = {}
        exec("def f(g):\\n" + line * lines, made)
        return made["f"]

    leaf, caller = allocating(20_000, "    object()\\n"), allocating(10, "    g(None)\\n")
    _reftrack.start(16)
    _reftrack.enter_scope(_reftrack.new_scope())
    kept = [object() for _ in range(600_000)]  # with many blocks, dead stacks are swept less often
    caller(leaf)
    print(len(kept), "blocks")
    """


def test_stacks_that_come_after_a_sweep_find_room(tmp_path: Path) -> None:
    """Given many blocks and few stacks, when there is a sweep and then more new stacks than there
    were before it, then the program goes on."""
    script = tmp_path / "script.py"
    script.write_text(dedent(MORE_STACKS_THAN_BEFORE))
    done = plain(script, cwd=tmp_path)
    assert done.stdout == "600000 blocks\n", done.stderr


def test_the_lines_of_dead_code_are_dropped_with_the_last_block_that_names_it() -> None:
    def churn() -> None:
        for k in range(30_000):
            exec(compile("bytearray(9)", f"<{k}>", "exec"), {})

    churn()
    half = _reftrack.memory()["stack_bytes"]
    churn()
    assert _reftrack.memory()["stack_bytes"] <= 1.2 * half < 24 << 20


def test_each_scope_counts_to_the_ledgers_own_memory() -> None:
    def of_scopes() -> int:
        memory = _reftrack.memory()
        return memory["bytes"] - memory["entry_bytes"] - memory["stack_bytes"]

    before = of_scopes()
    for _ in range(10_000):
        _reftrack.new_scope()
    assert 100 * 10_000 <= of_scopes() - before <= 160 * 10_000


def test_a_live_block_takes_at_most_43_bytes_beside_its_stack() -> None:
    blocks = []
    for _ in range(8):
        blocks += [OBJ.malloc(8) for _ in range(80_000)]
        memory = _reftrack.memory()
        assert memory["entry_bytes"] <= ENTRY_BYTES * memory["blocks"]
        assert memory["bytes"] - memory["entry_bytes"] < 8 << 20
    for address in blocks:
        OBJ.free(address)


def test_every_block_in_the_table_is_counted_by_a_scope() -> None:
    kept = [bytearray(8) for _ in range(1000)]
    live = sum(_reftrack.counters(scope)[1] for scope in range(_reftrack.new_scope()))
    watched = _reftrack.memory()["blocks"] - live  # code objects from before the ledger
    assert 0 <= watched < 500
    del kept


@pytest.mark.xdist_group("time")
def test_code_that_is_made_and_dropped_costs_no_more_with_time() -> None:
    """Given code that comes to the addresses of what has been dropped, again and again."""

    code = compile("[1, [2]]", "made", "eval")

    def seconds() -> float:
        began = time.thread_time()
        for number in range(1_000):
            eval(code.replace(co_firstlineno=number + 1))
        return time.thread_time() - began

    with Within():
        first = seconds()
        later = [seconds() for _ in range(14)][-3:]

    assert min(later) < 2 * first
