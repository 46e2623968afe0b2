"""A line on the terminal while a long look at the heap lasts."""

from __future__ import annotations

import os

from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

isatty, write = os.isatty, os.write  # bound before any suite can patch `os`

AFTER = 1.0
"""A look that is expected to take so many seconds is announced."""


def show(expected_seconds: float) -> bool:
    """Write the line, if it is worth it and stderr is a terminal; was it written?"""
    if expected_seconds < AFTER or not isatty(2):
        return False
    write(2, b"reftrack: looking at the heap ...")
    return True


def hide() -> None:
    write(2, b"\r\x1b[K")
