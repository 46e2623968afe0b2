"""One report of several: the records of CI's shards, of whatever machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from reftrack import merging, records
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
    """Each path once, without `NAME.CHILD.jsonl` where `NAME.jsonl` is given as well: the parent's
    record brings it."""
    whole = list(dict.fromkeys(path.resolve() for path in paths))
    stems = {(path.parent, path.name.removesuffix(path.suffix)) for path in whole}
    return [path for path in whole if not any(stem in stems for stem in _parents(path))]


def _parents(path: Path) -> Iterable[tuple[Path, str]]:
    """`STAMP.123Z-1.2.3.jsonl` is a child's child: of `STAMP.123Z-1.2` and `STAMP.123Z-1`."""
    name = path.name.removesuffix(path.suffix)
    while name.rpartition(".")[2].isdecimal():
        name = name.rpartition(".")[0]
        yield path.parent, name


def _identity(report: Report) -> object:
    run = report.run
    scopes = tuple((scope.scope, scope.id) for scope in report.scopes)
    return run.started, tuple(run.command), scopes
