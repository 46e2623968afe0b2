"""Whether a process was started by a run, and may be a part of it: known without any import.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os

VARIABLE = "REFTRACK_RUN"
"""In the environment of a run: the record of the process, for those that it starts."""

_TAIL = 1 << 18
_BEGAN, _ENDED, _OF_TEST = b'{"event":"test"', b'{"event":"scope"', b'"scope":"test"'


def record() -> str | None:
    """The record of the process that has started this one, if this one may join its run."""
    path = os.environ.get(VARIABLE)
    return path if path and not _is_test_open(path) else None


def _is_test_open(path: str) -> bool:
    """Has a test begun there and not ended? So it is, too, where there is nothing to read."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            for tail in (_TAIL, size):
                file.seek(max(0, size - tail))
                is_open = _last_test_is_open(file.read())
                if is_open is not None:
                    return is_open
    except OSError:
        return True
    return False


def _last_test_is_open(data: bytes) -> bool | None:
    for line in reversed(data.split(b"\n")):
        if line.startswith(_BEGAN):
            return True
        if line.startswith(_ENDED) and _OF_TEST in line:
            return False
    return None
