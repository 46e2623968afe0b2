"""The standard streams lead nowhere for a while, and then again where they led."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TextIO

from reftrack.descriptors import LOWEST, File, System, copy, file_of, flags_of, is_still
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

NUMBERS = (1 << 16, 1 << 12, LOWEST, 3)
"""Copies lie above what suites close in a loop: 256, 1024, or the process's soft limit. The last
is for a low hard limit."""

NO_PATHS = not hasattr(os, "O_NOCTTY")
"""Where there is no /proc either, which says of a descriptor by what path it was opened."""

STREAMS = {1: "output", 2: "errors"}


class Kept(NamedTuple):
    """Where a standard stream led. `copy` is None where it was closed."""

    number: int
    copy: int | None
    file: File = (0, 0)
    flags: int = 0
    path: str = ""  # of a file or terminal; a pipe has none


@contextlib.contextmanager
def silence(note: Callable[[str], None]) -> Iterator[None]:
    """Nothing that the body and its child processes write comes out.

    Its end puts the streams back, also where the body has closed all descriptors; what could not be
    put back is told to `note`.
    """
    streams = sys.stdout, sys.stderr
    _flush(*streams)
    kept = [_keep(number) for number in STREAMS]
    nowhere = _nowhere()
    for stream in kept:
        System.dup2(nowhere, stream.number)
    System.close(nowhere)
    # Streams of our own, since the program's may be none of the descriptors'. They stay open: a
    # handler that was made meanwhile has one, and writes to the descriptor that there is then.
    sys.stdout, sys.stderr = (
        System.text(System.reader(number, "w", closefd=False), line_buffering=True)
        for number in STREAMS
    )
    try:
        yield
    finally:
        _flush(sys.stdout, sys.stderr, *streams)
        sys.stdout, sys.stderr = streams
        for stream in kept:
            if not _put_back(stream, kept):
                note(
                    f"the program's standard {STREAMS[stream.number]} could not be put back: "
                    "a test that was run again has closed all descriptors"
                )
        for stream in kept:
            if stream.copy is not None and is_still(stream.copy, stream.file):
                System.close(stream.copy)


def _keep(number: int) -> Kept:
    try:
        kept = copy(number, NUMBERS)
    except OSError as error:
        if error.errno != errno.EBADF:
            raise
        return Kept(number, None)
    flags = flags_of(number)
    try:
        path = System.readlink(f"/proc/self/fd/{number}")
    except OSError:
        path = ""
    return Kept(number, kept, file_of(kept), flags, path)


def _nowhere() -> int:
    """Not with one of the streams' own numbers, which may be free."""
    low = System.open(os.devnull, os.O_WRONLY)
    try:
        return copy(low, NUMBERS)
    finally:
        System.close(low)


def _put_back(stream: Kept, kept: Sequence[Kept]) -> bool:
    if stream.copy is None:
        with contextlib.suppress(OSError):  # the body has closed it, too
            System.close(stream.number)
        return True
    for other in (stream, *kept):
        if other.copy is not None and is_still(other.copy, stream.file):
            System.dup2(other.copy, stream.number)
            return True
    return _open_again(stream)


def _open_again(stream: Kept) -> bool:
    """By its path, which may stand for another file by now. Writing goes on at its end."""
    if NO_PATHS:
        return False
    try:
        again = System.open(stream.path, stream.flags & (os.O_ACCMODE | os.O_APPEND) | os.O_NOCTTY)
    except (OSError, ValueError):
        return False
    is_same = is_still(again, stream.file)
    if is_same:
        with contextlib.suppress(OSError):  # a terminal has no end
            System.lseek(again, 0, os.SEEK_END)
        if again != stream.number:
            System.dup2(again, stream.number)
    if again != stream.number:
        System.close(again)
    return is_same


def _flush(*streams: TextIO | None) -> None:
    for stream in streams:
        with contextlib.suppress(Exception):  # closed, or something odd of the program's own
            if stream is not None:
                stream.flush()
