"""Reports to be had in a program: of a run's record, and of what goes on now."""

from __future__ import annotations

import os
from pathlib import Path

from reftrack import config, records, tracking
from reftrack.errors import UsageError
from reftrack.model import Report
from reftrack.session import current


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
