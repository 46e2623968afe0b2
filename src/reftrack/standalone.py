"""The ledger of trackers where there is no run."""

from __future__ import annotations

import weakref

from reftrack import _reftrack, tracing
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS


class Ledger:
    """Started for the first tracker, and stopped when nobody has any of them any more."""

    def __init__(self, frames: int) -> None:
        self.frames = frames
        self.backend = tracing.choose("auto")
        self.backend.start(frames)
        self.number = _reftrack.ledger_id()

    def __del__(self) -> None:
        if _reftrack is not None and self.number == _reftrack.ledger_id():
            self.backend.stop()


_shared: weakref.ref[Ledger] | None = None


def ledger(frames: int) -> Ledger:
    """That of earlier trackers, if these can still be read and want the same, or a new one."""
    global _shared
    known = _shared() if _shared is not None else None
    if known is not None and known.number == _reftrack.ledger_id() and known.frames == frames:
        _reftrack.charge_again()
        return known
    made = Ledger(frames)
    _shared = weakref.ref(made)
    return made
