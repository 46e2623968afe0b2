"""`--repeat N`: the reported tests run again, and the report says what each repetition kept."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

import pytest

from reftrack.model import Charge, Holder, Verdict
from reftrack.repetition import Once, problem_of, reported
from suites import PYTEST, UNITTEST, run_suite, scope
from support import environment, plain, reftrack

MB = 1_000_000


def holder(verdict: Verdict, size: int, *ids: str) -> Holder:
    charged = [Charge(id, "fixture" if id == "db" else "test", size, 1) for id in ids]
    return Holder("h", "cache", verdict, "your code", "", [], size, size, 1, [], charged, [])


# Which tests


def test_the_first_test_of_each_of_the_largest_holders_is_repeated() -> None:
    found = [
        holder("once", 3 * MB, "b", "a"),
        holder("growing", 5 * MB, "a", "b"),
        holder("runner", 9 * MB, "c"),
        holder("unexplained", 9 * MB, "d"),
        holder("once", 2 * MB, "db"),
        holder("once", 4 * MB, "db", "e"),
        holder("growing", 1 * MB, "a"),
        holder("once", 100, "f"),
    ]

    assert reported(found) == ["a", "e", "b"]


def test_of_many_holders_the_ten_largest_count() -> None:
    assert reported([holder("growing", n * MB, f"t{n}") for n in range(1, 50)]) == [
        f"t{n}" for n in range(49, 39, -1)
    ]


def test_a_test_that_came_out_otherwise_has_no_figure() -> None:
    assert problem_of([Once(1, "passed"), Once(2, "passed")], "passed") == ""
    assert problem_of([Once(1, "passed"), Once(2, "failed")], "passed") == (
        "its outcome was failed, not passed"
    )
    assert problem_of([Once(1, None)], "passed") == "its outcome was none, not passed"
    assert problem_of([], "passed") == "it could not be run again"


def test_a_test_whose_repetitions_were_cut_short_has_no_figure() -> None:
    cut_short = "its repetitions were cut short"
    assert problem_of([Once(1, "passed"), Once(2)], "passed", 2) == cut_short
    assert problem_of([Once(1, "passed")], "passed", 2) == cut_short
    assert problem_of([], "passed", 2) == cut_short
    assert problem_of([Once(1, "passed"), Once(2, "passed")], "passed", 2) == ""


# unittest

UNITTESTS = """
    import atexit, functools, os, sys, unittest

    CACHE, SEEN, RUNS = [], set(), []
    atexit.register(lambda: print("runs", len(RUNS), "classes", RUNS.count("class")))

    @functools.cache
    def loaded(): return bytearray(2_000_000)

    class T(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            RUNS.append("class")
            cls.data = bytearray(100_000)
        def setUp(self): self.user = bytearray(500_000)
        def test_cached(self): loaded()
        def test_fails(self):
            RUNS.append(1)
            print("on stdout", file=sys.stdout)
            os.system("echo from a child")
            self.fail("x" * len(self.data[:3]))
        def test_fails_too(self): self.fail()
        def test_grows(self): CACHE.append(bytearray(1_000_000))
        def test_not_twice(self):
            self.assertNotIn("seen", SEEN)
            SEEN.update(["seen", bytes(700_000)])
"""


def timeless(output: str) -> str:
    return re.sub(r"\d+\.\d+s", "...", output)


def test_unittest_tests_are_run_again_and_the_suite_comes_out_as_it_did(tmp_path: Path) -> None:
    """Given leaks that are held by the result and by a module, a cache, and a test that cannot run
    twice, then each has its figures, or why there are none; what the suite prints is as before."""
    (tmp_path / "suite.py").write_text(dedent(UNITTESTS))
    expected = plain(*UNITTEST, cwd=tmp_path)
    run = run_suite(tmp_path, UNITTESTS, "--repeat", "3", "--no-report", runner=UNITTEST)

    assert run.status == expected.returncode == 1
    assert timeless(run.stderr) == timeless(expected.stderr)
    assert "runs 2 classes 1" in expected.stdout
    assert run.stdout == expected.stdout.replace("runs 2 classes 1", "runs 6 classes 2")
    assert run.report.totals.tests == 5
    assert scope(run.report, "test_fails").repeats == pytest.approx([500_000] * 3, rel=0.02)
    assert scope(run.report, "test_grows").repeats == pytest.approx([1_000_000] * 3, rel=0.02)
    assert max(scope(run.report, "test_cached").repeats) < 1024
    once = scope(run.report, "test_not_twice")
    assert (once.repeats, once.repeat_problem) == ([], "its outcome was failed, not passed")


def test_holders_figures_have_nothing_of_the_repetitions(tmp_path: Path) -> None:
    run = run_suite(tmp_path, UNITTESTS, "--repeat", "5", runner=UNITTEST)

    [cache] = [holder for holder in run.report.holders if holder.name == "suite.CACHE"]
    assert cache.survived_bytes == pytest.approx(1_000_000, rel=0.01)
    assert re.search(r"5 repetitions of suite.T.test_grows kept 97\d.* each: it grows", run.stderr)
    assert (
        "5 repetitions of suite.T.test_cached kept nothing more: it was filled once" in run.stderr
    )


def test_a_suite_that_keeps_its_tests_keeps_the_repeated_ones(tmp_path: Path) -> None:
    """unittest as it was before Python 3.4: the holder that a repetition has to find again."""
    run = run_suite(
        tmp_path,
        """
        import unittest

        class Keeping(unittest.TestSuite):
            _cleanup = False

        class T(unittest.TestCase):
            def setUp(self): self.user = bytearray(500_000)
            def test_a(self): pass
            def test_b(self): pass

        unittest.defaultTestLoader.suiteClass = Keeping
        """,
        "--repeat=2",
        runner=UNITTEST,
    )

    assert scope(run.report, "test_a").repeats == pytest.approx([500_000] * 2, rel=0.02)


def test_what_runs_before_the_program_ends_is_left_as_it_was(tmp_path: Path) -> None:
    """Given a program that runs two suites and prints in between, when tests are repeated after
    each, then its streams are its own again, and each test is repeated once."""
    run = run_suite(
        tmp_path,
        """
        import sys, unittest
        out = sys.stdout
        KEPT, COUNT = [], []

        class T(unittest.TestCase):
            def test_a(self):
                COUNT.append(1)
                print("not shown again")
                KEPT.append(bytearray(1_000_000))

        for _ in range(2):
            load = unittest.defaultTestLoader.loadTestsFromTestCase
            unittest.TextTestRunner(stream=sys.stdout).run(load(T))
            assert sys.stdout is out
            print("ran", len(COUNT))
        """,
        "--repeat",
        "2",
        "--no-report",
        runner=("suite.py",),
    )

    assert run.status == 0, run.stderr
    assert re.findall(r"ran \d+", run.stdout) == ["ran 3", "ran 4"]
    assert run.stdout.count("not shown again") == 2


# pytest

PYTESTS = """
    import os, pytest, unittest

    CACHE, SEEN, LOG = [], set(), []

    @pytest.fixture(scope="session")
    def wide():
        LOG.append("set up")
        yield bytearray(3_000_000)

    @pytest.fixture
    def narrow(): return bytearray(100_000)

    @pytest.mark.parametrize("n", range(3))
    def test_grows(n, wide, narrow, capsys):
        CACHE.append(bytearray(1_000_000))
        print("captured")
        os.system("echo from a child")
        assert capsys.readouterr().out == "captured\\n"

    class TestPlain:
        @pytest.mark.parametrize("n", range(3))
        def test_instance(self, n):
            assert not hasattr(self, "document")
            self.document = bytearray(800_000)

    class Case(unittest.TestCase):
        def setUp(self): CACHE.append(bytearray(600_000))
        def test_case(self): self.fail()

    @pytest.mark.xfail
    def test_expected():
        SEEN.add(bytes(400_000))
        assert 0

    @pytest.mark.skip
    def test_skipped(): pass

    def test_not_twice():
        assert not any(type(item) is str for item in SEEN)
        SEEN.update(["seen", bytes(2_000_000)])

    def test_set_up_once(wide):
        assert LOG == ["set up"]
"""


def test_pytests_items_are_run_again_and_the_suite_comes_out_as_it_did(tmp_path: Path) -> None:
    """Given what a module and pytest itself keep, then each repetition has its figure, made with
    fixtures and instances of its own."""
    (tmp_path / "suite.py").write_text(dedent(PYTESTS))
    expected = plain(*PYTEST, cwd=tmp_path)
    run = run_suite(tmp_path, PYTESTS, "--repeat", "3", "--no-report")

    assert run.status == expected.returncode == 1
    assert timeless(run.stdout) == timeless(expected.stdout)
    assert run.stderr == expected.stderr
    assert run.report.totals.tests == 11
    assert scope(run.report, "test_grows[0]").repeats == pytest.approx([1_000_000] * 3, rel=0.02)
    instance = next(s for s in run.report.scopes if "test_instance" in s.id and s.repeats)
    assert instance.repeats == pytest.approx([800_000] * 3, rel=0.02)
    once = scope(run.report, "test_not_twice")
    assert (once.repeats, once.repeat_problem) == ([], "its outcome was failed, not passed")
    names = [s.id for s in run.report.scopes if s.scope == "fixture"]
    assert names == ["wide (session)"]


@pytest.mark.parametrize("way", ["flag", "environment", "pyproject"])
def test_repetitions_can_be_asked_for_in_every_way(tmp_path: Path, way: str) -> None:
    (tmp_path / "suite.py").write_text(dedent(PYTESTS))
    arguments = [*PYTEST, "--reftrack"]
    env = {}
    if way == "flag":
        arguments.append("--reftrack-repeat=2")
    elif way == "environment":
        env["REFTRACK_REPEAT"] = "2"
    else:
        (tmp_path / "pyproject.toml").write_text("[tool.reftrack]\nrepeat = 2\n")

    done = plain(*arguments, cwd=tmp_path, env=environment(tmp_path, env))

    assert re.search(r"2 repetitions of suite.py::test_grows\[0\] kept 97\d", done.stderr)


def test_a_run_that_was_stopped_is_not_gone_on_with(tmp_path: Path) -> None:
    for runner, source in ((PYTEST, PYTESTS), (UNITTEST, UNITTESTS)):
        flag = "-x" if runner is PYTEST else "-f"
        run = run_suite(tmp_path, source, "--repeat", "3", runner=(*runner, flag))

        assert run.status == 1
        assert not any(scope.repeats or scope.repeat_problem for scope in run.report.scopes)


def test_without_the_option_no_test_runs_twice(tmp_path: Path) -> None:
    run = run_suite(tmp_path, UNITTESTS, runner=UNITTEST)

    assert "runs 2 classes 1" in run.stdout
    assert not any(scope.repeats or scope.repeat_problem for scope in run.report.scopes)


def test_a_number_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    done = reftrack("run", "--repeat", "-1", "-c", "pass", cwd=tmp_path)

    assert done.returncode == 2
    assert "--repeat: '-1' is not a whole number up to 1000" in done.stderr


def test_under_a_low_limit_of_descriptors_the_suites_output_goes_where_it_went(
    tmp_path: Path,
) -> None:
    (tmp_path / "test_low.py").write_text(
        dedent(
            """
            import resource, unittest
            KEPT = []
            class Low(unittest.TestCase):
                def test_keeps(self):
                    KEPT.append(bytearray(100_000))
                    resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))
            """
        )
    )
    command = ("-m", "unittest", "test_low")
    ran = reftrack("run", "--repeat", "2", *command, cwd=tmp_path)
    assert ran.returncode == 0
    assert "\nOK\n" in ran.stderr
    assert "2 repetitions of test_low.Low.test_keeps kept 97." in ran.stderr


def test_what_repetitions_kept_goes_without_a_word(tmp_path: Path) -> None:
    """Given finalizers whose errors and warnings end a strict run, when the copies go, nobody hears
    of it."""
    (tmp_path / "test_strict.py").write_text(
        dedent(
            """
            class Loud:
                def __del__(self): raise ValueError("heard")
            class TestKept:
                def test_keeps(self):
                    self.kept = bytearray(100_000)
                    self.file = open("/dev/null")
                    self.loud, self.loud.loud = Loud(), Loud()
            """
        )
    )
    command = ("-m", "pytest", "-q", "-W", "error", "test_strict.py")
    ran = reftrack("run", "--repeat", "2", *command, cwd=tmp_path)
    assert ran.returncode == 0
    assert "repetition.py" not in ran.stdout + ran.stderr
    assert "2 repetitions of test_strict.py::TestKept::test_keeps kept" in ran.stderr
