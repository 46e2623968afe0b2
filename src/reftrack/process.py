"""Memory of the process that is not Python's: what no live block of the ledger accounts for."""

from __future__ import annotations

from typing import NamedTuple

from reftrack import _reftrack
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

LARGE = 1 << 20
"""Least bytes by which a scope is said to have made the process grow: allocators take and return
memory in steps that come near to it."""

BUDGET = 0.01
SECONDS = 0.02
"""How much of the run's time may go into asking the allocators what they keep free: a share, and at
the start so much."""


class Step(NamedTuple):
    """A scope by which the process grew or shrank much: its place among the ended ones, the level
    of unexplained memory before and after, and how much of the rise was this scope's."""

    scope: int
    before: int
    after: int
    growth: int


class NativeMemory:
    """How much the process grows beside the ledger, in all and per scope.

    The *level* is the resident memory less what the ledger accounts for. It is read at both ends of
    each scope. What allocators keep free is still resident, though: where the level has moved much
    they are asked, and only what rose apart from that is a scope's growth.

    With `is_told` false there are no figures: tracemalloc's own memory would be among them.
    """

    def __init__(self, *, is_told: bool = True) -> None:
        self._is_told = is_told
        self._began = _reftrack.now()
        self._spent = 0.0
        self._open: list[int] = []  # the level at which each open scope began
        self._steps: list[Step] = []
        self._first: int | None = None  # level without idle memory, before the first scope
        self._last = 0  # the same, when it was last asked for
        self.resident = 0  # bytes, when it was last read; -1 where it is not told

    def entered(self) -> None:
        """A scope begins."""
        resident, explained = self._footprint()
        if self._first is None and resident >= 0:
            self._first = self._last = resident - explained - _reftrack.idle_bytes()
        self._open.append(resident - explained)

    def left(self, index: int) -> int:
        """The innermost scope is over, the `index`-th that is. By how many bytes it made the
        process grow beside the ledger; 0 where that is less than LARGE."""
        resident, explained = self._footprint()
        level = resident - explained
        moved = level - self._open.pop()
        if self._open:
            self._open[-1] += moved
        if resident < 0 or abs(moved) < LARGE or not self._affordable():
            return 0
        before, self._last = self._last, self._without_idle(level)
        growth = min(moved, self._last - before)
        self._steps.append(Step(index, before, self._last, growth))
        return growth if growth >= LARGE else 0

    def grown(self, least: int) -> int:
        """By how many bytes the process has grown beside the ledger since the innermost scope
        began; 0 where that is no more than `least` or LARGE."""
        resident, explained = self._footprint()
        if resident < 0 or not self._open:
            return 0
        level, least = resident - explained, max(least, LARGE)
        if level - self._open[-1] <= least:
            return 0
        grown = min(level - self._open[-1], self._without_idle(level) - self._last)
        return grown if grown > least else 0

    def now(self) -> tuple[int, int]:
        """(resident bytes, growth beside the ledger since the first scope began); zeros where the
        system does not tell."""
        resident, explained = self._footprint()
        if resident < 0 or self._first is None:
            return 0, 0
        self._last = self._without_idle(resident - explained)
        return resident, max(0, self._last - self._first)

    def staying(self) -> dict[int, int]:
        """Of each scope's growth what has not gone since, as far as `now` has last seen; by index,
        from LARGE on."""
        found = {}
        lowest = self._last
        for step in reversed(self._steps):
            lowest = min(lowest, step.after)
            stays = min(step.growth, lowest - step.before)
            if stays >= LARGE:
                found[step.scope] = stays
        return found

    def _footprint(self) -> tuple[int, int]:
        resident, explained = _reftrack.footprint() if self._is_told else (-1, 0)
        self.resident = resident
        return resident, explained

    def _affordable(self) -> bool:
        return self._spent <= SECONDS + BUDGET * (_reftrack.now() - self._began)

    def _without_idle(self, level: int) -> int:
        started = _reftrack.now()
        level -= _reftrack.idle_bytes()
        self._spent += _reftrack.now() - started
        return level
