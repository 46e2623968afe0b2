"""A run that is killed at any moment leaves a record that tells how far it came."""

from __future__ import annotations

import io
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

import pytest

from reftrack.model import Report
from reftrack.records import load
from reftrack.reporters import terminal
from suites import PYTEST, UNITTEST
from support import environment

KILLS = 50  # for each of two runners
AT_ONCE = 2
TESTS = 30

GROWING = f"""
    import os, time, unittest

    KEPT = []
    notes = os.open("notes", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def size(number):
        return 2_000_000 + 100_000 * number

    class GrowingTest(unittest.TestCase):
        def note(self, word):
            os.write(notes, f"{{word}} {{self._testMethodName}}\\n".encode())

        def setUp(self):
            self.note("began")
            self.addCleanup(self.note, "ended")

    def grow(number):
        def test(self):
            KEPT.append(bytearray(b"x" * size(number)))
            time.sleep(0.01)
        return test

    for number in range({TESTS}):
        setattr(GrowingTest, f"test_{{number:02}}", grow(number))
"""


def bytes_kept(name: str) -> int:
    return 2_000_000 + 100_000 * int(name[-2:])


class Killed(NamedTuple):
    """A run, what it noted itself of its tests, and its record if there is one."""

    after: float
    began: list[str]
    ended: list[str]
    records: list[Path]

    @classmethod
    def run(cls, folder: Path, runner: tuple[str, ...], after: float) -> Killed:
        """The growing suite, killed when it has run for so many seconds."""
        folder.mkdir()
        (folder / "suite.py").write_text(dedent(GROWING))
        process = subprocess.Popen(
            [sys.executable, "-m", "reftrack", "run", *runner],
            cwd=folder,
            env=environment(folder),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            process.wait(after)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        notes = folder / "notes"
        words = [line.split() for line in notes.read_text().splitlines()] if notes.exists() else []
        began, ended = ([name for word, name in words if word == w] for w in ("began", "ended"))
        records = sorted((folder / ".reftrack").glob("*.jsonl"))
        return cls(after, began, ended, records)


def shown(report: Report) -> str:
    stream = io.StringIO()
    terminal.render(report, stream, width=200)
    return stream.getvalue()


def short(id: str) -> str:
    return id[-len("test_00") :]


def check(killed: Killed) -> Report | None:
    """Is what the record tells true of the run? The report; None where reftrack had not begun."""
    if not killed.records:
        assert not killed.began
        return None
    report = load(killed.records[0])
    page = shown(report)
    tests = [scope for scope in report.scopes if scope.scope == "test"]
    ended = [short(scope.id) for scope in tests]
    cut_in = [short(id) for id in report.run.cut_in]
    # A test notes its end itself before reftrack does, and its begin after.
    assert ended == killed.ended[: len(ended)]
    assert len(killed.ended) - len(ended) in (0, 1)
    running = [name for name in killed.began if name not in ended]
    assert len(running) <= 1
    if running:
        assert cut_in == running
    assert len(cut_in) <= (report.run.exit_status is None)
    if cut_in:
        assert f"INCOMPLETE: the run was cut in test {report.run.cut_in[0]}" in page
    elif not report.complete:
        assert "INCOMPLETE" in page
    for scope in tests:
        assert scope.survived_bytes == pytest.approx(bytes_kept(scope.id), rel=0.05), scope.id
    if report.holders:
        kept = max(report.holders, key=lambda holder: holder.survived_bytes)
        assert kept.name == "suite.KEPT"
        assert kept.survived_bytes == pytest.approx(sum(map(bytes_kept, kept_by(report))), rel=0.05)
        assert "suite.KEPT" in page
    return report


def kept_by(report: Report) -> list[str]:
    """The tests that had left something with the largest holder."""
    kept = max(report.holders, key=lambda holder: holder.survived_bytes)
    return [charge.id for charge in kept.charged if charge.bytes > 1_000_000]


@pytest.mark.slow
@pytest.mark.parametrize("runner", [UNITTEST, PYTEST], ids=["unittest", "pytest"])
def test_a_growing_run_may_be_killed_at_any_moment(tmp_path: Path, runner: tuple[str, ...]) -> None:
    """Given kills at random moments from the start of the process to the end of the run, each
    record can be read, names the tests that had ended and the one that ran, and what each kept."""
    began = time.monotonic()
    whole = check(Killed.run(tmp_path / "whole", runner, 100.0))
    seconds = time.monotonic() - began
    assert whole is not None
    assert whole.complete
    assert whole.totals.tests == TESTS
    moments = random.Random(4)
    after = [moments.uniform(0.0, 1.3 * seconds) for _ in range(KILLS)]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        runs = [
            pool.submit(Killed.run, tmp_path / f"{number}", runner, seconds)
            for number, seconds in enumerate(after)
        ]
        reports = [check(run.result()) for run in runs]

    there = [report for report in reports if report is not None]
    assert sum(bool(report.run.cut_in) for report in there) >= KILLS // 10
    looked = [report for report in there if report.holders and not report.complete]
    assert len(looked) >= KILLS // 20  # it has doubled, and was looked at in between


def test_what_held_the_memory_is_told_of_a_run_that_grew_fast_and_was_killed(
    tmp_path: Path,
) -> None:
    """Given a suite that keeps 150 MB in less than a second and is then killed by itself, in the
    middle of a test, the record has a look at what there was when memory had doubled."""
    (tmp_path / "suite.py").write_text(
        dedent("""
            import os, signal, unittest

            KEPT = []

            class FastTest(unittest.TestCase):
                pass

            def grow(number):
                def test(self):
                    if number == 15:
                        os.kill(os.getpid(), signal.SIGKILL)
                    KEPT.append(bytearray(b"x" * 10_000_000))
                return test

            for number in range(20):
                setattr(FastTest, f"test_{number:02}", grow(number))
        """)
    )

    done = subprocess.run(
        [sys.executable, "-m", "reftrack", "run", *UNITTEST],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        check=False,
    )

    assert done.returncode == -9
    report = load(next((tmp_path / ".reftrack").glob("*.jsonl")))
    assert report.run.cut_in == ["suite.FastTest.test_15"]
    assert report.totals.tests == 15
    assert report.holders[0].name == "suite.KEPT"
    # Where the system says what the process has in RAM that decides, else the ledger's live bytes.
    assert 70_000_000 <= report.holders[0].survived_bytes <= 15 * 10_000_100
    page = shown(report)
    assert "INCOMPLETE: the run was cut in test suite.FastTest.test_15; figures are those" in page
    assert "module suite -> suite.KEPT" in page
