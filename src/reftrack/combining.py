"""One report of several: the records of CI's shards, of whatever machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from reftrack import merging, records
from reftrack.journal import SUFFIX, run_of
from reftrack.model import Report


def combined(runs: Sequence[str], directory: str) -> Report:
    """The report of all these runs together, each a RUN as for `records.resolve`.

    A run that is given twice, or once more as JSON, counts once; so does a test that several of
    them have: as in the newest. Notes say so. Files are told as the first run has them. Records of
    a run's other processes come with the first one's. Raises RecordError.
    """
    paths = _without_children(records.resolve(run, directory) for run in runs)
    found: dict[object, Report] = {}
    notes: list[str] = []
    for path in paths:
        report = records.load(path)
        if found.setdefault(_identity(report), report) is not report:
            notes.append(f"{path.name} is of a run that was given already: it counts once")
        elif not report.complete:
            notes.append(f"{path.name} is of a run that was cut")
    reports = list(found.values())
    for report in reports[1:]:
        _move(report, reports[0].run.directory)
    if repeated := _only_newest(reports):
        notes.append(f"tests that several of the runs have count as in the newest: {repeated}")
    status = next((report.run.exit_status for report in reports if report.run.exit_status), None)
    whole = merging.merged(reports)
    whole.run.exit_status = status or whole.run.exit_status
    whole.run.notes = [*whole.run.notes, *notes]
    return whole


def _without_children(paths: Iterable[Path]) -> list[Path]:
    """Each path once, and none of a process whose run is given as well: that brings it."""
    given = list(dict.fromkeys(path.resolve() for path in paths))
    return [path for path in given if _of_run(path) == path or _of_run(path) not in given]


def _of_run(path: Path) -> Path:
    """The record of the run that one of a process belongs to."""
    return path.with_name(run_of(path.name) + SUFFIX) if path.suffix == SUFFIX else path


def _identity(report: Report) -> object:
    run = report.run
    scopes = tuple((scope.scope, scope.id) for scope in report.scopes)
    return run.started, tuple(run.command), scopes


def _move(report: Report, directory: str) -> None:
    """Have the files of a run as one that began in `directory` has them: the lines of both are the
    same then, wherever their machines keep the code."""
    theirs, ours = report.run.directory.rstrip("/") + "/", directory.rstrip("/") + "/"
    if theirs == ours or "/" in (theirs, ours):
        return
    for allocation in (row for holder in report.holders for row in holder.allocations):
        allocation.traceback = [
            msgspec.structs.replace(frame, file=ours + frame.file.removeprefix(theirs))
            if frame.file.startswith(theirs)
            else frame
            for frame in allocation.traceback
        ]


def _only_newest(reports: Iterable[Report]) -> int:
    """Take each test out of all reports but the newest that has it; how many were in several?"""
    known: set[str] = set()
    repeated: set[str] = set()
    for report in sorted(reports, key=lambda report: report.run.started, reverse=True):
        tests = {scope.id for scope in report.scopes if scope.scope == "test"}
        _take_out(report, tests & known)
        repeated |= tests & known
        known |= tests
    return len(repeated)


def _take_out(report: Report, tests: set[str]) -> None:
    if not tests:
        return
    report.scopes = [s for s in report.scopes if s.scope != "test" or s.id not in tests]
    report.holders = [
        merging.only(holder, [c for c in holder.charged if c.scope != "test" or c.id not in tests])
        for holder in report.holders
    ]
