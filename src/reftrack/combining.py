"""One report of several: the records of CI's shards, of whatever machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from reftrack import merging, records
from reftrack.journal import SUFFIX, run_of
from reftrack.model import Report


def combined(runs: Sequence[str], directory: str) -> Report:
    """The report of all these runs together, each a RUN as for `records.resolve`.

    A record that is given twice, or once more as JSON, counts once, as a note says. Those of a
    run's child processes come with their parent's. Raises RecordError.
    """
    paths = [records.resolve(run, directory) for run in runs]
    found: dict[object, Report] = {}
    notes: list[str] = []
    for path in _without_children(paths):
        report = records.load(path)
        first = found.setdefault(_identity(report), report)
        if first is not report:
            notes.append(f"{path} is of a run that was given already: it counts once")
    report = merging.merged(list(found.values()))
    report.run.notes = [*report.run.notes, *notes]
    return report


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
