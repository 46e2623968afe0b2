"""Runs of several processes: each has a record of its own, and one report tells of all."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import msgspec
import pytest

from reftrack.model import Holder, Report
from support import FOR_LINUX, reftrack

PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "suite.py")
WORTH = 20_000  # bytes of a holder that was planted

LEAKS = """
    import unittest
    import pytest

    CACHE, LAZY = {}, {}

    @pytest.fixture(scope="session")
    def session_wide():
        CACHE["session"] = bytearray(500_000)

    @pytest.fixture(scope="module")
    def module_wide():
        return bytearray(100_000)

    def warm():
        if not LAZY:
            LAZY["x"] = bytearray(250_000)

    class TestPlain:
        def setup_method(self):
            self.document = bytearray(100_000)

        @pytest.mark.parametrize("n", range(12))
        def test_document(self, n, session_wide):
            warm()

    class ClassTest(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            cls.data = bytearray(300_000)

        def setUp(self):
            CACHE[self.id()] = bytearray(80_000)

        def test_a(self): warm()
        def test_b(self): pass
        def test_c(self): pass
        def test_d(self): pass
        def test_e(self): pass
        def test_f(self): pass
        def test_failing(self): self.fail("x")

    @pytest.mark.parametrize("n", range(6))
    def test_with_fixture(module_wide, n):
        warm()
"""


class Run:
    """A program's run in `folder`, whose suite has been written there."""

    def __init__(self, folder: Path, *words: str, options: tuple[str, ...] = ()) -> None:
        self.json = folder / "out.json"
        self.json.unlink(missing_ok=True)
        self.records = folder / ".reftrack"
        before = set(self.records.glob("*.jsonl"))
        done = reftrack("run", "--json", self.json, *options, *words, cwd=folder)
        assert self.json.exists(), done.stderr
        self.status, self.stdout, self.stderr = done.returncode, done.stdout, done.stderr
        self.processes = len(set(self.records.glob("*.jsonl")) - before) - 1
        self.report = msgspec.json.decode(self.json.read_bytes(), type=Report)

    @property
    def tests(self) -> list[str]:
        return sorted(scope.id for scope in self.report.scopes if scope.scope == "test")

    def planted(self) -> dict[str, Holder]:
        return {
            holder.name.removesuffix(" (module)"): holder
            for holder in self.report.holders
            if holder.survived_bytes >= WORTH
            and holder.verdict in ("growing", "once")
            and holder.owner != "library"
        }


def write(folder: Path, source: str, name: str = "suite.py") -> None:
    (folder / name).write_text(dedent(source))


def worth(holder: Holder) -> int:
    """Scopes charged with more than strays from free lists."""
    return sum(charge.bytes >= 1000 for charge in holder.charged)


def assert_alike(merged: Run, serial: Run) -> None:
    """Tests, holders, verdicts and bytes, within 5 %."""
    assert merged.tests == serial.tests
    assert merged.report.complete
    assert merged.report.totals.survived_bytes == pytest.approx(
        serial.report.totals.survived_bytes, rel=0.05
    )
    here, there = merged.planted(), serial.planted()
    assert here.keys() == there.keys()
    for name, holder in here.items():
        other = there[name]
        assert holder.verdict == other.verdict, name
        assert holder.survived_bytes == pytest.approx(other.survived_bytes, rel=0.05), name
        assert worth(holder) == worth(other), name


@pytest.fixture(scope="module")
def serial(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The run of that suite in one process."""
    folder = tmp_path_factory.mktemp("serial")
    write(folder, LEAKS)
    return Run(folder, *PYTEST)


@pytest.mark.slow
@pytest.mark.parametrize("dist", ["load", "loadscope", "loadfile", "loadgroup", "worksteal"])
def test_workers_of_xdist_come_to_one_report_that_equals_the_serial_one(
    tmp_path: Path, serial: Run, dist: str
) -> None:
    write(tmp_path, LEAKS)

    merged = Run(tmp_path, *PYTEST, "-n", "2", "--dist", dist)

    assert merged.status == serial.status == 1
    assert merged.processes == 2
    assert_alike(merged, serial)
    assert serial.planted().keys() == {
        "ClassTest.data",
        "TestPlain.document",
        "fixture module_wide",
        "suite.CACHE",
        "suite.LAZY",
    }


@pytest.mark.slow
def test_xdist_under_pytest_reftrack_has_one_report_on_the_controller(tmp_path: Path) -> None:
    from support import plain

    write(tmp_path, LEAKS)
    json = tmp_path / "out.json"

    done = plain(*PYTEST, "--reftrack", "--reftrack-json", str(json), "-n", "2", cwd=tmp_path)

    report = msgspec.json.decode(json.read_bytes(), type=Report)
    assert done.returncode == 1
    assert report.totals.tests == 25
    assert report.run.processes == 2
    assert (done.stdout + done.stderr).count("GROWING") == 2


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_no_test_but_the_one_it_was_in(tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        import os, signal
        import pytest

        KEPT = []

        @pytest.mark.parametrize("n", range(20))
        def test_n(n):
            KEPT.append(bytearray(50_000))
            if n == 7:
                os.kill(os.getpid(), signal.SIGKILL)
        """,
    )

    run = Run(tmp_path, *PYTEST, "-n", "2")

    assert run.tests == sorted(f"suite.py::test_n[{n}]" for n in range(20) if n != 7)
    assert run.report.run.cut_in == ["suite.py::test_n[7]"]
    assert not run.report.complete
    assert "suite.KEPT" in run.planted()


def test_what_a_script_starts_is_a_part_of_its_run(tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        import unittest

        KEPT = []

        class Test(unittest.TestCase):
            def test_a(self): KEPT.append(bytearray(100_000))
            def test_b(self): KEPT.append(bytearray(100_000))
            def test_c(self): KEPT.append(bytearray(100_000))
        """,
    )
    write(
        tmp_path,
        """
        import subprocess, sys
        sys.exit(subprocess.call([sys.executable, "-m", "unittest", "suite"]))
        """,
        "script.py",
    )

    run = Run(tmp_path, "script.py")

    assert run.processes == 1
    assert run.report.complete
    assert run.planted()["suite.KEPT"].verdict == "growing"
    proved = pytest.approx(300_000, rel=0.02) if FOR_LINUX else None  # proofs need Linux
    assert run.planted()["suite.KEPT"].proved_bytes == proved


def test_what_a_test_starts_or_forks_is_a_part_of_that_test(tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        import os, subprocess, sys, textwrap, unittest

        INNER = '''
        import unittest
        class T(unittest.TestCase):
            def test(self): pass
        unittest.main()
        '''

        class Test(unittest.TestCase):
            def test_starts(self):
                subprocess.run([sys.executable, "-c", textwrap.dedent(INNER)], check=True)

            def test_forks(self):
                if os.fork() == 0:
                    unittest.TextTestRunner().run(Inner("test"))
                    os._exit(0)
                os.wait()

        class Inner(unittest.TestCase):
            def test(self): pass
        """,
    )

    run = Run(tmp_path, "-m", "unittest", "suite.Test")

    assert run.processes == 0
    assert run.tests == ["suite.Test.test_forks", "suite.Test.test_starts"]


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workers_of_multiprocessing_join_whatever_starts_them(
    tmp_path: Path, method: str, workers: int
) -> None:
    """One worker that runs both suites looks once more when it ends."""
    write(
        tmp_path,
        f"""
        import multiprocessing, unittest

        KEPT = []

        class Test(unittest.TestCase):
            def test_a(self): KEPT.append(bytearray(100_000))
            def test_b(self): KEPT.append(bytearray(100_000))
            def test_c(self): KEPT.append(bytearray(100_000))

        class Other(Test):
            pass

        def run(name):
            suite = unittest.defaultTestLoader.loadTestsFromName(name)
            return unittest.TextTestRunner().run(suite).testsRun

        if __name__ == "__main__":
            with multiprocessing.get_context("{method}").Pool({workers}) as pool:
                print(pool.map(run, ["suite.Test", "suite.Other"], chunksize=1))
                pool.close()
                pool.join()
        """,
    )

    run = Run(tmp_path, "suite.py")

    assert "[3, 3]" in run.stdout, run.stderr
    assert len(run.tests) == 6
    kept = [holder for name, holder in run.planted().items() if name.endswith("KEPT")]
    assert [holder.verdict for holder in kept] == ["growing"]
    assert kept[0].survived_bytes == pytest.approx(600_000, rel=0.05)


def test_a_forked_worker_that_ends_without_a_word_leaves_what_its_last_suite_left(
    tmp_path: Path,
) -> None:
    write(
        tmp_path,
        """
        import os, unittest

        KEPT = []

        class Test(unittest.TestCase):
            def test_a(self): KEPT.append(bytearray(100_000))
            def test_b(self): KEPT.append(bytearray(100_000))
            def test_c(self): KEPT.append(bytearray(100_000))

        if os.fork() == 0:
            unittest.main(exit=False)
            os._exit(0)
        os.wait()
        """,
    )

    run = Run(tmp_path, "suite.py")

    assert run.report.complete
    assert run.planted()["__main__.KEPT"].survived_bytes == pytest.approx(300_000, rel=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_djangos_workers_come_to_one_report_that_equals_the_serial_one(
    tmp_path: Path, method: str
) -> None:
    pytest.importorskip("tblib")
    write(
        tmp_path,
        """
        import multiprocessing, sys
        import django
        from django.conf import settings
        from django.test.utils import get_runner

        settings.configure(
            DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
            INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
        )
        django.setup()
        if __name__ == "__main__":
            multiprocessing.set_start_method(sys.argv[1])
            runner = get_runner(settings)(parallel=int(sys.argv[2]))
            sys.exit(bool(runner.run_tests(["suite"])))
        """,
        "manage.py",
    )
    write(
        tmp_path,
        """
        from django.contrib.auth.models import User
        from django.test import TestCase

        CACHE = {}

        class Base:
            @classmethod
            def setUpClass(cls):
                super().setUpClass()
                cls.data = bytearray(300_000)

            def setUp(self):
                CACHE[self.id()] = bytearray(80_000), User.objects.create(username="x")

            def test_a(self): pass
            def test_b(self): pass
            def test_c(self): pass
            def test_d(self): pass

        class ATest(Base, TestCase): pass
        class BTest(Base, TestCase): pass
        class CTest(Base, TestCase): pass
        """,
    )

    serial = Run(tmp_path, "manage.py", method, "0")
    merged = Run(tmp_path, "manage.py", method, "2")

    assert merged.status == serial.status == 0, merged.stdout + merged.stderr
    assert merged.processes == 2
    assert_alike(merged, serial)
    assert serial.planted()["suite.CACHE"].verdict == "growing"
