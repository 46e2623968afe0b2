"""The record of a run on disk: JSON Lines, one per event, appended as the run goes.

The append side lives inside the user's suite: it may never raise into it, nor depend on anything
that the suite can patch. The read side needs no run to have ended: a killed run leaves whole
lines and at most one cut one.
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import re
from collections.abc import Iterator
from gc import disable as gc_disable
from gc import enable as gc_enable
from gc import isenabled as gc_isenabled
from pathlib import Path
from time import gmtime, strftime, time_ns
from typing import Any, BinaryIO

import msgspec

from reftrack.errors import RecordError
from reftrack.model import (
    COUNTED,
    FORMAT,
    Checkpoint,
    Ended,
    Event,
    Repeated,
    Report,
    RunInfo,
    Scope,
    ScopeEnded,
    Started,
    TornDown,
    Totals,
)

SUFFIX = ".jsonl"
_RECORD_NAME = re.compile(r"\d{8}T\d{6}\.\d{3}Z-\d+\.jsonl")
_FIRST_BYTES = b'{"event":"started"'
# Low descriptors are left to the program: it gets the same numbers as without reftrack.
_LOWEST_DESCRIPTOR = 512


class System:
    """System calls used while the suite runs, bound before it can patch `os` or `builtins.open`.

    They are held by a class because pyfakefs replaces the functions of `os` in the namespace of
    every imported module, but does not look into classes.
    """

    close = staticmethod(os.close)
    fstat = staticmethod(os.fstat)
    getpid = staticmethod(os.getpid)
    listdir = staticmethod(os.listdir)
    open = staticmethod(os.open)
    realpath = staticmethod(os.path.realpath)
    replace = staticmethod(os.replace)
    stat = staticmethod(os.stat)
    unlink = staticmethod(os.unlink)
    write = staticmethod(os.write)
    reader = io.FileIO


class Journal:
    """The append side of one run's record.

    `failed` says why nothing more is written (a full disk, a descriptor that the program closed);
    it is None as long as every line went out.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.failed: str | None = None
        self._descriptor = descriptor
        self._file = _identity(descriptor)
        self._pid = System.getpid()

    @classmethod
    def create(cls, directory: str, run: RunInfo) -> Journal:
        """Start a record in `directory`, made when missing. Raises RecordError."""
        folder = Path(directory).absolute()
        nanoseconds = time_ns()
        stamp = strftime("%Y%m%dT%H%M%S", gmtime(nanoseconds // 10**9))
        pid = System.getpid()
        path = folder / f"{stamp}.{nanoseconds // 10**6 % 1000:03}Z-{pid}{SUFFIX}"
        try:
            _make(folder)
            journal = cls(path, _open_for_append(path))
        except OSError as error:
            raise _unwritable(directory, error.strerror or str(error)) from error
        journal.append(Started(FORMAT, pid, run))
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
            line = encode(event) + b"\n"
            if not self._is_ours():
                self.failed = "the program closed the descriptor of the record"
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
        """Does the number still stand for the record? A suite that closes all descriptors gets
        the number again for a file of its own, which must not receive our lines."""
        try:
            return _identity(self._descriptor) == self._file
        except OSError:
            return False


def encode(value: Any) -> bytes:
    """JSON of a record's struct; lone surrogates (from undecodable file names) are escaped."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(_escaped(msgspec.to_builtins(value)))


def load(path: Path) -> Report:
    """Read the record of a run, ended or not.

    Scopes that had ended by the last checkpoint have what they had alive then; later ones have
    what was alive when they ended. `run.seconds` of an incomplete record is the time of its last
    checkpoint, 0.0 when there is none. Raises RecordError for anything that is not a record of
    this format.
    """
    try:
        with (
            System.reader(path) as file,
            io.BufferedReader(file, 1 << 18) as lines,
            no_collection(),
        ):
            return _read(lines, path)
    except FileNotFoundError as error:
        raise RecordError(
            f"{path} does not exist", hint="Leave RUN out to take the newest record."
        ) from error
    except IsADirectoryError as error:
        raise RecordError(
            f"{path} is a directory", hint=f"Name one of the *{SUFFIX} files in it."
        ) from error
    except OSError as error:
        raise RecordError(
            f"{path} cannot be read: {error.strerror}", hint="Check its permissions."
        ) from error


def latest(directory: str) -> Path:
    """The newest record in `directory`, by the time in its name. Raises RecordError."""
    records = [name for name in _names(directory) if _RECORD_NAME.fullmatch(name)]
    if not records:
        raise RecordError(
            f"there is no record in {directory}",
            hint="Run something first, for example: reftrack run -m pytest",
        )
    return Path(directory, max(records))


def resolve(run: str | None, directory: str) -> Path:
    """The record that RUN stands for: a file, a name or the start of one name in `directory`,
    or, when None, the newest. Raises RecordError."""
    if run is None:
        return latest(directory)
    if Path(run).is_file():
        return Path(run)
    names = [name for name in _names(directory) if name.endswith(SUFFIX)]
    exact = [name for name in names if name in (run, run + SUFFIX)]
    matches = exact or sorted(name for name in names if name.startswith(run))
    if len(matches) == 1:
        return Path(directory, matches[0])
    if matches:
        raise RecordError(
            f"{run} stands for {len(matches)} records in {directory}",
            hint=f"Give more of the name; the newest is {matches[-1]}",
        )
    if Path(run).exists():
        return Path(run)
    raise RecordError(
        f"there is no record {run}, neither as a file nor in {directory}",
        hint="Leave RUN out to take the newest record.",
    )


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
    low = System.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        high = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, _LOWEST_DESCRIPTOR)
    except OSError:  # the limit on open files is below that
        return low
    System.close(low)
    return high


def _identity(descriptor: int) -> tuple[int, int]:
    status = System.fstat(descriptor)
    return status.st_dev, status.st_ino


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


def _names(directory: str) -> list[str]:
    try:
        return System.listdir(directory)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RecordError(
            f"{directory} cannot be read: {error.strerror}",
            hint="Set --directory or REFTRACK_DIR to the one that holds the records.",
        ) from error


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


class _Head(msgspec.Struct, tag="started", tag_field="event"):
    """As much of the first line as every format has."""

    format: int


_head = msgspec.json.Decoder(_Head)
_started = msgspec.json.Decoder(Started)
_event: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def _read(lines: BinaryIO, path: Path) -> Report:
    run = _read_start(lines, path).run
    scopes: list[Scope] = []
    checkpoint: Checkpoint | None = None
    looked_at = 0  # how many scopes had ended by the last checkpoint
    released = TornDown({})
    repeated: list[Repeated] = []
    ended: Ended | None = None
    for number, line in enumerate(lines, 2):
        try:
            event = _event.decode(line)
        except msgspec.DecodeError as error:
            if line.endswith(b"\n"):
                raise _damaged(path, number) from error
            break  # the run was killed while it wrote this line
        match event:
            case ScopeEnded():
                scopes.append(event.scope)
            case Checkpoint():
                if not all(0 <= row.index < len(scopes) for row in event.survived):
                    raise _damaged(path, number)
                checkpoint, looked_at = event, len(scopes)
            case TornDown():
                released = event
            case Repeated():
                repeated.append(event)
            case Ended():
                ended = event
            case Started():
                raise _damaged(path, number)
    if ended is not None:
        run.exit_status = ended.exit_status
        run.notes = [*run.notes, *ended.notes]
    if checkpoint is None:
        return Report(FORMAT, False, run, _totals(scopes), scopes, [])
    _date(scopes[:looked_at], checkpoint)
    _date_later(scopes, released, repeated)
    complete = checkpoint.final and ended is not None
    run.seconds = ended.seconds if complete and ended is not None else checkpoint.seconds
    totals = checkpoint.totals
    if complete and any(scope.scope in COUNTED for scope in scopes[looked_at:]):
        totals.survived_bytes = _totals(scopes).survived_bytes
    totals.tests = sum(scope.scope == "test" for scope in scopes)
    return Report(FORMAT, complete, run, totals, scopes, checkpoint.holders, checkpoint.released)


def _read_start(lines: BinaryIO, path: Path) -> Started:
    """The first line, after it has been told apart from everything that is not a record.

    A few bytes are looked at before the line is read, since a foreign file may be one huge line.
    """
    first = lines.read(len(_FIRST_BYTES))
    if not first:
        raise RecordError(f"{path} is empty", hint="Its run never began; run it again.")
    foreign = RecordError(
        f"{path} is not a record of reftrack",
        hint=f"Records are the *{SUFFIX} files that reftrack run writes.",
    )
    if first != _FIRST_BYTES:
        raise foreign
    line = first + lines.readline()
    try:
        found = _head.decode(line).format
        if found == FORMAT:
            return _started.decode(line)
    except msgspec.DecodeError as error:
        if line.endswith(b"\n"):
            raise foreign from error
        raise RecordError(
            f"{path} was cut in its first line", hint="It holds nothing; run the suite again."
        ) from error
    remedy = "Upgrade reftrack" if found > FORMAT else "Run the suite again"
    raise RecordError(
        f"{path} is a record of format {found}; this reftrack reads format {FORMAT}",
        hint=f"{remedy}, or read it with the version of reftrack that wrote it.",
    )


def _damaged(path: Path, number: int) -> RecordError:
    return RecordError(
        f"{path} is damaged at line {number}",
        hint="Something else than reftrack changed it; run the suite again for a new record.",
    )


def _date(scopes: list[Scope], checkpoint: Checkpoint) -> None:
    """Give the scopes what they had alive at the checkpoint; no row means nothing."""
    for scope in scopes:
        scope.survived_bytes = scope.survived_blocks = 0
        scope.collected_bytes = scope.native_bytes = 0
        scope.released_by = None
    for row in checkpoint.survived:
        scope = scopes[row.index]
        scope.survived_bytes = row.bytes
        scope.survived_blocks = row.blocks
        scope.released_by = row.released_by
        scope.collected_bytes = row.collected_bytes
        scope.native_bytes = row.native_bytes


def _date_later(scopes: list[Scope], released: TornDown, repeated: list[Repeated]) -> None:
    """Add what came to be known after the final look; `survived_bytes` stay as of then."""
    for index, id in released.by.items():
        if 0 <= index < len(scopes):
            scopes[index].released_by = id
    for row in repeated:
        if 0 <= row.index < len(scopes):
            scopes[row.index].repeats = row.bytes
            scopes[row.index].repeat_problem = row.problem


def _totals(scopes: list[Scope]) -> Totals:
    return Totals(
        tests=sum(scope.scope == "test" for scope in scopes),
        survived_bytes=sum(s.survived_bytes for s in scopes if s.scope in COUNTED),
    )
