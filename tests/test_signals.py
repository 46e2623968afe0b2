"""`kill -USR1 PID`: the running process explains itself to stderr, and carries on."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

import pytest

from reftrack.records import load
from suites import PYTEST, UNITTEST
from support import FOR_LINUX, TIMEOUT, environment, plain, reftrack

OWN_RUN = ("-m", "pytest", "--reftrack", *PYTEST[2:])
RUNS = {
    "unittest": ("-m", "reftrack", "run", *UNITTEST),
    "pytest": ("-m", "reftrack", "run", *PYTEST),
    "pytest --reftrack": OWN_RUN,
}

MOMENTS = 60

AFTER, HEADING_ENDS = (", ", " resident\n") if FOR_LINUX else ("\n", "\n")
"""What follows the place in the heading of an explanation: what the process has in RAM, where the
system says that."""

# Each test waits for a file of its number, and says by another one that it waits.
WAITING = """
    import os, sys, time, unittest

    KEPT = []

    def wait(number):
        with open("writing", "w") as file:
            print(os.getpid(), file=file)
        os.rename("writing", f"waits-{number}")
        while not os.path.exists(f"go-{number}"):
            time.sleep(0.01)

    class WaitingTest(unittest.TestCase):
        def test_1_keeps(self):
            KEPT.append(bytearray(b"x" * 3_000_000))
            wait(1)
        def test_2_has_its_own(self):
            mine = bytearray(b"x" * 5_000_000)
            print("to stdout")
            print("to stderr", file=sys.stderr)
            wait(2)
            self.assertEqual(len(mine), 5_000_000)
        def test_3_fails(self):
            print("of a failure")
            os.write(2, b"of number 2\\n")
            wait(3)
            self.fail("on purpose")
"""


class Waiting:
    """A suite that is told when to go on."""

    def __init__(self, folder: Path, process: subprocess.Popen[str]) -> None:
        self.folder, self.process = folder, process

    def await_test(self, number: int) -> None:
        end = time.monotonic() + TIMEOUT
        while not (self.folder / f"waits-{number}").exists():
            assert self.process.poll() is None, "it has ended"
            assert time.monotonic() < end
            time.sleep(0.01)

    def worker(self) -> int:
        """The process that has come to the first test."""
        return int((self.folder / "waits-1").read_text())

    def explain(self, pid: int = 0) -> str:
        """Ask for it: what comes on stderr, up to the line that ends a report."""
        before = len(self.stderr())
        os.kill(pid or self.process.pid, signal.SIGUSR1)
        end = time.monotonic() + TIMEOUT
        while HEADING_ENDS not in (text := self.stderr()[before:]) or not _is_whole(text):
            assert self.process.poll() is None, text
            assert time.monotonic() < end, text
            time.sleep(0.02)
        return text

    def stderr(self) -> str:
        return (self.folder / "stderr").read_text()

    def go_on(self, *numbers: int) -> None:
        for number in numbers:
            (self.folder / f"go-{number}").touch()

    def finish(self) -> tuple[int, str, str]:
        self.go_on(1, 2, 3)
        status = self.process.wait(TIMEOUT)
        return status, (self.folder / "stdout").read_text(), self.stderr()


def _is_whole(text: str) -> bool:
    return text.endswith("\n") and ("RUNNER" in text or "  these: " in text)


@contextmanager
def waiting(folder: Path, command: tuple[str, ...], source: str = WAITING) -> Iterator[Waiting]:
    folder.mkdir(exist_ok=True)
    (folder / "suite.py").write_text(dedent(source))
    with (folder / "stdout").open("w") as out, (folder / "stderr").open("w") as err:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=folder,
            env=environment(folder),
            stdout=out,
            stderr=err,
            text=True,
        )
    try:
        yield Waiting(folder, process)
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("command", RUNS.values(), ids=RUNS.keys())
def test_a_running_suite_is_explained_and_carries_on(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    with waiting(tmp_path / "asked", command) as run:
        run.await_test(1)
        first = run.explain()
        run.go_on(1)
        run.await_test(2)
        second = run.explain()
        run.go_on(2)
        run.await_test(3)
        third = run.explain()
        record = next((run.folder / ".reftrack").glob("*.jsonl"))
        lines = record.read_text().count('"event":"checkpoint"')
        asked = run.finish()
    with waiting(tmp_path / "let alone", command) as run:
        let_alone = run.finish()

    assert f"test_1_keeps (call){AFTER}" in first
    assert "module suite -> suite.KEPT" in first
    assert "2.9 MiB in 1 test" in first
    assert f"test_2_has_its_own (call){AFTER}" in second
    assert "mine in test_2_has_its_own()" in second
    assert "suite.KEPT" in second
    assert f"test_3_fails (call){AFTER}" in third
    assert "mine" not in third
    assert lines == 3
    assert "INCOMPLETE" not in first + second + third
    assert _same(asked[1]) == _same(let_alone[1])
    assert asked[0] == let_alone[0] == 1
    assert load(record).complete
    for text in (first, second, third):
        assert "of a failure" not in text


def _same(output: str) -> list[str]:
    """Without seconds, and without pytest's section of the report: that of a run with more looks
    tells of what these have warmed up."""
    own = re.split(r"=+ reftrack =+", output)[0]
    return [line.partition(" in ")[0] for line in own.splitlines()]


STARTS = """
import subprocess, sys
sys.exit(subprocess.call([sys.executable, "-m", "unittest", "-q", "suite"]))
"""
FORKS = """
import multiprocessing, unittest
def work():
    unittest.main("suite", argv=["suite", "-q"])
if __name__ == "__main__":
    worker = multiprocessing.get_context("fork").Process(target=work)
    worker.start()
    worker.join()
    raise SystemExit(worker.exitcode)
"""
WORKERS = {
    "xdist": ("-m", "reftrack", "run", *PYTEST, "-n", "1"),
    "xdist --reftrack": (*OWN_RUN, "-n", "1"),
    "started": ("-m", "reftrack", "run", "starts.py"),
    "forked": ("-m", "reftrack", "run", "forks.py"),
}


@pytest.mark.parametrize("command", WORKERS.values(), ids=WORKERS.keys())
def test_workers_of_a_run_are_explained_too(tmp_path: Path, command: tuple[str, ...]) -> None:
    if "-n" in command:
        pytest.importorskip("xdist")
    (tmp_path / "starts.py").write_text(STARTS)
    (tmp_path / "forks.py").write_text(FORKS)
    with waiting(tmp_path, command) as run:
        run.await_test(1)
        of_run = run.explain()
        of_worker = run.explain(run.worker())
        status, _, stderr = run.finish()

    assert run.worker() != run.process.pid
    assert f"to ask its workers: kill -USR1 {run.worker()}\n" in of_run
    assert "KEPT" not in of_run
    assert f"before the first test{AFTER}" in of_run
    assert f"test_1_keeps (call){AFTER}" in of_worker
    assert "module suite -> suite.KEPT" in of_worker
    assert status == 1
    assert "INCOMPLETE" not in stderr


@pytest.mark.parametrize("command", RUNS.values(), ids=RUNS.keys())
def test_what_the_explanation_needs_is_charged_to_no_test(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    with waiting(tmp_path, command) as run:
        run.await_test(1)
        run.explain()
        run.finish()
        report = load(next((run.folder / ".reftrack").glob("*.jsonl")))

    tests = {s.id[-len("test_1_keeps") :]: s for s in report.scopes if s.scope == "test"}
    assert tests["test_1_keeps"].survived_bytes == pytest.approx(3_000_000, rel=0.02)
    # A dict from a free list may be the test's still (docs/limits.md).
    of_rich = [holder for holder in report.holders if "rich" in holder.name]
    assert sum(holder.survived_bytes for holder in of_rich) < 500


@pytest.mark.slow
def test_signals_come_at_any_moment(tmp_path: Path) -> None:
    """Given many signals, also while reftrack looks and proves, nothing changes but what is on
    stderr."""
    source = """
        import time, unittest
        KEPT = []
        class ManyTest(unittest.TestCase):
            pass
        def keeps(self):
            KEPT.append([bytes(100) for _ in range(2000)])
            time.sleep(0.005)
        for number in range(300):
            setattr(ManyTest, f"test_{number}", keeps)
    """
    with waiting(tmp_path, RUNS["unittest"], source) as run:
        while not list(tmp_path.glob(".reftrack/*.jsonl")):
            time.sleep(0.01)
        time.sleep(0.2)  # its handler is there
        sent, moments = 0, random.Random(1)
        while run.process.poll() is None and "record  " not in run.stderr() and sent < MOMENTS:
            run.process.send_signal(signal.SIGUSR1)
            sent += 1
            time.sleep(moments.uniform(0.0, 0.1))
        status, _, stderr = run.finish()

    assert sent > MOMENTS // 4
    assert status == 0, stderr
    assert "Ran 300 tests" in stderr
    report = load(next(tmp_path.glob(".reftrack/*.jsonl")))
    assert report.complete
    assert report.totals.tests == 300
    assert not [note for note in report.run.notes if "fault" in note]
    kept = sum(h.survived_bytes for h in report.holders if h.name == "suite.KEPT")
    assert kept == pytest.approx(300 * 2000 * (100 + 33 + 8), rel=0.1)


def test_a_program_has_its_own_handler(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(
        "import os, signal\n"
        "assert signal.getsignal(signal.SIGUSR2) == signal.SIG_DFL\n"
        "heard = []\n"
        "signal.signal(signal.SIGUSR1, lambda *_: heard.append(1))\n"
        "os.kill(os.getpid(), signal.SIGUSR1)\n"
        "print(heard)\n"
    )

    done = reftrack("run", "program.py", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (0, "[1]\n")
    assert "resident" not in done.stderr


def test_a_signal_that_is_ignored_stays_so(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(
        "import os, signal\n"
        "os.kill(os.getpid(), signal.SIGUSR1)\n"
        "print(signal.getsignal(signal.SIGUSR1) == signal.SIG_IGN)\n"
    )
    outer = (
        "import signal, subprocess, sys\n"
        "signal.signal(signal.SIGUSR1, signal.SIG_IGN)\n"
        "sys.exit(subprocess.call([sys.executable, *sys.argv[1:]]))\n"
    )

    done = plain("-c", outer, "-m", "reftrack", "run", "program.py", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (0, "True\n")
    assert "resident" not in done.stderr


def test_a_forked_child_dies_by_it_as_it_would(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(
        "import os, signal, time\n"
        "pid = os.fork()\n"
        "if not pid:\n"
        "    os.kill(os.getpid(), signal.SIGUSR1)\n"
        "    time.sleep(1)\n"
        "    os._exit(0)\n"
        "print(os.waitpid(pid, 0)[1] == signal.SIGUSR1)\n"
    )

    done = reftrack("run", "program.py", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (0, "True\n")


def test_a_daemon_keeps_no_copy_of_stderr(tmp_path: Path) -> None:
    """Given a child that closes its standard streams and lives on: who reads them sees the end."""
    (tmp_path / "program.py").write_text(
        "import os, time\n"
        "if not os.fork():\n"
        "    os.closerange(0, 3)\n"
        "    time.sleep(60)\n"
        "    os._exit(0)\n"
    )
    began = time.monotonic()

    done = reftrack("run", "program.py", cwd=tmp_path)

    assert done.returncode == 0
    assert time.monotonic() - began < 30


def test_what_holds_a_programs_memory_is_told_without_any_test(tmp_path: Path) -> None:
    source = (
        WAITING.replace("class WaitingTest(unittest.TestCase):", "class Shop:")
        + """
    Shop().test_1_keeps()
    """
    )
    with waiting(tmp_path, ("-m", "reftrack", "run", "suite.py"), source) as run:
        run.await_test(1)
        text = run.explain()
        run.finish()

    assert f"before the first test{AFTER}" in text
    assert "2.9 MiB in no test" in text
    assert "nothing survived" not in text


@pytest.mark.parametrize("stderr", ["closed", "full"])
def test_where_nobody_can_read_it_the_program_goes_on(tmp_path: Path, stderr: str) -> None:
    (tmp_path / "program.py").write_text(
        "import os, signal\nos.kill(os.getpid(), signal.SIGUSR1)\nprint('goes on')\n"
    )
    where = {"closed": "2>&-", "full": "2>/dev/full"}[stderr]

    done = subprocess.run(
        f"{sys.executable} -m reftrack run program.py {where}",
        shell=True,
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "goes on\n")
