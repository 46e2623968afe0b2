"""The record of a run on disk: JSON Lines, one per event, appended as the run goes.

The append side lives inside the user's suite: it may never raise into it, nor depend on anything
that the suite can patch. The read side needs no run to have ended: a killed run leaves whole
lines and at most one cut one.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from gc import disable as gc_disable
from gc import enable as gc_enable
from gc import isenabled as gc_isenabled
from itertools import count
from pathlib import Path
from time import gmtime, strftime, time_ns
from typing import Any

import msgspec

from reftrack import _reftrack
from reftrack.descriptors import BINARY, LOWEST, System, copy, file_of, is_still
from reftrack.errors import RecordError
from reftrack.model import (
    FORMAT,
    Event,
    RunInfo,
    Started,
)
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

SUFFIX = ".jsonl"


class Journal:
    """The append side of one run's record.

    `failed` says why nothing more is written (a full disk, a record that the program took away); it
    is None as long as every line went out.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.failed: str | None = None
        self._descriptor = descriptor
        self._file = file_of(descriptor)
        self._pid = System.getpid()

    @classmethod
    def create(
        cls,
        directory: str,
        run: RunInfo,
        options: dict[str, Any] | None = None,
        parent: Path | None = None,
    ) -> Journal:
        """Start a record in `directory`, made when missing; of a process that another one of the
        run has started, beside the record of that. Raises RecordError."""
        folder = Path(directory).absolute() if parent is None else parent.parent
        try:
            _make(folder)
            path, descriptor = _new_record(folder, parent)
        except OSError as error:
            raise _unwritable(str(folder), error.strerror or str(error)) from error
        journal = cls(path, descriptor)
        name = "" if parent is None else parent.name
        journal.append(Started(FORMAT, System.getpid(), run, options or {}, name))
        if journal.failed is not None:
            journal.close()
            System.unlink(path)
            raise _unwritable(directory, journal.failed)
        return journal

    def append(self, event: Event) -> None:
        """Write one line, whole, in one call. Never raises; silent after a failure and in a fork.

        O_APPEND and a single write keep lines whole even when the process is killed at any moment.
        """
        if self._descriptor < 0 or self.failed is not None or System.getpid() != self._pid:
            return
        try:
            line = _line(event)
            if not self._is_ours() and not self._open_again():
                self.failed = (
                    "the program closed the descriptor of the record, and its file is gone"
                )
            elif System.write(self._descriptor, line) != len(line):
                self.failed = "a line could only be written in part"
        except OSError as error:
            self.failed = error.strerror or "the line could not be written"
        except (MemoryError, RecursionError) as error:
            self.failed = f"{type(error).__name__} while a line was made"

    def close(self) -> None:
        """Close the record; harmless when called twice."""
        descriptor, ours = self._descriptor, self._is_ours()
        self._descriptor = -1
        if ours:
            System.close(descriptor)

    def _is_ours(self) -> bool:
        """Does the number still stand for the record? A file of the program's own that has it now
        must not receive our lines."""
        return is_still(self._descriptor, self._file)

    def _open_again(self) -> bool:
        """Where the program has closed all descriptors, the file is still there, by its name."""
        try:
            self._descriptor = _set_aside(
                System.open(self.path, os.O_WRONLY | os.O_APPEND | BINARY)
            )
        except OSError:
            return False
        if not self._is_ours():
            System.close(self._descriptor)
            return False
        return True


ROOM, ROOM_FOR_HOLDER = 1 << 16, 1 << 14
"""Bytes: more than a line takes, and each holder in it."""


_encoder = msgspec.json.Encoder()


def encode(value: Any) -> bytearray:
    """JSON of a record's struct; lone surrogates (from undecodable file names) are escaped.

    Raises MemoryError.
    """
    # msgspec (0.22) crashes where its buffer cannot be allocated: whether there is room for one is
    # tried before.
    if not _reftrack.has_room(ROOM + ROOM_FOR_HOLDER * len(getattr(value, "holders", None) or ())):
        raise MemoryError
    encoded = bytearray()
    try:
        _encoder.encode_into(value, encoded)
    except UnicodeEncodeError:
        _encoder.encode_into(_escaped(msgspec.to_builtins(value)), encoded)
    return encoded


def _line(event: Event) -> bytearray:
    """It can have megabytes: there is no second copy of it."""
    line = encode(event)
    line += b"\n"
    return line


def new_path(directory: str, suffix: str) -> Path:
    """The path of a file named by this moment and process, in `directory`, made when missing.

    Raises RecordError.
    """
    folder = Path(directory).absolute()
    try:
        _make(folder)
    except OSError as error:
        raise _unwritable(directory, error.strerror or str(error)) from error
    return folder / f"{_stamp()}{suffix}"


def _stamp() -> str:
    nanoseconds = time_ns()
    stamp = strftime("%Y%m%dT%H%M%S", gmtime(nanoseconds // 10**9))
    return f"{stamp}.{nanoseconds // 10**6 % 1000:03}Z-{System.getpid()}"


def _new_record(folder: Path, parent: Path | None) -> tuple[Path, int]:
    """The path of a record that there was not, and its descriptor. Raises OSError."""
    if parent is None:
        path = folder / f"{_stamp()}{SUFFIX}"
        return path, _open_for_append(path)
    stem, pid = run_of(parent.name), System.getpid()
    for again in count():  # numbers of processes come round in a long run
        path = folder / f"{stem}.{pid}{f'-{again}' if again else ''}{SUFFIX}"
        with contextlib.suppress(FileExistsError):
            return path, _open_for_append(path)
    raise AssertionError


def run_of(name: str) -> str:
    """What the names of all records of a run begin with, by the name of any of them."""
    match = _OF_PROCESS.fullmatch(name.removesuffix(SUFFIX))
    return match[1] if match else name.removesuffix(SUFFIX)


def process_of(name: str) -> int:
    """The number of the process that a record is of, by its name; 0 for the first one's."""
    match = _OF_PROCESS.fullmatch(name.removesuffix(SUFFIX))
    return int(match[2]) if match else 0


_OF_PROCESS = re.compile(r"(.*Z-\d+)\.(\d+)(?:-\d+)?")


def _make(folder: Path) -> None:
    """Make the record directory, kept out of version control; one that exists is left as it is."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.mkdir()
    except FileExistsError:
        return
    descriptor = System.open(folder / ".gitignore", os.O_WRONLY | os.O_CREAT, 0o666)
    try:
        System.write(descriptor, b"*\n")
    finally:
        System.close(descriptor)


def _open_for_append(path: Path) -> int:
    """A descriptor that is closed on exec: `os.open` makes it so (PEP 446)."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | BINARY
    return _set_aside(System.open(path, flags, 0o666))


def _set_aside(low: int) -> int:
    try:
        high = copy(low, [LOWEST])
    except OSError:  # the limit on open files is below that
        return low
    System.close(low)
    return high


def _unwritable(directory: str, reason: str) -> RecordError:
    return RecordError(
        f"no record can be written in {directory}: {reason}",
        hint="Set --directory or REFTRACK_DIR to one that can be written.",
    )


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, list):
        return [_escaped(item) for item in value]
    if isinstance(value, dict):
        return {key: _escaped(item) for key, item in value.items()}
    return value


@contextlib.contextmanager
def no_collection() -> Iterator[None]:
    """For work that makes a million objects and no garbage: collections would triple its time."""
    was_enabled = gc_isenabled()
    gc_disable()
    try:
        yield
    finally:
        if was_enabled:
            gc_enable()
