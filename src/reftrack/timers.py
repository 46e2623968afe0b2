"""The program's interval timers rest while reftrack works at length: `signal.alarm()` and the like
count the program's own time."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

# Bound before any suite can patch `signal`; Windows has none of them.
_set = getattr(signal, "setitimer", None)
_TIMERS = [
    getattr(signal, f"ITIMER_{name}")
    for name in ("REAL", "VIRTUAL", "PROF")
    if hasattr(signal, f"ITIMER_{name}")
]


@contextmanager
def resting() -> Iterator[None]:
    """While the body runs none goes off, and no time passes for them."""
    if _set is None:
        yield
        return
    left = [(timer, *_set(timer, 0)) for timer in _TIMERS]
    try:
        yield
    finally:
        for timer, seconds, interval in left:
            if seconds:
                _set(timer, seconds, interval)
