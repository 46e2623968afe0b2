"""`-m unittest` in all its forms, and all that a test can set up: scopes, holders, no change."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

import msgspec
import pytest

from reftrack.model import Holder, Report
from support import plain, reftrack

pytestmark = pytest.mark.slow

SUITE = """
    import sys
    import unittest

    KEPT = []

    class T(unittest.TestCase):
        def setUp(self):
            self.data = bytearray(200_000)
        def test_1(self):
            print("some output")
            KEPT.append(self)
        def test_2(self):
            KEPT.append(self)
        def test_other(self):
            KEPT.append(self)

    if __name__ == "__main__":
        unittest.main()
    """


def run(folder: Path, source: str, *command: str, status: int = 0) -> Report:
    """The run's report, after the same without reftrack has come out alike."""
    (folder / "test_it.py").write_text(dedent(source))
    json = folder / "out.json"
    expected = plain(*command, cwd=folder)
    actual = reftrack("run", "--no-report", "--json", json, *command, cwd=folder)
    assert timeless(actual.stdout) == timeless(expected.stdout)
    assert timeless(actual.stderr) == timeless(expected.stderr)
    assert actual.returncode == expected.returncode == status, actual.stderr
    report = msgspec.json.decode(json.read_bytes(), type=Report)
    assert report.run.notes == []
    return report


def timeless(output: str) -> str:
    return re.sub(r"\d+\.\d+s|0x[0-9a-f]+", "...", output)


def holder(report: Report, name: str) -> Holder:
    return next(holder for holder in report.holders if holder.name == name)


def outcomes(report: Report) -> dict[str, str | None]:
    return {s.id.rpartition(".")[2]: s.outcome for s in report.scopes if s.scope == "test"}


@pytest.mark.parametrize(
    ("command", "count"),
    [
        (("-m", "unittest"), 3),
        (("-m", "unittest", "-v"), 3),
        (("-m", "unittest", "discover"), 3),
        (("-m", "unittest", "discover", "-s", ".", "-p", "test_*.py", "-t", "."), 3),
        (("-m", "unittest", "test_it"), 3),
        (("-m", "unittest", "test_it.py"), 3),
        (("-m", "unittest", "test_it.T"), 3),
        (("-m", "unittest", "test_it.T.test_1", "test_it.T.test_2"), 2),
        (("-m", "unittest", "-k", "test_[12]"), 2),
        (("-m", "unittest", "-f", "-b"), 3),
        (("-m", "unittest", "-c", "--locals"), 3),
        (("test_it.py",), 3),
        (("test_it.py", "T.test_1", "T.test_2"), 2),
        (("-c", "import unittest; unittest.main('test_it')"), 3),
    ],
    ids=lambda value: " ".join(value[:4]) if isinstance(value, tuple) else "",
)
def test_each_form_of_the_command_finds_the_same(
    tmp_path: Path, command: tuple[str, ...], count: int
) -> None:
    report = run(tmp_path, SUITE, *command)

    assert len(outcomes(report)) == report.totals.tests == count
    found = holder(report, "T.data")
    assert found.kind == "testcase-attribute"
    assert found.verdict == "growing"
    assert found.survived_bytes == pytest.approx(count * 200_000, rel=0.05)


def test_failfast_ends_the_run_and_the_report_tells_of_what_ran(tmp_path: Path) -> None:
    report = run(
        tmp_path,
        """
        import unittest

        class T(unittest.TestCase):
            def setUp(self): self.data = bytearray(200_000)
            def test_1(self): self.fail("planted")
            def test_2(self): pass
        """,
        *("-m", "unittest", "-f"),
        status=1,
    )

    assert outcomes(report) == {"test_1": "failed"}
    assert holder(report, "T.data").root == "unittest result.failures"


def test_coroutines_sub_tests_and_load_tests(tmp_path: Path) -> None:
    report = run(
        tmp_path,
        """
        import unittest

        KEPT = []

        class A(unittest.IsolatedAsyncioTestCase):
            async def asyncSetUp(self): self.rows = bytearray(300_000)
            async def test_coroutine(self): KEPT.append(self)
            async def test_coroutine_too(self): KEPT.append(self)

        class S(unittest.TestCase):
            def setUp(self): self.data = bytearray(200_000)
            def test_sub_tests(self):
                for each in range(3):
                    with self.subTest(each=each, page=bytearray(100_000)):
                        self.assertEqual(each, 1)

        class Loaded(unittest.TestCase):
            def __init__(self, size):
                super().__init__("test_loaded")
                self.size = size
            def id(self): return f"loaded.{self.size}"
            def test_loaded(self):
                self.loaded = bytearray(self.size)
                KEPT.append(self)

        def load_tests(loader, tests, pattern):
            tests.addTests(Loaded(size) for size in (100_000, 110_000))
            return tests
        """,
        *("-m", "unittest", "test_it.A", "test_it.S", "test_it"),
        status=1,
    )

    told = outcomes(report)
    assert told["test_coroutine"] == "passed"
    assert told["test_sub_tests"] == "failed"
    assert told["100000"] == told["110000"] == "passed"
    assert holder(report, "A.rows").survived_bytes == pytest.approx(1_200_000, rel=0.05)
    assert holder(report, "S.data").survived_bytes == pytest.approx(400_000, rel=0.05)
    assert holder(report, "Loaded.loaded").survived_bytes == pytest.approx(210_000, rel=0.05)
    params = next(found for found in report.holders if found.rule == "sub-tests")
    assert params.survived_bytes == pytest.approx(4 * 100_000, rel=0.05)
    assert params.fix


def test_fixtures_and_their_clean_ups_are_scopes_and_what_they_undo_is_no_leak(
    tmp_path: Path,
) -> None:
    report = run(
        tmp_path,
        """
        import contextlib
        import unittest

        MODULE = {}

        @contextlib.contextmanager
        def lent(where, size):
            where.append(bytearray(size))
            yield
            where.clear()

        LENT = []

        def setUpModule():
            MODULE["cleaned"] = bytearray(400_000)
            unittest.addModuleCleanup(MODULE.pop, "cleaned")
            MODULE["left"] = bytearray(410_000)
            unittest.enterModuleContext(lent(LENT, 420_000))

        class T(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                cls.cleaned = bytearray(430_000)
                cls.addClassCleanup(delattr, cls, "cleaned")
                cls.left = bytearray(440_000)
                cls.enterClassContext(lent(LENT, 450_000))
            def setUp(self):
                self.enterContext(lent(LENT, 460_000))
            def test_1(self): pass
        """,
        *("-m", "unittest", "test_it"),
    )

    kept = {h.name: h.survived_bytes for h in report.holders if h.survived_bytes > 1000}
    assert kept == {
        "test_it.MODULE": pytest.approx(410_000, rel=0.01),
        "T.left": pytest.approx(440_000, rel=0.01),
    }
    scopes = [(scope.scope, scope.id) for scope in report.scopes if scope.scope != "session"]
    assert [scope for scope in scopes if scope[0] != "import"] == [
        ("module", "test_it"),
        ("class", "test_it.T"),
        ("test", "test_it.T.test_1"),
        ("class", "test_it.T"),
        ("module", "test_it"),
    ]


def test_a_suite_class_of_the_programs_own_that_runs_tests_by_itself_is_the_outermost_one(
    tmp_path: Path,
) -> None:
    report = run(
        tmp_path,
        """
        import unittest
        import warnings

        class Loud:
            def __init_subclass__(cls, **words):
                warnings.warn("mine", stacklevel=2)
                super().__init_subclass__()

        class Backwards(unittest.TestSuite, Loud, word=1):
            "Mine."
            def run(self, result, debug=False):
                for test in reversed(list(self)):
                    test(result)
                return result

        try:
            class Wrong(unittest.TestSuite, word=1): pass
        except TypeError:
            import traceback
            traceback.print_exc()

        class T(unittest.TestCase):
            def setUp(self): self.data = bytearray(200_000 if "2" in self.id() else 300_000)
            def test_1(self): self.fail("planted")
            def test_2(self): pass

        def main():
            result = unittest.TestResult()
            Backwards([T("test_1"), T("test_2")]).run(result)
            print(len(result.failures), Backwards.run.__doc__, Backwards.__doc__)

        main()
        """,
        "test_it.py",
    )

    assert list(outcomes(report)) == ["test_2", "test_1"]
    assert holder(report, "T.data").root == "unittest result.failures"


def test_a_result_that_keeps_nothing_is_told_and_so_is_the_record(tmp_path: Path) -> None:
    report = run(
        tmp_path,
        """
        import unittest

        class Silent:
            shouldStop = failfast = False
            def __getattr__(self, name): return lambda *args, **kwargs: None
            def addFailure(self, test, err): pass
            def addSkip(self, test, reason): pass

        class Forwarding(unittest.TestResult):
            def addSkip(self, test, reason): super().addSuccess(test)

        class T(unittest.TestCase):
            def test_fails(self): self.fail("planted")
            def test_skips(self): self.skipTest("planted")

        for result in Silent(), Forwarding():
            T("test_fails").run(result)
            T("test_skips").run(result)
        """,
        "test_it.py",
    )

    told = [scope.outcome for scope in report.scopes if scope.scope == "test"]
    assert told == ["failed", "skipped"] * 2
