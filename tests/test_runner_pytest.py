"""pytest under reftrack: the run does not notice, and every test and wider fixture is a scope."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from textwrap import dedent

import msgspec
import pytest

from reftrack.model import Report, Scope
from support import plain, reftrack

MB = 1_000_000
# Without two plugins: one that leaves files in the folder, and one that is slow to load.
PYTEST = ("-m", "pytest", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "suite.py")


class Run:
    """A suite's run under reftrack, after the same run under plain python has come out alike."""

    def __init__(self, folder: Path, source: str, *options: str, status: int = 0) -> None:
        (folder / "suite.py").write_text(dedent(source))
        json = folder / "out.json"
        expected = plain(*PYTEST, *options, cwd=folder)
        actual = reftrack("run", "--no-report", "--json", json, *PYTEST, *options, cwd=folder)
        assert timeless(actual.stdout) == timeless(expected.stdout)
        assert actual.stderr == expected.stderr
        assert actual.returncode == expected.returncode == status, actual.stdout
        self.stdout = actual.stdout
        self.scopes = scopes(json)

    def names(self) -> list[tuple[str, str]]:
        return [(scope.scope, scope.id) for scope in self.scopes]

    def outcomes(self) -> dict[str, str | None]:
        return {s.id.partition("::")[2]: s.outcome for s in self.scopes if s.scope == "test"}

    def scope(self, id: str) -> Scope:
        return next(scope for scope in self.scopes if scope.id == id)


def scopes(json: Path) -> list[Scope]:
    """Those that the runner opened, as they ended."""
    report = msgspec.json.decode(json.read_bytes(), type=Report)
    return [scope for scope in report.scopes if scope.scope not in ("session", "import")]


def timeless(output: str) -> str:
    return re.sub(r"in \d+\.\d+s|=+|0x[0-9a-f]+", "...", output)


def test_a_suite_of_every_outcome_reads_the_same_and_each_test_has_its_outcome(
    tmp_path: Path,
) -> None:
    run = Run(
        tmp_path,
        """
        import pytest, unittest

        @pytest.fixture
        def fails(): raise ValueError
        @pytest.fixture
        def fails_late():
            yield
            raise ValueError

        def test_fail(): assert 0
        @pytest.mark.parametrize("n", [1, 2])
        def test_parametrized(n): assert n == 1
        def test_pass(): pass
        def test_set_up(fails): pass
        def test_skip(): pytest.skip("x")
        @pytest.mark.skip
        def test_skip_mark(): pass
        def test_tear_down(fails_late): pass
        def test_fail_and_tear_down(fails_late): assert 0
        @pytest.mark.xfail
        def test_xfail(): assert 0
        @pytest.mark.xfail(run=False)
        def test_xfail_not_run(): assert 0
        def test_xfail_called(): pytest.xfail("x")
        @pytest.mark.xfail
        def test_xpass(): pass
        @pytest.mark.xfail(strict=True)
        def test_xpass_strict(): pass

        class T(unittest.TestCase):
            def test_unittest_fail(self): self.fail("x")
            def test_unittest_pass(self): pass
            def test_unittest_skip(self): self.skipTest("x")
            @unittest.expectedFailure
            def test_unittest_xfail(self): self.fail("x")
        """,
        status=1,
    )

    assert run.outcomes() == {
        "test_fail": "failed",
        "test_fail_and_tear_down": "failed",
        "test_parametrized[1]": "passed",
        "test_parametrized[2]": "failed",
        "test_pass": "passed",
        "test_set_up": "error",
        "test_skip": "skipped",
        "test_skip_mark": "skipped",
        "test_tear_down": "error",
        "test_xfail": "xfailed",
        "test_xfail_not_run": "xfailed",
        "test_xfail_called": "xfailed",
        "test_xpass": "xpassed",
        "test_xpass_strict": "failed",
        "T::test_unittest_fail": "failed",
        "T::test_unittest_pass": "passed",
        "T::test_unittest_skip": "skipped",
        "T::test_unittest_xfail": "xfailed",
    }


@pytest.mark.skipif(pytest.version_tuple < (9,), reason="pytest has subtests since version 9")
def test_a_test_fails_with_its_subtests_and_is_not_skipped_with_them(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        """
        import pytest, unittest

        def test_fail(subtests):
            with subtests.test(i=1): assert 0
        def test_pass(subtests):
            with subtests.test(i=1): pytest.skip("x")
            with subtests.test(i=2): pass

        class T(unittest.TestCase):
            def test_unittest_fail(self):
                with self.subTest(i=1): self.fail("x")
        """,
        status=1,
    )

    assert run.outcomes() == {
        "test_fail": "failed",
        "test_pass": "passed",
        "T::test_unittest_fail": "failed",
    }


def test_a_fixture_that_outlives_the_test_has_a_scope_of_its_own(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        """
        import pytest

        @pytest.fixture(scope="session")
        def of_session(): return bytearray(3_000_000)
        @pytest.fixture(scope="module")
        def of_module(request):
            return len(request.getfixturevalue("of_session"))
        @pytest.fixture
        def of_test(): return bytearray(3_000_000)

        def test_1(of_module): pass
        def test_2(of_session, of_test): pass
        """,
    )

    assert run.names() == [
        ("fixture", "of_session (session)"),
        ("fixture", "of_module (module)"),
        ("test", "suite.py::test_1"),
        ("test", "suite.py::test_2"),
    ]
    assert run.scope("of_session (session)").allocated_bytes >= 3 * MB
    assert run.scope("suite.py::test_1").allocated_bytes < 3 * MB
    assert run.scope("suite.py::test_2").allocated_bytes >= 3 * MB


def test_a_fixture_that_fails_closes_its_scope(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        """
        import pytest

        @pytest.fixture(scope="session")
        def fails(): raise ValueError
        @pytest.fixture(scope="session")
        def skips(): pytest.skip("x")

        def test_1(fails): pass
        def test_2(skips): pass
        def test_3(): pass
        """,
        status=1,
    )

    assert run.names() == [
        ("fixture", "fails (session)"),
        ("test", "suite.py::test_1"),
        ("fixture", "skips (session)"),
        ("test", "suite.py::test_2"),
        ("test", "suite.py::test_3"),
    ]
    assert list(run.outcomes().values()) == ["error", "skipped", "passed"]


def test_set_up_of_classes_and_modules_is_their_scope(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        """
        import unittest

        def setup_module(): pass

        class TestA:
            @classmethod
            def setup_class(cls): cls.data = bytearray(3_000_000)
            def setup_method(self): pass
            def test_1(self): pass

        class B(unittest.TestCase):
            @classmethod
            def setUpClass(cls): cls.data = bytearray(3_000_000)
            def test_1(self): pass

        class C(unittest.TestCase):
            def test_1(self): pass
        """,
    )

    assert run.names() == [
        ("module", "suite"),
        ("class", "suite.TestA"),
        ("class", "suite.TestA"),  # what tears it down, and ends before the test does
        ("test", "suite.py::TestA::test_1"),
        ("class", "suite.B"),
        ("class", "suite.B"),
        ("test", "suite.py::B::test_1"),
        ("module", "suite"),
        ("test", "suite.py::C::test_1"),
    ]
    assert run.scope("suite.TestA").allocated_bytes >= 3 * MB
    assert run.scope("suite.B").allocated_bytes >= 3 * MB


def test_what_tears_a_wider_fixture_down_is_the_fixtures_and_no_tests(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        """
        import pytest, unittest

        KEPT = []
        def leak(): KEPT.append(bytearray(3_000_000))

        @pytest.fixture(scope="class")
        def of_class():
            yield
            leak()
        @pytest.fixture(scope="class")
        def asks(of_class, request):
            request.addfinalizer(leak)

        class TestA:
            @classmethod
            def teardown_class(cls): leak()
            def test_1(self, asks): pass
        class B(unittest.TestCase):
            @classmethod
            def tearDownClass(cls): leak()
            def test_1(self): pass
        def test_last(): pass
        """,
    )

    kept = {scope.id: scope.survived_bytes for scope in run.scopes if scope.survived_bytes > MB}
    assert kept == {
        "asks (class)": pytest.approx(3 * MB, rel=0.01),
        "of_class (class)": pytest.approx(3 * MB, rel=0.01),
        "suite.TestA": pytest.approx(3 * MB, rel=0.01),
        "suite.B": pytest.approx(3 * MB, rel=0.01),
    }


def test_what_is_left_after_the_last_look_has_its_holder_too(tmp_path: Path) -> None:
    (tmp_path / "suite.py").write_text(
        dedent(
            """
            import pytest
            KEPT, BOTH = [], []
            @pytest.fixture(scope="session")
            def late():
                yield
                KEPT.append(bytearray(3_000_000))
                BOTH.append(bytearray(1_000_000))
            def test_1(late): BOTH.append(bytearray(1_000_000))
            """
        )
    )
    json = tmp_path / "out.json"

    reftrack("run", "--json", json, *PYTEST, cwd=tmp_path)

    report = msgspec.json.decode(json.read_bytes(), type=Report)
    found = {h.name: h for h in report.holders if h.survived_bytes > MB // 2}
    assert {name: h.survived_bytes // MB for name, h in found.items()} == {
        "suite.KEPT": 3,
        "suite.BOTH": 2,
    }
    assert found["suite.KEPT"].fix == "in late, behind its yield: suite.KEPT.clear()"
    assert report.totals.explained_bytes > 0.99 * report.totals.survived_bytes


def test_a_test_goes_through_its_phases(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        """
        import pytest, unittest

        def test_1(): pass
        @pytest.mark.skip
        def test_2(): pass
        class T(unittest.TestCase):
            def test_3(self): pass
        """,
    )

    assert [[phase.name for phase in scope.phases] for scope in run.scopes] == [
        ["setup", "call", "teardown"],
        ["setup", "teardown"],
        ["setup", "call", "teardown"],
    ]


def test_doctests_are_tests(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        '''
        def f():
            """
            >>> f()
            """
        ''',
        "--doctest-modules",
    )

    assert run.outcomes() == {"suite.f": "passed"}


@pytest.mark.parametrize(
    ("options", "status", "tests"),
    [
        (["-x"], 1, ["test_1", "test_2"]),
        (["-k", "nothing"], 5, []),
        (["-k", "test_3"], 0, ["test_3"]),
        (["--collect-only"], 0, []),
        (["--setup-only"], 0, ["test_1", "test_2", "test_3"]),
        (["--tb=native", "-v"], 1, ["test_1", "test_2", "test_3"]),
        (["--no-such-option"], 4, []),
    ],
)
def test_options_work_as_ever(
    tmp_path: Path, options: list[str], status: int, tests: list[str]
) -> None:
    run = Run(
        tmp_path,
        """
        def test_1(): pass
        def test_2(): assert 0
        def test_3(): pass
        """,
        *options,
        status=status,
    )

    assert list(run.outcomes()) == tests


def test_a_module_that_cannot_be_imported_is_reported_as_ever(tmp_path: Path) -> None:
    run = Run(tmp_path, "import no_such_module", status=2)

    assert run.names() == []


def test_an_interrupted_test_has_no_outcome(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        """
        import pytest

        @pytest.fixture(scope="module")
        def interrupts(): raise KeyboardInterrupt

        def test_1(): pass
        def test_2(interrupts): pass
        def test_3(): pass
        """,
        status=2,
    )

    notes = msgspec.json.decode((tmp_path / "out.json").read_bytes(), type=Report).run.notes
    assert notes == ["the run was interrupted: tests that were still to come have no figures here"]
    assert run.names() == [
        ("test", "suite.py::test_1"),
        ("fixture", "interrupts (module)"),
        ("test", "suite.py::test_2"),
    ]
    assert run.outcomes() == {"test_1": "passed", "test_2": None}


LAST_TESTS = {
    "passes": "def test_z(): pass",
    "fails": "def test_z(): assert 0",
    "is skipped": "@pytest.mark.skip\ndef test_z(): pass",
    "fails in setup": "def test_z(fails): pass",
    "is in another class": "class TestZ:\n    def test_z(self): pass",
    "is a TestCase": "class Z(unittest.TestCase):\n    def test_z(self): pass",
    "is a doctest": "def z():\n    '''\n    >>> z()\n    '''",
    "is interrupted": "def test_z(): raise KeyboardInterrupt",
    "is cut short": "def test_y(): assert 0\ndef test_z(): pass",
}


@pytest.mark.parametrize("last", LAST_TESTS)
def test_the_last_look_comes_after_the_last_test_and_before_wider_fixtures_go(
    tmp_path: Path, last: str
) -> None:
    source = f"""
import pytest, unittest

@pytest.fixture(scope="session")
def of_session():
    data = bytearray(3_000_000)
    yield data
@pytest.fixture(scope="module")
def of_module():
    data = bytearray(3_000_000)
    yield data
@pytest.fixture
def of_test():
    data = bytearray(3_000_000)
    yield data
@pytest.fixture
def fails(): raise ValueError

def test_a(of_session, of_module, of_test): pass

{LAST_TESTS[last]}
"""
    (tmp_path / "suite.py").write_text(source)
    json = tmp_path / "out.json"

    reftrack("run", "--json", json, *PYTEST, "--doctest-modules", "-x", cwd=tmp_path)

    survived = Counter[str]()
    for scope in scopes(json):
        survived[scope.id] += scope.survived_bytes
    assert survived["of_session (session)"] >= 3 * MB
    assert survived["of_module (module)"] >= 3 * MB
    assert survived["suite.py::test_a"] < MB


def test_the_last_tests_own_fixtures_are_gone_when_the_last_look_comes(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        """
        import pytest

        @pytest.fixture
        def of_test():
            data = bytearray(3_000_000)
            yield data

        class TestA:
            @pytest.fixture(scope="class")
            def of_class(self):
                data = bytearray(3_000_000)
                yield data
            def test_1(self, of_class, of_test): pass
        """,
    )

    assert run.scope("of_class (class)").survived_bytes >= 3 * MB
    assert run.scope("suite.py::TestA::test_1").survived_bytes < MB


def test_a_fixture_of_a_class_is_the_tests_where_a_function_in_no_class_asks_for_it(
    tmp_path: Path,
) -> None:
    """As it is torn down with each of them."""
    run = Run(
        tmp_path,
        """
        import pytest
        KEPT = []

        @pytest.fixture(scope="class")
        def of_class():
            KEPT.append(bytearray(3_000_000))
            yield
            KEPT.append(bytearray(2_000_000))

        def test_1(of_class): pass
        def test_2(of_class): pass
        class TestA:
            def test_3(self, of_class): pass
        """,
    )

    assert run.names() == [
        ("test", "suite.py::test_1"),
        ("test", "suite.py::test_2"),
        ("fixture", "of_class (class)"),
        ("fixture", "of_class (class)"),
        ("test", "suite.py::TestA::test_3"),
    ]
    kept = [scope.survived_bytes // MB for scope in run.scopes]
    assert kept == [5, 5, 3, 2, 0]


def test_a_class_fixtures_value_goes_with_the_last_test_that_is_in_no_class(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        """
        import pytest

        @pytest.fixture(scope="class", params=[1, 2])
        def of_class(request): return bytearray(3_000_000)

        class TestA:
            def test_1(self, of_class): pass
        def test_2(of_class): pass
        """,
    )

    assert [scope.id for scope in run.scopes if scope.survived_bytes > MB] == []


def test_what_the_last_test_prints_as_it_is_torn_down_is_in_no_figure(tmp_path: Path) -> None:
    """It is in pytest's report of it, which is made after the final look."""
    run = Run(
        tmp_path,
        """
        import pytest

        @pytest.fixture
        def prints():
            yield
            print("z" * 3_000_000)

        def test_1(prints): pass
        """,
    )

    assert run.scope("suite.py::test_1").survived_bytes < MB


def test_a_pytest_within_a_test_is_part_of_the_test(tmp_path: Path) -> None:
    (tmp_path / "inner.py").write_text("def test_inner(): assert 0\n")
    run = Run(
        tmp_path,
        """
        import pytest
        from pathlib import Path

        pytest_plugins = "pytester"
        INNER = str(Path(__file__).with_name("inner.py"))

        def test_main():
            assert pytest.main(["-p", "no:cacheprovider", INNER]) == 1
            assert pytest.main(["-p", "no:cacheprovider", "--reftrack", INNER]) == 1
        def test_pytester(pytester):
            pytester.makepyfile("def test_deep(): pass")
            pytester.runpytest_inprocess().assert_outcomes(passed=1)
        def test_after(): pass
        """,
    )

    assert run.outcomes() == {
        "test_main": "passed",
        "test_pytester": "passed",
        "test_after": "passed",
    }


def test_a_unittest_run_within_a_test_is_part_of_the_test(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        """
        import unittest

        class Inner(unittest.TestCase):
            def runTest(self): self.fail("x")

        def test_1():
            assert len(unittest.TestSuite([Inner()]).run(unittest.TestResult()).failures) == 1
        """,
        "-k",
        "test_1",
    )

    assert run.names() == [("test", "suite.py::test_1")]


def test_a_test_that_passed_is_not_kept_alive(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        """
        import gc, pytest, unittest, weakref

        gc.disable()
        seen = []
        class Value: pass

        @pytest.fixture
        def value():
            value = Value()
            seen.append(weakref.ref(value))
            return value
        @pytest.fixture(scope="module", params=[1, 2])
        def of_module():
            value = Value()
            seen.append(weakref.ref(value))
            return value

        class T(unittest.TestCase):
            def test_1(self): seen.append(weakref.ref(self))
        def test_2(value): pass
        def test_3(of_module, value): pass
        def test_4(): print(sum(ref() is not None for ref in seen), "alive")
        """,
        "-s",
    )

    assert "0 alive" in run.stdout or "1 alive" in run.stdout
