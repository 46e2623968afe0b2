"""Where reftrack's words go: into no stream's buffer, and to where the process's errors went at
first, whatever a runner makes of descriptor 2 meanwhile.

pytest has another file there while a test runs, whose text it shows with the test. What reftrack
says in the middle of a test is for who looks at the terminal or the job's log.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import NamedTuple, TextIO

from reftrack.descriptors import LOWEST, File, System, copy, file_of, is_still
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS


class _Kept(NamedTuple):
    descriptor: int
    file: File
    process: int


_kept: _Kept | None = None


def keep() -> None:
    """Remember where descriptor 2 leads now, if that is open. A forked child lets go of it."""
    global _kept
    let_go()
    with contextlib.suppress(OSError):
        descriptor = copy(2, [LOWEST])
        _kept = _Kept(descriptor, file_of(descriptor), System.getpid())


def let_go() -> None:
    """Remember nothing; harmless where nothing is."""
    global _kept
    if _kept is not None and is_still(_kept.descriptor, _kept.file):
        System.close(_kept.descriptor)
    _kept = None


def say(text: str) -> None:
    """A line of its own; never raises."""
    with contextlib.suppress(Exception), stream() as out:
        out.write(f"{text}\n")


@contextlib.contextmanager
def stream() -> Iterator[TextIO]:
    """A stream that leads there; to descriptor 2 as it is now, where nothing is remembered or the
    program has closed all descriptors. Raises OSError where that is closed, too."""
    there = _kept is not None and is_still(_kept.descriptor, _kept.file)
    descriptor = _kept.descriptor if _kept is not None and there else 2
    encoding = getattr(sys.__stderr__, "encoding", None) or "utf-8"
    raw = System.reader(descriptor, "w", closefd=False)
    with System.text(raw, encoding, "backslashreplace", newline=os.linesep) as out:
        yield out


def tell(message: object, theirs: TextIO | None) -> None:
    """A line for whoever reads that stream, if anybody does; never raises."""
    if theirs is not None:
        with contextlib.suppress(Exception), beside(theirs) as out:
            print(message, file=out, flush=True)


@contextlib.contextmanager
def beside(theirs: TextIO) -> Iterator[TextIO]:
    """A stream that leads where one of the program's leads, behind what that one has been given.

    What cannot be written is gone with it. In the buffer of `sys.stderr` it would stay, and fail
    once more as the process ends: its status would be 120 (Py_RunMain() in Modules/main.c, since
    flush_std_files() in Python/pylifecycle.c fails). Raises what writing raises.
    """
    if not _has_buffer_of_a_file(theirs):
        yield theirs
        return
    with contextlib.suppress(OSError):  # the program's own words: it fails at the end as it would
        theirs.flush()
    raw = System.reader(theirs.fileno(), "w", closefd=False)
    with System.text(System.buffered(raw), theirs.encoding, theirs.errors) as out:
        yield out


def _has_buffer_of_a_file(stream: TextIO) -> bool:
    """Not so with -u, nor with a console of Windows, which takes no bytes, nor with what programs
    have in its place."""
    if type(stream) is not io.TextIOWrapper or stream.closed:
        return False
    buffer = stream.buffer
    return type(buffer) is io.BufferedWriter and type(buffer.raw) is io.FileIO
