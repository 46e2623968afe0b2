"""When to look at the heap in the middle of a run, and how much of its time that may take."""

from __future__ import annotations

from reftrack import _reftrack
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

GROWTH_BYTES = 32 << 20
SHARE = 0.02
"""Of the run's time, what looks may take."""

DOUBLED_FROM = 64 << 20
"""Memory that has grown by so much, and is twice what it was at any look before, is looked at
beyond that share: the run may be killed soon. All such looks take about as long as the last."""

SECONDS_PER_BLOCK = 1e-6
"""What a look is expected to take until the first one has been timed."""


class Budget:
    """The time that looks have taken, and what the next one is expected to take."""

    def __init__(self) -> None:
        self._spent = 0.0
        self._has_begun = False
        self._live = Level()
        self._resident = Level()
        self._seconds_per_block = SECONDS_PER_BLOCK

    def begin(self, resident: int) -> None:
        """A scope begins. What is there before the first one is no growth."""
        if not self._has_begun:
            self._has_begun = True
            self._live.look(_reftrack.live_bytes())
            self._resident.look(resident)

    def has_grown(self, resident: int) -> bool:
        """Has memory grown much since the last look: live blocks, or what the process has in RAM?
        The data of arrays, for one, is only seen there until the next look."""
        return self._live.has_grown(_reftrack.live_bytes()) or self._resident.has_grown(resident)

    def has_doubled(self, resident: int) -> bool:
        """Is it twice what it was at any look, and more by DOUBLED_FROM?"""
        return self._live.has_doubled(_reftrack.live_bytes()) or self._resident.has_doubled(
            resident
        )

    def expected_seconds(self) -> float:
        return _reftrack.memory()["blocks"] * self._seconds_per_block

    def affords_a_look(self, elapsed: float) -> bool:
        """Does one fit into the share of a run of so many seconds?"""
        return self._spent + self.expected_seconds() <= SHARE * elapsed

    def look(self, resident: int) -> None:
        """A look begins."""
        self._live.look(_reftrack.live_bytes())
        self._resident.look(resident)

    def spend(self, seconds: float, proving: float) -> None:
        """It has taken so long; its proofs say nothing of the next one."""
        self._spent += seconds
        of_a_block = (seconds - proving) / max(_reftrack.memory()["blocks"], 1)
        self._seconds_per_block = max(self._seconds_per_block, of_a_block)
        self._live.stay(_reftrack.live_bytes())


class Level:
    """A number of bytes, as it was after the last look, and the most that it was before any."""

    def __init__(self) -> None:
        self._has_grown_at = GROWTH_BYTES
        self._most = 0

    def has_grown(self, now: int) -> bool:
        return now >= self._has_grown_at

    def has_doubled(self, now: int) -> bool:
        return now - self._most >= max(DOUBLED_FROM, self._most)

    def look(self, now: int) -> None:
        self.stay(now)
        self._most = max(self._most, now)

    def stay(self, now: int) -> None:
        """After the look it is so much."""
        self._has_grown_at = now + max(GROWTH_BYTES, now // 4)
