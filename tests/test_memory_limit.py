"""`--memory-limit`: the run says what holds the memory, and stops as its runner stops."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from reftrack import _reftrack, sizes
from reftrack.model import Report
from reftrack.records import load
from suites import PYTEST, UNITTEST, Run, run_suite
from support import FOR_LINUX, reftrack

MIB = 1 << 20
pytestmark = pytest.mark.skipif(not FOR_LINUX, reason="the system does not say what there is")
EXAMPLE = Path(__file__).parent.parent / "examples" / "django_users"

# No mistake of a test's makes the machine short of memory.
BOUNDED = """
    import gc, resource, threading, time, unittest
    resource.setrlimit(resource.RLIMIT_AS, (3 << 30, resource.RLIM_INFINITY))
    KEPT = []
"""

GROWING = (
    BOUNDED
    + """
    class GrowingTest(unittest.TestCase):
        pass

    def grow(self):
        KEPT.append(bytearray(b"x" * 12_000_000))

    for number in range(100):
        setattr(GrowingTest, f"test_{number:02}", grow)
"""
)


def stopped(run: Run, limit: str) -> str:
    """The one reason for which the run did not pass: what its report begins with."""
    (reason,) = run.report.failed
    assert f"over the limit of {limit}" in reason
    assert f"FAILED: {reason}" in " ".join(line.strip() for line in run.stderr.splitlines())
    assert f"reftrack: {reason}: the run is stopped" in run.stderr.splitlines()
    return reason


def resident(reason: str) -> int:
    return sizes.parse(reason.removeprefix("memory: ").partition(" resident")[0])


@pytest.mark.parametrize("runner", [UNITTEST, PYTEST], ids=["unittest", "pytest"])
def test_a_growing_suite_is_stopped_and_its_own_report_is_printed(
    tmp_path: Path, runner: tuple[str, ...]
) -> None:
    """Given a suite that would keep 1.2 GB, a limit of 500 MiB ends it near there."""
    run = run_suite(tmp_path, GROWING, "--memory-limit", "500MiB", runner=runner)

    reason = stopped(run, "500.0 MiB")
    assert 500 * MIB <= resident(reason) < 540 * MIB  # told to a tenth of a MiB
    assert "of it held by suite.KEPT" in reason
    tests = run.report.totals.tests
    assert 35 <= tests <= 43
    assert run.report.complete
    holder = run.report.holders[0]
    assert holder.name == "suite.KEPT"
    assert holder.survived_bytes == pytest.approx(12_000_000 * tests, rel=0.05)
    if runner is UNITTEST:
        assert f"Ran {tests} tests" in run.stderr
        assert run.stderr.index("Ran ") < run.stderr.index("FAILED: memory:")
        assert run.status == 1  # unittest itself says OK, and 0
    else:
        assert f"{tests} passed" in run.stdout
        assert f"Interrupted: reftrack: {reason}" in run.stdout
        assert run.status == 2
    assert not any("interrupted" in note for note in run.report.run.notes)


def test_a_run_below_its_limit_is_as_it_was(tmp_path: Path) -> None:
    source = (
        BOUNDED
        + """
    class T(unittest.TestCase):
        def test_few(self):
            self.assertEqual(threading.active_count(), 1)
            self.assertEqual(threading.enumerate(), [threading.main_thread()])
            time.sleep(0.2)
    """
    )

    run = run_suite(tmp_path, source, "--memory-limit", "2 GiB", runner=UNITTEST)

    assert (run.status, run.report.failed, run.report.run.notes) == (0, [], [])
    assert "FAILED" not in run.stderr


def django_project(folder: Path, source: str) -> Path:
    """The example, with one more file of tests."""
    project = folder / "project"
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns(".reftrack", "__pycache__"))
    (project / "users_app/tests/test_growing.py").write_text(source)
    return project


def test_djangos_suite_is_stopped_and_its_own_report_is_printed(tmp_path: Path) -> None:
    project = django_project(
        tmp_path,
        "from django.test import TestCase\n"
        "from users_app.models import User\n"
        "class GrowingTest(TestCase):\n"
        "    pass\n"
        "def grow(self):\n"
        "    self.user = User.objects.first()\n"
        "    self.picture = bytearray(b'x' * 12_000_000)\n"
        "for number in range(100):\n"
        "    setattr(GrowingTest, f'test_{number:02}', grow)\n",
    )
    json = tmp_path / "out.json"

    done = reftrack(
        *("run", "--memory-limit", "500MiB", "--json", json),
        *("manage.py", "test", "users_app.tests.test_growing"),
        cwd=project,
        env={"KEEP_TESTS": "1"},
    )

    report = msgspec.json.decode(json.read_bytes(), type=Report)
    (reason,) = report.failed
    assert "of it held by GrowingTest.picture" in reason
    assert "in users_app.tests.test_growing.GrowingTest.test_" in reason.replace("after", "in")
    assert 25 <= report.totals.tests <= 43
    assert f"Ran {report.totals.tests} tests" in done.stderr
    assert "Destroying test database" in done.stderr
    assert done.returncode == 1
    assert report.holders[0].name == "GrowingTest.picture"


SET_UPS = {
    "setUpClass": "class suite.T",
    "tearDownClass": "class suite.T",
    "setUpModule": "module suite",
}


@pytest.mark.parametrize("phase", SET_UPS)
def test_what_sets_up_or_tears_down_counts_while_it_runs(tmp_path: Path, phase: str) -> None:
    source = (
        BOUNDED
        + f"""
    def grow(*_):
        while len(KEPT) < 100:
            KEPT.append(bytearray(b"x" * 5_000_000))
            time.sleep(0.005)
    class T(unittest.TestCase):
        def test_1(self): pass
    if "{phase}" == "setUpModule":
        setUpModule = grow
    else:
        T.{phase} = classmethod(grow)
    """
    )

    run = run_suite(tmp_path, source, "--memory-limit", "200MiB", runner=UNITTEST)

    reason = stopped(run, "200.0 MiB")
    assert f"in {SET_UPS[phase]}; " in reason
    held = sizes.parse(reason.partition("; ")[2].partition(" of it held by suite.KEPT")[0])
    assert held > 150 * MIB


@pytest.mark.slow
def test_workers_of_xdist_have_the_limit_each_and_the_run_stops_as_pytest_does(
    tmp_path: Path,
) -> None:
    pytest.importorskip("xdist")

    run = run_suite(*(tmp_path, GROWING, "--memory-limit", "300MiB"), runner=(*PYTEST, "-n", "2"))

    assert 1 <= len(run.report.failed) <= 2
    for reason in run.report.failed:
        assert "over the limit of 300.0 MiB" in reason
        assert "of it held by suite.KEPT" in reason
        assert 300 * MIB < resident(reason) < 340 * MIB
        assert f"reftrack: {reason}: the run is stopped" in run.stderr.splitlines()
    assert f"{run.report.totals.tests} passed" in run.stdout
    assert run.report.totals.tests < 60
    assert run.report.complete
    assert run.status == 2


@pytest.mark.slow
def test_djangos_workers_have_the_limit_each_and_the_run_goes_on_to_its_report(
    tmp_path: Path,
) -> None:
    project = django_project(
        tmp_path,
        "from django.test import SimpleTestCase\n"
        "KEPT = []\n"
        "def grow(self):\n"
        "    KEPT.append(bytearray(b'x' * 12_000_000))\n"
        "for letter in 'ABCDEF':\n"
        "    name = f'{letter}Test'\n"
        "    own = {f'test_{number}': grow for number in range(20)}\n"
        "    globals()[name] = type(name, (SimpleTestCase,), {'__module__': __name__, **own})\n",
    )
    json = tmp_path / "out.json"

    done = reftrack(
        *("run", "--memory-limit", "300MiB", "--json", json),
        *("manage.py", "test", "users_app.tests.test_growing", "--parallel", "2"),
        cwd=project,
    )

    report = msgspec.json.decode(json.read_bytes(), type=Report)
    assert 1 <= len(report.failed) <= 2  # the first may have taken all that is left
    for reason in report.failed:
        assert "of it held by users_app.tests.test_growing.KEPT" in reason
        assert 300 * MIB < resident(reason) < 340 * MIB
    assert f"Ran {report.totals.tests} tests" in done.stderr
    assert report.totals.tests < 80
    assert report.complete
    assert done.returncode == 1


ENDLESS = (
    BOUNDED
    + """
    class EndlessTest(unittest.TestCase):
        def tearDown(self):
            print("torn down", self._testMethodName, flush=True)
        def test_1_fine(self):
            pass
        def test_2_endless(self):
            mine = []
            while True:
                mine.append("x" * 100_000)
        def test_3_is_not_begun(self):
            pass
"""
)


@pytest.mark.parametrize("runner", [UNITTEST, (*PYTEST, "-s")], ids=["unittest", "pytest"])
def test_one_test_that_grows_without_end_gets_an_error(
    tmp_path: Path, runner: tuple[str, ...]
) -> None:
    """It is torn down as after any error, its traceback has no frame of reftrack's, and no other
    test is begun."""
    run = run_suite(tmp_path, ENDLESS, "--memory-limit", "300MiB", runner=runner)

    reason = stopped(run, "300.0 MiB")
    assert "test_2_endless (call)" in reason
    assert "of it held by mine in test_2_endless()" in reason
    outcomes = {s.id[-9:]: s.outcome for s in run.report.scopes if s.scope == "test"}
    assert outcomes == {
        "st_1_fine": "passed",
        "2_endless": "error" if runner is UNITTEST else "failed",
    }
    assert "torn down test_2_endless" in run.stdout
    output = run.stdout + run.stderr
    assert "MemoryError: reftrack: " in output
    assert "far over the limit of 300.0 MiB, and growing" in output
    assert "limits.py" not in output
    assert run.status == (1 if runner is UNITTEST else 2)


def test_a_test_that_goes_on_in_spite_of_the_error_is_interrupted(tmp_path: Path) -> None:
    source = ENDLESS.replace(
        "            while True:\n",
        "            while True:\n              try:\n                while True:\n  ",
    ).replace("* 100_000)\n", "* 100_000)\n              except Exception:\n                pass\n")

    run = run_suite(tmp_path, source, "--memory-limit", "300MiB", runner=PYTEST)

    assert "KeyboardInterrupt" in run.stdout
    assert "1 passed" in run.stdout
    assert run.status == 2
    assert "test_2_endless" in stopped(run, "300.0 MiB")


def test_what_the_runner_does_after_its_last_test_is_not_interrupted(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        "import time\n"
        "def pytest_unconfigure():\n"
        "    kept = [(bytearray(b'x' * 12_000_000), time.sleep(0.01)) for _ in range(30)]\n"
        "    print('unconfigured')\n"
    )

    run = run_suite(tmp_path, GROWING, "--memory-limit", "300MiB", runner=PYTEST)

    assert "unconfigured" in run.stdout
    assert "KeyboardInterrupt" not in run.stdout + run.stderr
    assert run.status == 2
    assert "GrowingTest" in stopped(run, "300.0 MiB")


def test_memory_of_c_code_counts_and_is_seen_in_the_middle_of_a_test(tmp_path: Path) -> None:
    source = (
        BOUNDED
        + """
    class MapTest(unittest.TestCase):
        def test_maps(self):
            import mmap
            for _ in range(60):
                KEPT.append(mmap.mmap(-1, 10_000_000))
                KEPT[-1].write(b"x" * 10_000_000)
                time.sleep(0.02)
    """
    )

    run = run_suite(tmp_path, source, "--memory-limit", "300MiB", runner=UNITTEST)

    reason = stopped(run, "300.0 MiB")
    assert "in suite.MapTest.test_maps (call); all that tests have left in Python is " in reason
    assert "MemoryError" in run.stderr


@pytest.mark.parametrize("fork", ["os.fork()", "multiprocessing"])
def test_forks_are_warned_of_no_thread_and_the_watcher_goes_on(tmp_path: Path, fork: str) -> None:
    """From 3.12 on Python warns who forks a process of several threads, by the system's count."""
    body = {
        "os.fork()": "if not (pid := os.fork()):\n                os._exit(0)\n"
        "            self.assertEqual(os.waitpid(pid, 0)[1], 0)",
        "multiprocessing": "context = multiprocessing.get_context('fork')\n"
        "            child = context.Process(target=print, args=('child',))\n"
        "            child.start()\n            child.join()\n"
        "            self.assertEqual(child.exitcode, 0)",
    }[fork]
    source = (
        BOUNDED
        + f"""
    import multiprocessing, os, warnings
    class ForkTest(unittest.TestCase):
        def test_1_forks(self):
            warnings.simplefilter("error")
            {body}
            self.assertEqual(len(os.listdir("/proc/self/task")), 2)
        def test_2_grows(self):
            for _ in range(100):
                KEPT.append("x" * 5_000_000)
                time.sleep(0.01)
    """
    )

    run = run_suite(tmp_path, source, "--memory-limit", "300MiB", runner=UNITTEST)

    assert "Ran 2 tests" in run.stderr
    assert "FAILED (errors=1)" in run.stderr, run.stderr
    assert "in suite.ForkTest.test_2_grows (call)" in stopped(run, "300.0 MiB")


def test_with_release_the_run_goes_on_where_that_is_enough(tmp_path: Path) -> None:
    """Given failing tests that a result keeps, each with 30 MB in a cycle while the collector is
    off: only when these are let go of, and collected, does the process get smaller."""
    source = (
        BOUNDED
        + """
    gc.disable()
    class CycleTest(unittest.TestCase):
        def setUp(self):
            self.data = [bytearray(b"x" * 30_000_000)]
            self.data.append(self.data)
    def fails(self):
        self.fail()
    for number in range(30):
        setattr(CycleTest, f"test_{number:02}", fails)
    """
    )

    released = run_suite(tmp_path, source, "--memory-limit", "300MiB", "--release", runner=UNITTEST)
    kept = run_suite(tmp_path, source, "--memory-limit", "300MiB", runner=UNITTEST)

    assert "Ran 30 tests" in released.stderr
    assert released.report.failed == []
    assert released.report.totals.tests == 30
    assert any(
        note.partition(" memory came to the limit of 300.0 MiB: it went from ")[1]
        for note in released.report.run.notes
    )
    assert kept.report.totals.tests < 12
    assert "of it held by CycleTest.data" in stopped(kept, "300.0 MiB")


def test_garbage_is_no_reason_to_stop(tmp_path: Path) -> None:
    source = (
        BOUNDED
        + """
    gc.disable()
    class CycleTest(unittest.TestCase):
        pass
    def leaves_a_cycle(self):
        data = [bytearray(b"x" * 30_000_000)]
        data.append(data)
    for number in range(30):
        setattr(CycleTest, f"test_{number:02}", leaves_a_cycle)
    """
    )

    run = run_suite(tmp_path, source, "--memory-limit", "300MiB", runner=UNITTEST)

    assert (run.status, run.report.totals.tests, run.report.failed) == (0, 30, [])
    assert sum("memory came to the limit" in note for note in run.report.run.notes) == 1


def test_a_program_without_a_runner_is_interrupted_as_by_ctrl_c(tmp_path: Path) -> None:
    (tmp_path / "service.py").write_text(
        "import resource\n"
        "resource.setrlimit(resource.RLIMIT_AS, (3 << 30, resource.RLIM_INFINITY))\n"
        "class Session: pass\n"
        "class Server:\n"
        "    def __init__(self):\n"
        "        self.sessions = []\n"
        "    def serve(self):\n"
        "        while True:\n"
        "            self.sessions.append(Session())\n"
        "            self.sessions[-1].data = 'x' * 50_000\n"
        "SERVER = Server()\n"
        "try:\n"
        "    SERVER.serve()\n"
        "finally:\n"
        "    print('cleaned up')\n"
    )

    done = reftrack("run", "--memory-limit", "300 MiB", "service.py", cwd=tmp_path)

    assert done.returncode == -2
    assert "cleaned up" in done.stdout
    assert "resident, over the limit of 300.0 MiB, before the first test" in done.stderr
    assert "of it held by" in done.stderr
    assert "KeyboardInterrupt" in done.stderr
    assert "FAILED: memory:" in done.stderr


@pytest.mark.parametrize("source", ["command line", "pytest"])
def test_a_limit_below_what_there_is_already_is_an_error(tmp_path: Path, source: str) -> None:
    (tmp_path / "test_x.py").write_text("def test_x(): pass\n")
    if source == "pytest":
        done = reftrack("run", "-m", "pytest", cwd=tmp_path, env={"REFTRACK_MEMORY_LIMIT": "5MiB"})
    else:
        done = reftrack("run", "--memory-limit", "5MiB", "-m", "pytest", cwd=tmp_path)

    assert done.returncode == 2
    assert "--memory-limit: 5.0 MiB is less than the " in done.stderr
    assert "Set a larger one" in done.stderr
    assert not list(tmp_path.glob(".reftrack/*.jsonl"))


def test_a_record_that_ends_after_the_limit_says_so(tmp_path: Path) -> None:
    """Given a run that the system has killed all the same, right after it was told to stop."""
    run = run_suite(tmp_path, GROWING, "--memory-limit", "200MiB", runner=UNITTEST)
    record = next((tmp_path / ".reftrack").glob("*.jsonl"))
    lines = record.read_bytes().splitlines(keepends=True)
    at = next(k for k, line in enumerate(lines) if line.startswith(b'{"event":"failed"'))
    record.write_bytes(b"".join(lines[: at + 1]))

    report = load(record)

    assert report.failed == run.report.failed
    assert not report.complete
    assert report.holders[0].name == "suite.KEPT"


def test_the_watcher_asks_again_until_the_level_is_raised() -> None:
    asked: list[int] = []

    def answer() -> BaseException | None:
        asked.append(_reftrack.footprint()[0])
        if len(asked) == 3:
            _reftrack.watch_above(1 << 62)
            return LookupError("three times")
        return None

    _reftrack.watch(1, answer)
    try:
        with pytest.raises(LookupError, match="three times"):
            _wait(asked)
    finally:
        _reftrack.unwatch()
        _reftrack.unwatch()
    assert len(asked) == 3
    assert all(number > MIB for number in asked)


def _wait(asked: list[int]) -> None:
    while len(asked) < 5:
        sum(range(1000))


def test_the_watcher_takes_no_descriptor_of_the_programs(tmp_path: Path) -> None:
    source = (
        BOUNDED
        + """
    import os
    class DescriptorTest(unittest.TestCase):
        def test_all_closed(self):
            for number in range(3, 2000):
                try:
                    os.close(number)
                except OSError:
                    pass
            lowest = os.open("/dev/null", os.O_RDONLY)
            for _ in range(30):
                time.sleep(0.01)
                another = os.open("/dev/null", os.O_RDONLY)
                self.assertEqual(another, lowest + 1)
                os.close(another)
            for _ in range(60):
                KEPT.append("x" * 10_000_000)
                time.sleep(0.01)
    """
    )

    run = run_suite(tmp_path, source, "--memory-limit", "300MiB", runner=UNITTEST)

    assert "MemoryError" in run.stderr, run.stderr
    assert "in suite.DescriptorTest.test_all_closed (call)" in stopped(run, "300.0 MiB")
