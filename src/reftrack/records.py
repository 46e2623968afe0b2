"""Records read back: from the lines of a run, ended or not, to its report."""

from __future__ import annotations

import io
import os
import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from os.path import dirname
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import msgspec

from reftrack import documents, repeats
from reftrack.descriptors import System
from reftrack.errors import RecordError
from reftrack.journal import SUFFIX, no_collection, process_of, run_of
from reftrack.merging import merged, together
from reftrack.model import (
    COUNTED,
    FORMAT,
    Checkpoint,
    Ended,
    Event,
    Failed,
    Holder,
    Judged,
    Late,
    Repeated,
    Report,
    Scope,
    ScopeEnded,
    Started,
    TestBegan,
    TornDown,
    Totals,
)
from reftrack.retention import explained_bytes

T = TypeVar("T")

_RECORD_NAME = re.compile(r"\d{8}T\d{6}\.\d{3}Z-\d+\.jsonl?")  # what was combined is one document
_OLDER = 20  # records that are read for one with tests
_FIRST_BYTES = b'{"event":"started"'


def load(path: Path) -> Report:
    """Read the record of a run, ended or not, with those of the processes that it has started; or a
    report that was written as JSON.

    Scopes that had ended by the last checkpoint have what they had alive then; later ones have
    what was alive when they ended. `run.seconds` of an incomplete record is the time of its last
    checkpoint, 0.0 when there is none. For several processes see `merging.merged`. Raises
    RecordError for anything that is not a record of this format.
    """
    report = of_process(path)
    others: list[Report] = []
    for other in _others(path):
        try:
            others.append(of_process(other))
        except RecordError as error:
            report.run.notes.append(f"one process is missing: {error.args[0]}")
    return merged([report, *(other for other in others if other.totals.tests)])


def _others(path: Path) -> list[Path]:
    """The records of the other processes of a run, by the path of its first one's."""
    if not _RECORD_NAME.fullmatch(path.name):
        return []
    stem = path.name.removesuffix(SUFFIX)
    names = [name for name in _names_beside(path) if run_of(name) == stem and name != path.name]
    return [path.with_name(name) for name in sorted(names) if name.endswith(SUFFIX)]


def running(path: Path) -> list[int]:
    """The numbers of the processes, beside that of this record, that the run has and that have not
    ended; a killed one counts as well."""
    found = []
    for other in _others(path):
        with suppress(RecordError):
            if not is_complete(other):
                found.append(process_of(other.name))
    return found


def is_complete(path: Path) -> bool:
    """Did the run come to its end that a record, or a report as JSON, is of? Raises RecordError."""
    return _from(path, documents.is_complete, lambda *_: load(path).complete)


def of_process(path: Path) -> Report:
    """The report of one record alone, whatever other processes its run had; else as `load`."""
    return _from(path, documents.read, _read)


def _from(
    path: Path, document: Callable[[bytes, Path], T], record: Callable[[BinaryIO, Path], T]
) -> T:
    try:
        with (
            System.reader(path) as file,
            io.BufferedReader(file, 1 << 18) as lines,
            no_collection(),
        ):
            if documents.begins(lines.peek(documents.ENOUGH)):
                return document(lines.read(), path)
            return record(lines, path)
    except FileNotFoundError as error:
        raise RecordError(
            f"{path} does not exist", hint="Leave RUN out to take the newest record."
        ) from error
    except IsADirectoryError as error:
        raise RecordError(
            f"{path} is a directory", hint=f"Name one of the *{SUFFIX} files in it."
        ) from error
    except OSError as error:
        hint = "Check its permissions." if isinstance(error, PermissionError) else None
        raise RecordError(f"{path} cannot be read: {error.strerror}", hint=hint) from error


def options(path: Path) -> dict[str, Any]:
    """The options of the run that a record is of. Raises RecordError, OSError."""
    with System.reader(path) as file, io.BufferedReader(file) as lines:
        return _read_start(lines, path).options


def latest(directory: str) -> Path:
    """The newest record in `directory`, by the time in its name. Raises RecordError."""
    records = [name for name in _names(directory) if _RECORD_NAME.fullmatch(name)]
    if not records:
        raise RecordError(
            f"there is no record in {directory}",
            hint="Run something first, for example: reftrack run -m pytest",
        )
    return Path(directory, max(records))


def latest_with_tests(directory: str, *, before: Path) -> Path | None:
    """The newest record with tests among some that are older than that one, if there is any."""
    names = [name for name in _names(directory) if _RECORD_NAME.fullmatch(name)]
    for name in sorted((name for name in names if name < before.name), reverse=True)[:_OLDER]:
        with suppress(RecordError):
            if load(path := Path(directory, name)).totals.tests:
                return path
    return None


def resolve(run: str | None, directory: str) -> Path:
    """The record that RUN stands for: a file, a name or the start of one name in `directory`,
    or, when None, the newest. Raises RecordError."""
    if run is None:
        return latest(directory)
    if Path(run).is_file():
        return Path(run)
    names = [name for name in _names(directory) if name.endswith((SUFFIX, documents.SUFFIX))]
    names = [name for name in names if not _is_of_child(name) or name in (run, run + SUFFIX)]
    exact = [name for name in names if name in (run, run + SUFFIX, run + documents.SUFFIX)]
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


def _is_of_child(name: str) -> bool:
    return name.endswith(SUFFIX) and run_of(name) + SUFFIX != name


def _names_beside(path: Path) -> list[str]:
    try:
        # Path.parent makes a Path, which imports in 3.13 (pathlib/_local.py): suites may forbid it.
        return System.listdir(dirname(path) or os.curdir)
    except OSError:
        return []


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


class _Head(msgspec.Struct, tag="started", tag_field="event"):
    """As much of the first line as every format has."""

    format: int


_head = msgspec.json.Decoder(_Head)
_started = msgspec.json.Decoder(Started)
_event: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def _read(lines: BinaryIO, path: Path) -> Report:
    started = _read_start(lines, path)
    run, is_child = started.run, bool(started.parent)
    scopes: list[Scope] = []
    checkpoint: Checkpoint | None = None
    looked_at = 0  # how many scopes had ended by the last checkpoint
    torn_down = TornDown({})
    repeated: list[Repeated] = []
    began: str | None = None  # the test that runs
    failed: list[str] = []
    ended: Ended | None = None
    judged, late = Judged([]), Late([])
    for number, line in enumerate(lines, 2):
        try:
            event = _event.decode(line)
        except msgspec.DecodeError as error:
            if line.endswith(b"\n"):
                raise _damaged(path, number) from error
            break  # the run was killed while it wrote this line
        match event:
            case TestBegan():
                began = event.id
            case ScopeEnded():
                scopes.append(event.scope)
                began = None if event.scope.scope == "test" else began
            case Checkpoint():
                # An interrupt may come when a scope has ended, and its line is not yet written.
                if not all(0 <= row.index <= len(scopes) for row in event.survived):
                    raise _damaged(path, number)
                event.survived = [row for row in event.survived if row.index < len(scopes)]
                checkpoint, looked_at, torn_down = event, len(scopes), TornDown({})
            case Late():
                late = event
            case Failed():
                failed.append(event.reason)
            case TornDown():
                torn_down = event
            case Repeated():
                repeated.append(event)
            case Ended():
                ended = event
            case Judged():
                judged = event
            case Started():
                raise _damaged(path, number)
    if ended is not None:
        run.exit_status = ended.exit_status
        run.notes = [*run.notes, *ended.notes]
    elif began is not None:
        run.cut_in = [began]
    failed = [*(failed if ended is None else ended.failed), *judged.failed]
    if checkpoint is None:
        return Report(FORMAT, False, run, _totals(scopes), scopes, [], failed=failed)
    _date(scopes[:looked_at], checkpoint)
    if checkpoint.final:
        _date_open(scopes, looked_at, checkpoint.holders)
        checkpoint.totals.later_bytes = torn_down.came
    _date_later(scopes, torn_down, repeated)
    kept = {
        scopes[row.index].id: row
        for row in repeated
        if 0 <= row.index < len(scopes) and not row.problem
    }
    for holder in checkpoint.holders:
        holder.torn_down = checkpoint.final and holder.key in torn_down.holders
        holder.repeats = repeats.of_holder(holder, kept)
        holder.verdict = repeats.verdict(holder)
    tests = sum(scope.scope == "test" for scope in scopes)
    is_over = ended is not None or (is_child and began is None and checkpoint.totals.tests == tests)
    complete = checkpoint.final and is_over
    run.seconds = ended.seconds if complete and ended else checkpoint.seconds
    totals, holders = checkpoint.totals, checkpoint.holders
    if complete and late.holders:
        totals.explained_bytes += explained_bytes(late.holders, COUNTED)
        holders = together([*holders, *late.holders])
    if complete and any(scope.scope in COUNTED for scope in scopes[looked_at:]):
        totals.survived_bytes = _totals(scopes).survived_bytes
    totals.tests = tests
    released, held = checkpoint.released, checkpoint.not_released
    return Report(FORMAT, complete, run, totals, scopes, holders, released, held, failed)


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
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
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
        scope.collected_bytes = scope.native_bytes = scope.array_bytes = 0
        scope.released_by = None
    for row in checkpoint.survived:
        scope = scopes[row.index]
        scope.survived_bytes = row.bytes
        scope.survived_blocks = row.blocks
        scope.released_by = row.released_by
        scope.collected_bytes = row.collected_bytes
        scope.native_bytes = row.native_bytes
        scope.array_bytes = row.array_bytes


def _date_open(scopes: list[Scope], looked_at: int, holders: list[Holder]) -> None:
    """A test that was still open at the look left what its holders had of it then: some of them are
    torn down with the runner's last test, and its own line comes after that. What earlier tests of
    the same id left is theirs."""
    told = Counter[str]()
    for holder in holders:
        for charge in holder.charged:
            if charge.scope == "test":
                told[charge.id] += charge.bytes
    for scope in scopes[:looked_at]:
        if scope.scope == "test":
            told[scope.id] -= scope.survived_bytes
    for scope in scopes[looked_at:]:
        if scope.scope == "test":
            scope.torn_down_bytes = max(0, told[scope.id] - scope.survived_bytes)
            scope.survived_bytes += scope.torn_down_bytes


def _date_later(scopes: list[Scope], released: TornDown, repeated: list[Repeated]) -> None:
    """Add what came to be known after the final look; `survived_bytes` stay as of then."""
    for index, id in released.by.items():
        if 0 <= index < len(scopes):
            scopes[index].released_by = id
    for index, gone in released.gone.items():
        if 0 <= index < len(scopes):
            scopes[index].torn_down_bytes = min(gone, scopes[index].survived_bytes)
    for row in repeated:
        if 0 <= row.index < len(scopes):
            scopes[row.index].repeats = row.bytes
            scopes[row.index].repeat_problem = row.problem


def _totals(scopes: list[Scope]) -> Totals:
    return Totals(
        tests=sum(scope.scope == "test" for scope in scopes),
        survived_bytes=sum(s.survived_bytes for s in scopes if s.scope in COUNTED),
    )
