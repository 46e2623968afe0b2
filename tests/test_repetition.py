"""`--repeat N`: the reported tests run again, and the report says what each repetition kept."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from reftrack.model import Charge, Holder, Verdict
from reftrack.repetition import Once, problem_of, reported
from suites import PYTEST, UNITTEST, Run, run_suite, scope
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
    return re.sub(r"\d+\.\d+s|0x[0-9a-f]+", "...", output)


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
    assert names == ["wide (session)"] * 2  # set up and torn down, by the run itself


SUBTESTS = """
    import unittest

    KEPT, RUNS = [], []

    def test_first_passes(subtests, record_xml_attribute):
        KEPT.append(bytearray(100_000))
        RUNS.append(1)
        record_xml_attribute("run", len(RUNS))
        for i in range(5):
            with subtests.test(i=i):
                assert len(RUNS) == 1

    def test_fails(subtests):
        RUNS.append(bytearray(200_000))
        with subtests.test():
            assert 0

    class TestCase(unittest.TestCase):
        def test_fails(self):
            type(self).kept = [*getattr(self, "kept", []), bytearray(150_000)]
            with self.subTest(): self.fail()
"""


def without_times(xml: str) -> str:
    return timeless(re.sub(r'time\w*="[^"]*"', "", xml))


@pytest.mark.skipif(not hasattr(pytest, "Subtests"), reason="pytest 9 has them")
def test_nobody_hears_of_repeated_subtests(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        "def pytest_runtest_logreport(report): print(report.when, report.outcome)\n"
        "def pytest_exception_interact(): print('interact')\n"
    )
    (tmp_path / "suite.py").write_text(dedent(SUBTESTS))
    runner = (*PYTEST, "-s", "--junit-xml=out.xml")
    expected = plain(*runner, cwd=tmp_path)
    told = (tmp_path / "out.xml").read_text()
    run = run_suite(tmp_path, SUBTESTS, "--repeat", "3", "--no-report", runner=runner)

    assert run.status == expected.returncode
    assert timeless(run.stdout) == timeless(expected.stdout)
    assert without_times((tmp_path / "out.xml").read_text()) == without_times(told)
    first = scope(run.report, "test_first_passes")
    assert first.repeat_problem == "its outcome was failed, not passed"
    assert [len(scope(run.report, f"{name}test_fails").repeats) for name in ("", "TestCase::")] == [
        3,
        3,
    ]


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

    assert re.search(r"2 repetitions of suite.py::test_grows\[0\] kept 97\d", done.stdout)


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


# Whose each figure is


def held(run: Run, name: str) -> Holder:
    return next(holder for holder in run.report.holders if holder.name == name)


def kept_again(run: Run, name: str) -> list[list[int]]:
    return [repeat.bytes for repeat in held(run, name).repeats]


ONE_TEST = """
    import functools, unittest

    GROWS, LAST, RUNS = [], [None], []

    @functools.cache
    def warm(): return bytearray(400_000)

    @functools.lru_cache(maxsize=3)
    def full(n): return bytearray(300_000)

    class T(unittest.TestCase):
        def test_all(self):
            RUNS.append(1)
            GROWS.append(bytearray(100_000))
            LAST[0] = bytearray(200_000)
            warm()
            for n in range(3): full(3 * len(RUNS) + n)
"""


def test_each_holder_has_its_own_figures_of_a_test_that_feeds_several(tmp_path: Path) -> None:
    """Given one test that adds to a list, finds a cache warm, replaces a value and fills a bounded
    cache, when it is repeated, then the list alone grows."""
    run = run_suite(tmp_path, ONE_TEST, "--repeat", "3", runner=UNITTEST)

    assert kept_again(run, "suite.GROWS") == [pytest.approx([100_000] * 3, rel=0.01)]
    assert kept_again(run, "suite.warm (cache)") == [[0, 0, 0]]
    assert kept_again(run, "suite.LAST") == [[0, 0, pytest.approx(200_000, rel=0.01)]]
    assert held(run, "suite.LAST").repeats[0].gone == pytest.approx(200_000, rel=0.01)
    assert sum(kept_again(run, "suite.full (cache)")[0]) == pytest.approx(900_000, rel=0.01)
    verdicts = {h.name: h.verdict for h in run.report.holders if h.survived_bytes > 50_000}
    assert verdicts == {
        "suite.GROWS": "growing",
        "suite.LAST": "once",
        "suite.warm (cache)": "once",
        "suite.full (cache)": "once",
    }


def test_figures_of_an_instances_attributes_are_apart_and_bare_of_bookkeeping(
    tmp_path: Path,
) -> None:
    """Given what pytest keeps of a plain class's test, beside an instance's own attributes."""
    source = """
        class TestPlain:
            def test_a(self):
                self.small, self.large = bytearray(20_000), bytearray(90_000)
    """
    run = run_suite(tmp_path, source, "--repeat", "2")

    assert kept_again(run, "TestPlain.small") == [pytest.approx([20_000] * 2, abs=100)]
    assert kept_again(run, "TestPlain.large") == [pytest.approx([90_000] * 2, abs=100)]


def test_what_tests_put_into_a_wider_fixture_grows_though_it_is_made_anew(tmp_path: Path) -> None:
    source = """
        import pytest

        @pytest.fixture(scope="session")
        def bag(): return []

        @pytest.mark.parametrize("n", range(3))
        def test_fills(n, bag): bag.append(bytearray(150_000))
    """
    run = run_suite(tmp_path, source, "--repeat", "2")

    bag = held(run, "fixture bag (session)")
    assert (len(bag.charged), bag.verdict) == (3, "growing")
    assert bag.repeats[0].bytes == pytest.approx([150_000] * 2, rel=0.01)


# What the run is like


@pytest.mark.parametrize("runner", [UNITTEST, PYTEST], ids=["unittest", "pytest"])
def test_repetitions_let_go_as_the_tests_do(tmp_path: Path, runner: tuple[str, ...]) -> None:
    """Given tests that leave something on their instance, their class, and in a module, when they
    are repeated under the release, then the module alone has anything of the repetitions."""
    base = "unittest.TestCase" if runner is UNITTEST else ""
    source = f"""
        import unittest
        KEPT = []
        class TestAll({base}):
            def test_a(self):
                KEPT.append(bytearray(100_000))
                self.own = bytearray(500_000)
                type(self).shared = bytearray(300_000)
                assert 0
            def test_b(self): pass
    """
    run = run_suite(tmp_path, source, "--repeat", "3", "--release", runner=runner)

    assert scope(run.report, "test_a").repeats == pytest.approx([100_000] * 3, abs=8_000)
    assert kept_again(run, "suite.KEPT") == [pytest.approx([100_000] * 3, rel=0.01)]
    released = {row.name: row.scopes for row in run.report.released}
    assert released["TestAll.own"] == released["TestAll.shared"] == 1


@pytest.mark.parametrize("runner", [UNITTEST, PYTEST], ids=["unittest", "pytest"])
def test_interrupted_repetitions_leave_the_run_as_it_came_out(
    tmp_path: Path, runner: tuple[str, ...]
) -> None:
    """Given Ctrl-C in the second repetition of the second of three tests, then the first has its
    figures, the others have none, and the suite's result stands."""
    source = """
        import os, signal, unittest
        A, B, C, RUNS = [], [], [], []
        class T(unittest.TestCase):
            def test_a(self): A.append(bytearray(100_000))
            def test_b(self):
                B.append(bytearray(100_000))
                RUNS.append(1)
                if len(RUNS) == 3: os.kill(os.getpid(), signal.SIGINT)
            def test_c(self): C.append(bytearray(100_000))
    """
    run = run_suite(tmp_path, source, "--repeat", "3", runner=runner)

    assert run.status == 0
    assert run.report.complete
    assert run.report.run.notes == ["the repetitions of tests were interrupted"]
    a, b, c = (scope(run.report, f"test_{name}") for name in "abc")
    assert (len(a.repeats), a.repeat_problem) == (3, "")
    assert b.repeats == c.repeats == []
    assert b.repeat_problem == c.repeat_problem == "its repetitions were cut short"


CLOSING = """
    import atexit, os, unittest
    KEPT = []
    atexit.register(print, "at exit")
    class T(unittest.TestCase):
        def test_closes(self):
            KEPT.append(bytearray(100_000))
            os.closerange({first}, {last})
"""


@pytest.mark.parametrize(("first", "last"), [(3, 256), (3, 2000), (1, 2)])
def test_a_repeated_test_that_closes_descriptors_loses_no_output(
    tmp_path: Path, first: int, last: int
) -> None:
    """Given a test that closes what is not its own, also the standard output or where copies of it
    would lie at first, when it is repeated, then all comes out that came out without."""
    source = CLOSING.format(first=first, last=last)
    (tmp_path / "suite.py").write_text(dedent(source))
    expected = plain(*UNITTEST, cwd=tmp_path)
    run = run_suite(tmp_path, source, "--repeat", "3", "--no-report", runner=UNITTEST)

    assert run.status == expected.returncode
    assert run.stdout == expected.stdout
    assert run.stdout == ("at exit\n" if first == 3 else "")
    assert timeless(run.stderr) == timeless(expected.stderr)
    assert run.report.complete
    assert scope(run.report, "test_closes").repeats == pytest.approx([100_000] * 3, rel=0.01)


def test_output_into_a_file_goes_on_where_all_descriptors_were_closed(tmp_path: Path) -> None:
    (tmp_path / "suite.py").write_text(dedent(CLOSING.format(first=3, last=1 << 20)))
    command = [sys.executable, "-m", "reftrack", "run", "--repeat", "2", *UNITTEST]
    with (tmp_path / "out").open("wb") as out, (tmp_path / "err").open("wb") as err:
        subprocess.run(
            command, cwd=tmp_path, env=environment(tmp_path), stdout=out, stderr=err, check=True
        )

    assert (tmp_path / "out").read_text() == "at exit\n"
    assert "\nOK\n" in (tmp_path / "err").read_text()
    assert "2 repetitions of suite.T.test_closes kept 97." in (tmp_path / "err").read_text()


def test_output_that_cannot_come_back_is_told_in_the_record(tmp_path: Path) -> None:
    """Given pipes, which have no name to open them by, and a test that closes all numbers that the
    system grants."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    source = CLOSING.format(first=3, last=limit)
    run = run_suite(tmp_path, source, "--repeat", "2", runner=UNITTEST)

    assert run.status == 0
    assert run.report.complete
    if 0 < limit <= 1 << 16:
        assert [note[:48] for note in run.report.run.notes] == [
            "the program's standard output could not be put b",
            "the program's standard errors could not be put b",
        ]


def test_a_child_that_a_repetition_forks_does_not_go_on_into_the_program(tmp_path: Path) -> None:
    (tmp_path / "test_forks.py").write_text(
        dedent(
            """
            import os, unittest
            KEPT, RAN = [], []
            class Forks(unittest.TestCase):
                def test_forks(self):
                    KEPT.append(bytearray(100_000))
                    RAN.append(1)
                    if len(RAN) > 1:
                        os.fork()
            """
        )
    )
    ran = reftrack("run", "--repeat", "2", "-m", "unittest", "test_forks", cwd=tmp_path)
    assert ran.returncode == 0
    assert ran.stderr.count("Ran 1 test") == 1
    assert ran.stderr.count("\nOK\n") == 1
