"""The commands that read what runs have left: report, json, diff, combine, rules.

Each takes the options and what else its command line has; the result is the exit status. Each
raises ReftrackError.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from reftrack import config, records
from reftrack.errors import ReftrackError


def report(options: config.Options, run: str | None) -> int:
    """The report of a run again."""
    from reftrack.reporters import terminal

    record = records.resolve(run, options.directory)
    found = records.load(record)
    if run is None and not found.totals.tests and not found.run.cut_in:
        older = records.latest_with_tests(options.directory, before=record)
        if older is not None:
            found.run.notes.append(
                f"this run had no tests; the newest one that had: reftrack report {older.name}"
            )
    return _to_stdout(
        lambda: terminal.render(found, sys.stdout, holders=options.holders, record=record)
    )


def json(options: config.Options, run: str | None, output: str | None) -> int:
    """The report of a run as JSON."""
    from reftrack.reporters.json import dumps, write

    found = records.load(records.resolve(run, options.directory))
    if output is not None:
        write(found, output)
        return 0
    return _to_stdout(lambda: sys.stdout.buffer.write(dumps(found)))


def diff(
    options: config.Options, old: str, new: str | None, output: str | None, exit_code: bool
) -> int:
    """What has become of each holder of the old run; 1 where that was asked for, and one is new or
    has grown."""
    from reftrack import differences, gates
    from reftrack.reporters import differences as reporter
    from reftrack.reporters.json import write

    runs = [records.load(records.resolve(run, options.directory)) for run in (old, new)]
    found = differences.compare(*runs)
    if output is not None:
        write(found, output)
    status = _to_stdout(
        lambda: reporter.render(found, sys.stdout, rows=options.holders, directory=os.getcwd())
    )
    return status or int(exit_code and bool(gates.worse(found.differences)))


def combine(options: config.Options, runs: list[str], output: str | None) -> int:
    """One report of several runs, written as JSON and shown."""
    from reftrack import combining, documents, journal
    from reftrack.reporters import terminal
    from reftrack.reporters.json import write

    found = combining.combined(runs, options.directory)
    path = journal.new_path(options.directory, documents.SUFFIX) if output is None else Path(output)
    write(found, path)
    return _to_stdout(
        lambda: terminal.render(found, sys.stdout, holders=options.holders, record=path)
    )


def rules(options: config.Options) -> int:
    """What is known of frameworks."""
    from reftrack.reporters import rules as reporter

    return _to_stdout(lambda: reporter.render(sys.stdout))


def _to_stdout(write: Callable[[], object]) -> int:
    """The exit status of a command that writes to stdout. Raises ReftrackError."""
    try:
        write()
        sys.stdout.flush()
    except BrokenPipeError:
        return _reader_left()
    except OSError as error:
        _let_go_of_stdout()
        raise ReftrackError(
            f"standard output cannot be written: {error.strerror}", hint="Send it elsewhere."
        ) from error
    return 0


def _let_go_of_stdout() -> None:
    """Python flushes it once more as it ends, and would say that it could not."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _reader_left() -> int:
    _let_go_of_stdout()
    # As a shell has the status of who dies by that signal, which Windows does not know.
    return 128 + getattr(signal, "SIGPIPE", 13)
