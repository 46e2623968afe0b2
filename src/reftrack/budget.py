"""When to look at the heap in the middle of a run, and how much of its time that may take."""

from __future__ import annotations

from reftrack import _reftrack

GROWTH_BYTES = 32 << 20
SHARE = 0.02
SECONDS_PER_BLOCK = 1e-6
"""What a look is expected to take until the first one has been timed."""


class Budget:
    """The time that looks have taken, and what the next one is expected to take."""

    def __init__(self) -> None:
        self._spent = 0.0
        self._live_then = 0
        self._seconds_per_block = SECONDS_PER_BLOCK

    def has_grown(self) -> bool:
        """Has memory grown much since the last look?"""
        grown = _reftrack.live_bytes() - self._live_then
        return grown >= max(GROWTH_BYTES, self._live_then // 4)

    def expected_seconds(self) -> float:
        return _reftrack.memory()["blocks"] * self._seconds_per_block

    def affords_a_look(self, elapsed: float) -> bool:
        """Does one fit into the share of a run of so many seconds?"""
        return self._spent + self.expected_seconds() <= SHARE * elapsed

    def spend(self, seconds: float, proving: float) -> None:
        """A look has taken so long; its proofs say nothing of the next one."""
        self._spent += seconds
        of_a_block = (seconds - proving) / max(_reftrack.memory()["blocks"], 1)
        self._seconds_per_block = max(self._seconds_per_block, of_a_block)
        self._live_then = _reftrack.live_bytes()
