"""What a window has in it: its figures, the lines that allocated what is left, and the holders."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from functools import cache

from reftrack import _reftrack, allocations, heap, looking, owners, retention, sources, tracing
from reftrack.grouping import Charged
from reftrack.heap import WANTED
from reftrack.model import Allocation, Holder, ScopeKind
from reftrack.naming import NAMED_BY
from reftrack.session import current
from reftrack.tracing import Backend
from reftrack.untouched import BUILTINS
from reftrack.windows import Window

__builtins__ = BUILTINS

TITLE = "reftrack.track()"
"""The id of a window's scope in reports and charges."""

Lines = Callable[[int], list[tracing.Line]]


def figures(window: Window) -> tuple[int, int, int]:
    """Bytes: allocated, at most alive at once, alive."""
    rows = [_reftrack.counters(inner) for inner in window.parts]
    live = sum(row[0] for row in rows)
    return sum(row[2] for row in rows), max((row[3] for row in rows), default=0), live


def survivors(window: Window, backend: Backend) -> list[Allocation]:
    """What is left, by the lines that allocated it."""
    blocks, lines = _blocks(window, backend)
    sums: dict[int, list[int]] = {}
    for size, stack in blocks:
        row = sums.setdefault(stack, [0, 0])
        row[0] += size
        row[1] += 1
    counted = sorted(
        ((stack, size, count) for stack, (size, count) in sums.items()), key=lambda row: -row[1]
    )
    known = cache(lambda stack: tuple(allocations.from_users_code(lines(stack))))
    found = allocations.all_listed(counted, known)
    allocations.forget()
    sources.forget()
    owners.forget()
    return found


def snapshot(window: Window, backend: Backend, frames: int) -> tracemalloc.Snapshot:
    """What is left, a trace for each block."""
    blocks, lines = _blocks(window, backend)
    known = cache(lambda stack: _trace_frames(lines(stack)))
    traces = [(0, size, *known(stack)) for size, stack in blocks]
    return tracemalloc.Snapshot(traces, frames)


def holders(window: Window, backend: Backend) -> list[Holder]:
    """Who keeps what is left. Raises MemoryError where there is no room to look."""
    charged = {inner: Charged("test", TITLE) for inner in window.parts}
    session = current()
    in_pytest = session is not None and _is_function(*session.innermost())
    _reftrack.collect()
    seen = heap.look(backend, _wanted(window), NAMED_BY)
    try:
        found = retention.holders(seen, charged, cut=looking.CUT, in_pytest=in_pytest)
    finally:
        seen.close()
    for holder in found.holders:
        if session is None:
            holder.fix = ""  # there is no test after which anything could be done
    return found.holders


def charge_arrays(window: Window, backend: Backend) -> None:
    """numpy's data is known as of a look at the heap."""
    if "numpy" in sys.modules:
        with suppress(MemoryError):
            heap.look(backend, _wanted(window)).close()


def _blocks(window: Window, backend: Backend) -> tuple[list[tuple[int, int]], Lines]:
    """The blocks that are left, and how the lines of their stacks are read."""
    traced = backend.name == "tracemalloc"
    blocks: list[tuple[int, int]] = []
    stacks: tracing.Stacks = [] if traced else None
    for inner in window.parts:
        found, more = _reftrack.blocks(inner, traced)
        offset = len(stacks) if stacks is not None else 0
        blocks += [(size, stack + offset) for size, stack in found]
        if stacks is not None:
            stacks += more or []
    return blocks, backend.reader(stacks)


def _is_function(kind: ScopeKind, id: str) -> bool:
    """Is it a test of pytest's own, or a fixture, which has none of unittest's clean-ups?"""
    is_pytests = kind == "fixture" or retention.are_pytests([(kind, id)])
    return is_pytests and not owners.is_test_case(id)


def _wanted(window: Window) -> bytes:
    flags = bytearray(max(window.parts, default=0) + 1)
    for inner in window.parts:
        flags[inner] = WANTED
    return bytes(flags)


def _trace_frames(lines: list[tracing.Line]) -> tuple[tuple[tuple[str, int], ...], int]:
    """As a trace of tracemalloc's has them, most recent first; it knows no trace without one."""
    frames = tuple((file, line) for file, _, line in reversed(lines)) or (("<unknown>", 0),)
    return frames, len(frames)
