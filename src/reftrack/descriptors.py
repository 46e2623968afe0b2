"""File descriptors of reftrack's own: out of the program's way, whatever it patches or closes."""

from __future__ import annotations

import contextlib
import errno
import io
import os
from collections.abc import Iterator, Sequence

from reftrack.untouched import BUILTINS

try:
    import fcntl
    import resource
except ImportError:  # as on Windows: a descriptor has the number that it is given
    HAS_FCNTL = False
else:
    HAS_FCNTL = True

__builtins__ = BUILTINS

LOWEST = 512
"""Numbers below are left to the program: it gets the same ones as without reftrack."""


class System:
    """System calls used while the suite runs, bound before it can patch `os` or `builtins.open`.

    They are held by a class because pyfakefs replaces the functions of `os` in the namespace of
    every imported module, but does not look into classes.
    """

    close = staticmethod(os.close)
    dup = staticmethod(os.dup)
    dup2 = staticmethod(os.dup2)
    fstat = staticmethod(os.fstat)
    end = staticmethod(os._exit)
    getpid = staticmethod(os.getpid)
    listdir = staticmethod(os.listdir)
    lseek = staticmethod(os.lseek)
    open = staticmethod(os.open)
    readlink = staticmethod(os.readlink)
    realpath = staticmethod(os.path.realpath)
    replace = staticmethod(os.replace)
    stat = staticmethod(os.stat)
    unlink = staticmethod(os.unlink)
    write = staticmethod(os.write)
    buffered = io.BufferedWriter
    reader = io.FileIO
    text = io.TextIOWrapper
    if HAS_FCNTL:
        fcntl = staticmethod(fcntl.fcntl)
        getrlimit = staticmethod(resource.getrlimit)
        setrlimit = staticmethod(resource.setrlimit)


BINARY = getattr(os, "O_BINARY", 0)
"""Windows writes other ends of lines without it."""


File = tuple[int, int]
"""What a number stands for, as the system knows it."""


def file_of(descriptor: int) -> File:
    """Raises OSError where the number stands for none."""
    status = System.fstat(descriptor)
    return status.st_dev, status.st_ino


def is_still(descriptor: int, file: File) -> bool:
    """A suite that closes all descriptors may get the number again for a file of its own."""
    try:
        return file_of(descriptor) == file
    except OSError:
        return False


def copy(descriptor: int, numbers: Sequence[int]) -> int:
    """A second descriptor of that file, closed on exec: at the first of these numbers, or above
    it, that the hard limit grants. Who closes all numbers goes by the soft one.

    Raises OSError.
    """
    if not HAS_FCNTL:
        return System.dup(descriptor)
    for lowest in numbers:
        try:
            with _room_at(lowest):
                return System.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, lowest)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EMFILE):
                raise
    raise OSError(errno.EMFILE, "no number is left")


_SPARE = 64


def flags_of(descriptor: int) -> int:
    """How it was opened, as `open` takes it; 0 where the system does not tell."""
    return System.fcntl(descriptor, fcntl.F_GETFL) if HAS_FCNTL else 0


@contextlib.contextmanager
def _room_at(number: int) -> Iterator[None]:
    """The soft limit lies above that number while the body runs, where the hard one does."""
    soft, hard = System.getrlimit(resource.RLIMIT_NOFILE)
    wanted = number + _SPARE
    raised = soft != resource.RLIM_INFINITY and soft < wanted
    if raised:
        with contextlib.suppress(ValueError, OSError):
            System.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    try:
        yield
    finally:
        if raised:
            with contextlib.suppress(ValueError, OSError):
                System.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
