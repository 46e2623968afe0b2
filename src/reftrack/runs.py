"""Reports to be had in a program: of a run's record, and of what goes on now."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import cast

from reftrack import config, records, tracking, windowed
from reftrack.errors import UsageError
from reftrack.model import Holder, Report
from reftrack.reporters import FEW, holders, rows, terminal
from reftrack.reporters.holders import HolderRow
from reftrack.session import current
from reftrack.tracking import Tracker

_WIDTH = 100


class Run:
    """Runs that have left a record."""

    @staticmethod
    def load(
        run: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None,
    ) -> Report:
        """The report of a run, ended or not.

        `run` is as on the command line: a record's file, its name or the start of that, or None for
        the newest. It is looked for in `directory`, else where runs leave their records from here.
        Raises RecordError where there is no such record or it cannot be read, UsageError where a
        setting that says where they are makes no sense.
        """
        if isinstance(run, Path):
            return records.load(run)
        if run is not None and not isinstance(run, (str, os.PathLike)):
            raise UsageError(
                f"Run.load() was given a {type(run).__name__}",
                hint="Give it a record's path or its name, or nothing for the newest.",
            )
        name = None if run is None else os.fspath(run)
        folder = config.load({}).directory if directory is None else os.fspath(directory)
        return records.load(records.resolve(name, folder))


def report() -> Report:
    """What is known now.

    In a run under reftrack: what its tests have left so far, the heap looked at once more.
    Elsewhere: what the tracker that is open, or was last, has seen. Raises UsageError where there
    is neither.
    """
    session = current()
    if session is not None:
        session.checkpoint()
        return records.load(session.path)
    tracker = tracking.latest()
    if tracker is None:
        raise UsageError(
            "there is nothing to report: no run of reftrack, and no tracker",
            hint='Use "with reftrack.track() as t: ...", or Run.load() for an earlier run.',
        )
    return tracker.report()


def text(found: Report | Tracker | Holder | Iterable[Holder]) -> str:
    """A report, a tracker, a holder or several, in the words and lines of the report that people
    read.

    For prompts and notebooks: `print(reftrack.text(t))`. Holders that no test has made have no
    verdict. Raises UsageError for anything else.
    """
    if type(found) is Report:
        lines = terminal.lines(found, FEW, None, None, _WIDTH)
    else:
        lines = [line for row in _rows(found) for line in rows.holder(row, _WIDTH)]
    return "\n".join("".join(part for part, _ in line).rstrip() for line in lines)


def _rows(found: object) -> Iterator[HolderRow]:
    each = found.holders if type(found) is Tracker else _holders(found)
    of_rows = holders.holder_rows(([holder] for holder in each), None, os.getcwd())
    for holder, row in zip(each, of_rows, strict=True):
        if all(charge.id == windowed.TITLE for charge in holder.charged):
            row.verdict, row.scopes, row.ids = "holds", "", []
            row.bytes = row.bytes if holder.charged else holder.retained_bytes or row.bytes
        yield row


def _holders(found: object) -> Sequence[Holder]:
    several = cast("Sequence[object]", found) if type(found) in (list, tuple) else (found,)
    if any(type(one) is not Holder for one in several):
        raise UsageError(
            f"text() was given a {type(found).__name__}, which is no report and has no holders",
            hint="For example: print(reftrack.text(reftrack.holders(obj)))",
        )
    return cast("Sequence[Holder]", several)
