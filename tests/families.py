"""The planted leaks of tests/family under each runner of unittest's family: what each should keep.

`UNITTEST` is what `python -m unittest` reports; a runner that truly keeps something else says so,
and why.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

import support
from reftrack.model import Report
from support import PLUGINS, plain, reftrack

PLANTED = Path(__file__).parent / "family"
RUNNERS_DOCUMENT = Path(__file__).parent.parent / "docs" / "runners.md"

ATTRIBUTE, CLASS, CACHE = "AttributeTest.document", "ClassTest.history", "leaks.STORE"
PASSED, FAILED, SKIPPED = "PassingTest.page", "FailingTest.answer", "SkippedTest.draft"
FRAMES = "rows in a failed test"
MODULE_FIXTURE, CLASS_FIXTURE = "leaks.CONNECTION", "FixtureTest.samples"

LEAKS = {
    ATTRIBUTE: "test attribute",
    CLASS: "class attribute",
    CACHE: "module cache",
    FAILED: "failing test",
    SKIPPED: "skipped test",
    FRAMES: "its variables",
    PASSED: "passing test",
    CLASS_FIXTURE: "class fixture",
    MODULE_FIXTURE: "module fixture",
}
"""Each planted leak by its holder's name, and what the matrix calls it."""

OUTCOMES = {
    "AttributeTest": "passed",
    "ClassTest": "passed",
    "StoreTest": "passed",
    "FixtureTest": "passed",
    "PassingTest": "passed",
    "SkippedTest": "skipped",
    "FailingTest.test_fails": "failed",
    "FailingTest.test_raises": "error",
}


class Runner(NamedTuple):
    """How it is run on `leaks.py`, and what it keeps that unittest does not, and the other way."""

    name: str
    command: tuple[str, ...]
    case: str = "unittest.TestCase"
    status: int = 1
    keeps: Mapping[str, int] = {}
    drops: Mapping[str, str] = {}
    is_binary: bool = False
    is_pytest: bool = False
    is_parallel: bool = False
    splits_classes: bool = False

    @property
    def environment(self) -> dict[str, str]:
        return {
            "LEAKS_CASE": self.case,
            "DJANGO_SETTINGS_MODULE": "settings",
            "COLUMNS": "80",
            "PYTEST_ADDOPTS": support.without(*(name for name in PLUGINS if name != "django")),
        }


NO_FIXTURES = {
    CLASS_FIXTURE: "it calls no setUpClass",
    MODULE_FIXTURE: "it calls no setUpModule",
}
EMPTIED = "it empties each test when it is over"
COPIES = {
    FAILED: "its result keeps texts, and no test",
    SKIPPED: "its result keeps texts, and no test",
}
XML_RUNNER = "xmlrunner.extra.djangotestrunner.XMLTestRunner"
ROWS = 350_000
"""Those of two failed tests, and what else their frames hold."""
PAGES = 330_000

UNITTEST = Runner("unittest", ("-m", "unittest", "leaks"))
SERIAL = (
    UNITTEST,
    Runner("Django", ("-m", "django", "test", "leaks"), "django.test.TestCase"),
    Runner(
        "pytest-django",
        ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--ds", "settings", "leaks.py"),
        "django.test.TestCase",
        drops={FAILED: "pytest lets go of them", SKIPPED: "pytest lets go of them"},
        is_pytest=True,
    ),
    Runner(
        "trial",
        ("-m", "twisted.trial", "leaks"),
        "twisted.trial.unittest.TestCase",
        keeps={FRAMES: ROWS},
        drops=NO_FIXTURES,
    ),
    Runner(
        "zope.testrunner",
        ("-m", "zope.testrunner", "--path", ".", "--tests-pattern", "^leaks$"),
        drops={ATTRIBUTE: EMPTIED, FAILED: EMPTIED, SKIPPED: EMPTIED, **NO_FIXTURES},
    ),
    Runner("testtools", ("-m", "testtools.run", "leaks"), "testtools.TestCase"),
    Runner(
        "stestr",
        ("-m", "stestr.subunit_runner.run", "leaks"),
        "testtools.TestCase",
        status=0,
        drops=COPIES,
        is_binary=True,
    ),
    Runner("nose2", ("-m", "nose2", "leaks"), keeps={FRAMES: ROWS}),
    Runner("pynose", ("-m", "nose", "leaks.py"), keeps={PASSED: PAGES}),
    Runner("unittest-xml-reporting", ("-m", "xmlrunner", "leaks"), drops=COPIES),
    Runner(
        "Django, with XMLTestRunner",
        ("-m", "django", "test", "leaks", "--testrunner", XML_RUNNER),
        "django.test.TestCase",
        drops=COPIES,
    ),
)


DROPPED = "a worker drops the result of each class"
PARALLEL = (
    Runner(
        "Django --parallel, fork",
        ("-m", "django", "test", "leaks", "--parallel", "2"),
        "django.test.TestCase",
        drops={FAILED: DROPPED, SKIPPED: DROPPED},
        is_parallel=True,
    ),
    Runner(
        "Django --parallel, spawn",
        ("spawned.py", "test", "leaks", "--parallel", "2"),
        "django.test.TestCase",
        drops={FAILED: DROPPED, SKIPPED: DROPPED},
        is_parallel=True,
    ),
    Runner(
        "trial -j",
        ("-m", "twisted.trial", "-j", "2", "leaks"),
        "twisted.trial.unittest.TestCase",
        keeps={FRAMES: ROWS},
        drops=NO_FIXTURES,
        is_parallel=True,
        splits_classes=True,
    ),
    Runner(
        "zope.testrunner -j",
        ("-m", "zope.testrunner", "--path", ".", "--tests-pattern", "^leaks$", "-j", "2"),
        drops={ATTRIBUTE: EMPTIED, FAILED: EMPTIED, SKIPPED: EMPTIED, **NO_FIXTURES},
        is_parallel=True,
    ),
    Runner(
        "stestr run",
        ("-m", "stestr", "run", "--concurrency", "2"),
        "testtools.TestCase",
        drops=COPIES,
        is_parallel=True,
    ),
    Runner(
        "nose2 with mp",
        ("-m", "nose2", "--plugin", "nose2.plugins.mp", "-N", "2", "leaks"),
        keeps={PASSED: PAGES, FRAMES: ROWS},
        is_parallel=True,
    ),
)


STESTR = """\
[DEFAULT]
test_path = .
group_regex = ([^.]+[.][^.]+)[.]
"""


class Run(NamedTuple):
    done: subprocess.CompletedProcess[str]
    report: Report

    def kept(self, leak: str) -> int:
        """The bytes that tests, classes and modules left with the holder of a planted leak."""
        if leak == FRAMES:
            holders = [h for h in self.report.holders if h.path and "rows in test_" in h.path[-1]]
        else:
            holders = [holder for holder in self.report.holders if holder.name == leak]
        return sum(holder.survived_bytes for holder in holders)

    def outcomes(self) -> dict[str, str | None]:
        """By the end of each test's id."""
        tests = [scope for scope in self.report.scopes if scope.scope == "test"]
        return {re.split(r"leaks(?:\.py)?(?:\.|::)", s.id)[-1]: s.outcome for s in tests}


HEAD = f"| runner | {' | '.join(LEAKS.values())} |"


def row(runner: Runner, run: Run) -> str:
    """Its row of the table in docs/runners.md: KiB that each planted leak has left."""
    cells = [f"{run.kept(leak) / 1024:.0f}" for leak in LEAKS]
    return f"| {runner.name} | {' | '.join('-' if cell == '0' else cell for cell in cells)} |"


def planted(folder: Path) -> Path:
    """A folder with the planted leaks, and nothing else."""
    shutil.copytree(PLANTED, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__py*"))
    (folder / ".stestr.conf").write_text(STESTR)
    (folder / "test_leaks.py").write_text("from leaks import *\n")  # which stestr looks for
    return folder


def without(runner: Runner, folder: Path) -> subprocess.CompletedProcess[str]:
    """The runner by itself."""
    return plain(*runner.command, cwd=planted(folder), env=runner.environment)


def under(runner: Runner, folder: Path, *options: str) -> Run:
    """The runner under reftrack."""
    json = folder / "out.json"
    command = ("run", "--no-report", "--json", str(json), *options, *runner.command)
    done = reftrack(*command, cwd=planted(folder), env=runner.environment)
    assert json.exists(), done.stderr
    return Run(done, msgspec.json.decode(json.read_bytes(), type=Report))
