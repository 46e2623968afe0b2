"""Small suites, written to a file and run under reftrack."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

import msgspec

from reftrack.model import Report, Scope
from support import reftrack

UNITTEST = ("-m", "unittest", "suite")
PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "suite.py")


class Run(NamedTuple):
    status: int
    stdout: str
    stderr: str
    report: Report


def run_suite(folder: Path, source: str, *options: str, runner: tuple[str, ...] = PYTEST) -> Run:
    """The suite's run, with the report on stderr as people read it and as the record has it."""
    (folder / "suite.py").write_text(dedent(source))
    json = folder / "out.json"
    done = reftrack("run", "--json", json, *options, *runner, cwd=folder)
    assert json.exists(), done.stderr
    report = msgspec.json.decode(json.read_bytes(), type=Report)
    return Run(done.returncode, done.stdout, done.stderr, report)


def scope(report: Report, name: str) -> Scope:
    """The first scope whose id ends with that name."""
    return next(scope for scope in report.scopes if scope.id.endswith(name))
