"""unittest under reftrack: the suite does not notice; every test, class and module is a scope."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from textwrap import dedent

import msgspec
import pytest

from reftrack.model import Report, Scope
from support import plain, reftrack

MB = 1_000_000


class Run:
    """A suite's run under reftrack, after the same run under plain python has come out alike."""

    def __init__(self, folder: Path, source: str, *command: str, status: int = 0) -> None:
        (folder / "suite.py").write_text(dedent(source))
        json = folder / "out.json"
        expected = plain(*command, cwd=folder)
        actual = reftrack("run", "--no-report", "--json", json, *command, cwd=folder)
        assert actual.stdout == expected.stdout
        assert _timeless(actual.stderr) == _timeless(expected.stderr)
        assert actual.returncode == expected.returncode == status, actual.stderr
        report = msgspec.json.decode(json.read_bytes(), type=Report)
        self.stdout = actual.stdout
        self.scopes = [s for s in report.scopes if s.scope not in ("session", "import")]

    def names(self) -> list[tuple[str, str]]:
        return [(scope.scope, scope.id) for scope in self.scopes]

    def outcomes(self) -> dict[str, str | None]:
        return {s.id.rpartition(".")[2]: s.outcome for s in self.scopes if s.scope == "test"}

    def scope(self, id: str) -> Scope:
        return next(scope for scope in self.scopes if scope.id == id)


def _timeless(output: str) -> str:
    return re.sub(r"\d+\.\d+s|0x[0-9a-f]+", "...", output)


SUITE = ("-m", "unittest", "suite")


def test_a_suite_of_every_outcome_reads_the_same_and_each_test_has_its_outcome(
    tmp_path: Path,
) -> None:
    run = Run(
        tmp_path,
        """
        import unittest

        class T(unittest.TestCase):
            def test_error(self):
                raise ValueError
            def test_fail(self):
                self.fail("x")
            def test_pass(self):
                pass
            def test_returns_a_value(self):  # unittest warns, and names a line of its own
                return 1
            def test_skip(self):
                self.skipTest("x")
            @unittest.skip("x")
            def test_skip_decorated(self):
                pass
            def test_subtest_error(self):
                with self.subTest(i=1):
                    raise ValueError
            def test_subtest_fail(self):
                for i in range(3):
                    with self.subTest(i=i):
                        self.assertEqual(i, 1)
            def test_subtest_pass(self):
                with self.subTest(i=1):
                    pass
            @unittest.expectedFailure
            def test_xfail(self):
                self.fail("x")
            @unittest.expectedFailure
            def test_xpass(self):
                pass

        class SetUpFails(unittest.TestCase):
            def setUp(self):
                raise ValueError
            def test_set_up(self):
                pass

        class TearDownFails(unittest.TestCase):
            def tearDown(self):
                raise ValueError
            def test_tear_down(self):
                pass

        class CleanUpFails(unittest.TestCase):
            def test_clean_up(self):
                self.addCleanup(self.fail, "x")

        class Exits(unittest.TestCase):
            def test_exit(self):
                raise SystemExit(3)

        @unittest.skip("x")
        class Skipped(unittest.TestCase):
            def test_in_skipped(self):
                pass
        """,
        *SUITE,
        "-v",
        status=1,
    )

    assert run.outcomes() == {
        "test_clean_up": "failed",
        "test_error": "error",
        "test_exit": "error",
        "test_fail": "failed",
        "test_in_skipped": "skipped",
        "test_pass": "passed",
        "test_returns_a_value": "passed",
        "test_set_up": "error",
        "test_skip": "skipped",
        "test_skip_decorated": "skipped",
        "test_subtest_error": "error",
        "test_subtest_fail": "failed",
        "test_subtest_pass": "passed",
        "test_tear_down": "error",
        "test_xfail": "xfailed",
        "test_xpass": "xpassed",
    }


def test_fixtures_of_classes_and_modules_are_scopes_where_they_run(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        """
        import unittest

        def setUpModule(): pass
        def tearDownModule(): pass

        class Base(unittest.TestCase):
            @classmethod
            def setUpClass(cls): cls.data = bytearray(3_000_000)

        class A(Base):
            def test_1(self): pass
            def test_2(self): pass

        class B(unittest.TestCase):
            @classmethod
            def tearDownClass(cls): pass
            def test_1(self): pass

        class C(unittest.TestCase):
            def test_1(self): pass

        @unittest.skip("x")
        class D(Base):
            def test_1(self): pass
        """,
        *SUITE,
    )

    assert run.names() == [
        ("module", "suite"),
        ("class", "suite.A"),
        ("test", "suite.A.test_1"),
        ("test", "suite.A.test_2"),
        ("test", "suite.B.test_1"),
        ("class", "suite.B"),
        ("test", "suite.C.test_1"),
        ("test", "suite.D.test_1"),
        ("module", "suite"),
    ]
    assert run.scope("suite.A").allocated_bytes >= 3 * MB
    assert run.scope("suite.A.test_1").allocated_bytes < MB


@pytest.mark.parametrize("error", ["ValueError", "unittest.SkipTest", "SystemExit"])
@pytest.mark.parametrize("fixture", ["setUpClass", "tearDownClass"])
def test_a_class_fixture_that_raises_is_reported_as_ever(
    tmp_path: Path, fixture: str, error: str
) -> None:
    ends = error == "SystemExit"  # unittest lets it pass, and the run ends there
    skips = error == "unittest.SkipTest"

    run = Run(
        tmp_path,
        f"""
        import unittest

        class A(unittest.TestCase):
            @classmethod
            def {fixture}(cls): raise {error}(3)
            def test_a(self): pass

        class B(unittest.TestCase):
            def test_b(self): pass
        """,
        *SUITE,
        status=3 if ends else 0 if skips else 1,
    )

    of_a = [("class", "suite.A")]
    if fixture == "tearDownClass":
        of_a.insert(0, ("test", "suite.A.test_a"))
    assert run.names() == of_a + ([] if ends else [("test", "suite.B.test_b")])


def test_a_module_fixture_that_raises_is_reported_as_ever(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        """
        import unittest

        def setUpModule(): raise ValueError("x")

        class A(unittest.TestCase):
            @classmethod
            def setUpClass(cls): pass
            def test_a(self): pass
        """,
        *SUITE,
        # No test ran, which counts for more than the error from 3.12 to 3.13.9.
        status=5 if (3, 12) <= sys.version_info < (3, 13, 10) else 1,
    )

    assert run.names() == [("module", "suite")]


def test_a_test_goes_through_its_phases(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        """
        import unittest

        class A(unittest.TestCase):
            def test_1(self): pass

        class B(unittest.IsolatedAsyncioTestCase):
            async def asyncSetUp(self): self.data = bytearray(3_000_000)
            async def test_fail(self): self.fail("x")
            async def test_pass(self): self.assertTrue(self.data)
            async def test_returns_a_value(self): return 1

        class C(unittest.TestCase):
            def setUp(self): self.skipTest("x")
            def test_1(self): pass
        """,
        *SUITE,
        status=1,
    )

    phases = {scope.id: [phase.name for phase in scope.phases] for scope in run.scopes}
    assert phases == {
        "suite.A.test_1": ["setup", "call", "teardown"],
        "suite.B.test_fail": ["setup", "call", "teardown"],
        "suite.B.test_pass": ["setup", "call", "teardown"],
        "suite.B.test_returns_a_value": ["setup", "call", "teardown"],
        "suite.C.test_1": ["setup"],
    }
    assert run.scope("suite.B.test_pass").outcome == "passed"
    assert run.scope("suite.B.test_pass").allocated_bytes >= 3 * MB


def test_what_a_test_runs_belongs_to_that_test(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        """
        import unittest

        class Inner(unittest.TestCase):
            @classmethod
            def setUpClass(cls): pass
            def runTest(self): self.fail("x")

        class Outer(unittest.TestCase):
            def test_suite(self):
                result = unittest.TestSuite([Inner()]).run(unittest.TestResult())
                self.assertEqual(len(result.failures), 1)
            def test_test(self):
                self.assertEqual(len(Inner().run().failures), 1)
                Inner()(unittest.TestResult())
                with self.assertRaises(AssertionError):
                    Inner().debug()

        def load_tests(loader, tests, pattern):
            return loader.loadTestsFromTestCase(Outer)
        """,
        *SUITE,
    )

    assert run.names() == [("test", "suite.Outer.test_suite"), ("test", "suite.Outer.test_test")]
    assert [[phase.name for phase in scope.phases] for scope in run.scopes] == [
        ["setup", "call", "teardown"],
        ["setup", "call", "teardown"],
    ]


def test_who_reads_the_classes_finds_plain_functions_there(tmp_path: Path) -> None:
    Run(
        tmp_path,
        """
        import inspect
        import pickle
        import pydoc
        import re
        import unittest

        class Base(unittest.TestCase):
            def run(self, result=None, *, quick: bool = False):
                "Mine."
                return super().run(result)
            def __call__(self, *args, **kwargs):
                return super().__call__(*args, **kwargs)

        class T(Base):
            def test_namespaces(self):
                for cls in (Base, unittest.TestCase, unittest.TestSuite):
                    for name in sorted(vars(cls).keys() & {
                        "run", "__call__", "_callTestMethod", "_callTearDown", "_handleClassSetUp"
                    }):
                        print(cls.__name__, name, type(vars(cls)[name]))
                        self.assertIs(vars(cls)[name], inspect.getattr_static(cls, name))
                        self.assertEqual(vars(cls)[name].__qualname__, f"{cls.__name__}.{name}")
                        self.assertEqual(vars(cls)[name].__module__, cls.__module__)
                self.assertIs(type(vars(unittest.TestCase)["__init_subclass__"]), classmethod)
            def test_kinds(self):
                for cls in (Base, unittest.TestCase):
                    kinds = {each.name: each.kind for each in inspect.classify_class_attrs(cls)}
                    print(kinds["run"], kinds["__call__"], kinds["__init_subclass__"])
            def test_signatures(self):
                print(inspect.signature(Base.run), inspect.getfullargspec(Base.run))
                print(inspect.signature(unittest.TestCase.run), inspect.getdoc(Base.run))
                print(Base.run.__code__.co_varnames[:3], Base.run.__kwdefaults__)
                print(inspect.getsource(Base.run))
            def test_documents(self):
                print(re.sub("0x[0-9a-f]+", "...", pydoc.plain(pydoc.render_doc(T))))
            def test_pickles(self):
                self.assertIs(pickle.loads(pickle.dumps(Base.run)), Base.run)
        """,
        *SUITE,
    )


def test_an_error_on_its_way_through_run_or_the_making_of_a_class_has_its_own_frames(
    tmp_path: Path,
) -> None:
    run = Run(
        tmp_path,
        """
        import traceback
        import unittest
        import warnings

        class Base(unittest.TestCase):
            def run(self, result=None):
                try:
                    return super().run(result)
                except SystemExit:
                    traceback.print_exc()
            def __init_subclass__(cls, **words):
                super().__init_subclass__(**words)

        class Loud:
            def __init_subclass__(cls, **words):
                warnings.warn("mine", stacklevel=3)

        try:
            class Wrong(Base, word=1): pass
        except TypeError:
            traceback.print_exc()

        class Right(unittest.TestCase, Loud): pass

        class Result(unittest.TextTestResult):
            def stopTest(self, test): raise SystemExit

        class T(Base):
            def test_1(self): return 1

        unittest.main(module=None, argv=["x", "suite.T"],
            testRunner=unittest.TextTestRunner(resultclass=Result))
        """,
        "suite.py",
    )

    assert run.outcomes() == {"test_1": "passed"}


def test_tests_run_without_a_suite_and_with_results_of_their_own_kind(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        """
        import unittest

        class T(unittest.TestCase):
            def test_1(self): self.fail("x")
            def test_2(self): pass
            def test_3(self): pass
            def test_4(self): self.fail("x")
            def test_5(self): pass

        class Hostile(unittest.TestResult):
            @property
            def errors(self): raise ValueError("mine")
            @errors.setter
            def errors(self, value): pass
            failures = errors

        class Bare:
            shouldStop = failfast = False
            def startTest(self, test): pass
            def stopTest(self, test): pass
            def addSuccess(self, test): pass
            def addDuration(self, test, elapsed): pass

        class Nameless(unittest.TestCase):
            def id(self): raise ValueError("mine")
            def test_6(self): pass

        print(len(T("test_1").run().failures))
        print(len(T("test_2")().failures))
        T("test_3").run(result=Hostile())
        try:
            T("test_4")(Hostile())
        except ValueError as error:
            print(error)
        T("test_5").run(Bare())
        print(Nameless("test_6").run().testsRun)
        """,
        "suite.py",
    )

    assert [(scope.id, scope.outcome) for scope in run.scopes] == [
        ("__main__.T.test_1", "failed"),
        ("__main__.T.test_2", "passed"),
        ("__main__.T.test_3", "passed"),
        ("__main__.T.test_4", None),
        ("__main__.T.test_5", "passed"),
        ("__main__.Nameless", "passed"),
    ]


def test_what_a_subclass_does_around_its_tests_belongs_to_them(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        """
        import unittest

        class A(unittest.TestCase):
            def run(self, result=None):
                data = bytearray(3_000_000)
                return super().run(result)
            def test_1(self): pass

        class B(unittest.TestCase):
            def __call__(self, result=None):
                data = bytearray(3_000_000)
                return super().__call__(result)
            def test_1(self): pass

        class C(unittest.TestCase):
            def run(self, result):  # instead of unittest's
                data = bytearray(3_000_000)
                result.startTest(self)
                result.addSuccess(self)
                result.stopTest(self)
            def test_1(self): pass
        """,
        *SUITE,
    )

    assert run.names() == [("test", f"suite.{name}.test_1") for name in "ABC"]
    assert [scope.outcome for scope in run.scopes] == ["passed"] * 3
    assert all(scope.allocated_bytes >= 3 * MB for scope in run.scopes)


def test_django_fixtures_belong_to_the_test_and_to_the_class_that_need_them(
    tmp_path: Path,
) -> None:
    pytest.importorskip("django")
    run = Run(
        tmp_path,
        """
        import django
        from django.conf import settings

        if not settings.configured:
            databases = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
            apps = ["django.contrib.contenttypes", "django.contrib.auth"]
            settings.configure(INSTALLED_APPS=apps, DATABASES=databases, USE_TZ=True)
            django.setup()

        from django.contrib.auth.models import User
        from django.test import SimpleTestCase, TestCase
        from django.test.runner import DiscoverRunner

        class A(TestCase):
            @classmethod
            def setUpTestData(cls):
                cls.user = User.objects.create(username="u")
                cls.data = bytearray(3_000_000)
            def _post_teardown(self):
                data = bytearray(3_000_000)
                super()._post_teardown()
            def test_1(self): self.assertEqual(User.objects.count(), 1)
            def test_2(self): self.fail("x")

        class B(SimpleTestCase):
            def test_1(self): self.assertTrue(self.client)
            async def test_2(self): pass

        class C(SimpleTestCase):
            @classmethod
            def _pre_setup(cls): raise ValueError("x")
            def test_1(self): pass

        if __name__ == "__main__":
            raise SystemExit(DiscoverRunner().run_tests(["suite"]))
        """,
        "suite.py",
        status=2,
    )

    tests = {scope.id: scope for scope in run.scopes if scope.scope == "test"}
    assert {id: scope.outcome for id, scope in tests.items()} == {
        "suite.A.test_1": "passed",
        "suite.A.test_2": "failed",
        "suite.B.test_1": "passed",
        "suite.B.test_2": "passed",
        "suite.C.test_1": "error",
    }
    assert tests["suite.A.test_1"].allocated_bytes >= 3 * MB
    assert tests["suite.B.test_1"].allocated_bytes < MB
    assert run.scope("suite.A").scope == "class"
    assert run.scope("suite.A").allocated_bytes >= 3 * MB


def test_a_run_that_is_interrupted_shows_what_it_always_showed(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        """
        import unittest

        class T(unittest.TestCase):
            def test_1(self): pass
            def test_2(self): raise KeyboardInterrupt
            def test_3(self): pass
        """,
        *SUITE,
        status=-2,
    )

    assert run.outcomes() == {"test_1": "passed", "test_2": None}


def test_an_interrupt_in_a_class_fixture_shows_what_it_always_showed(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        """
        import unittest

        class T(unittest.TestCase):
            @classmethod
            def setUpClass(cls): raise KeyboardInterrupt
            def test_1(self): pass
        """,
        *SUITE,
        status=-2,
    )

    assert run.names() == [("class", "suite.T")]


def test_the_last_look_comes_before_the_result_goes(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        """
        import unittest

        class T(unittest.TestCase):
            def setUp(self): self.data = bytearray(3_000_000)
            def test_fail(self): self.fail("x")
            def test_pass(self): pass
        """,
        *SUITE,
        status=1,
    )

    assert run.scope("suite.T.test_fail").survived_bytes >= 3 * MB
    assert run.scope("suite.T.test_pass").survived_bytes < MB


def test_a_test_that_passed_is_not_kept_alive(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        """
        import gc, unittest, weakref

        gc.disable()
        seen = []

        class T(unittest.TestCase):
            @classmethod
            def setUpClass(cls): pass
            def setUp(self): seen.append(weakref.ref(self))
            def test_1(self): pass
            def test_2(self): print(sum(ref() is not None for ref in seen), "alive")

        class A(unittest.IsolatedAsyncioTestCase):
            def setUp(self): seen.append(weakref.ref(self))
            async def test_1(self): pass
        """,
        *SUITE,
    )

    assert run.stdout == "1 alive\n"


def test_a_program_without_unittest_does_not_get_it(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        """
        import sys
        print([name for name in sys.modules if name.startswith("unittest")])
        """,
        "suite.py",
    )

    assert run.stdout == "[]\n"


def test_unittest_is_imported_as_if_nobody_watched(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        """
        import inspect, sys, unittest, unittest.suite as suite
        print([getattr(finder, '__name__', type(finder).__name__) for finder in sys.meta_path])
        print(sorted(vars(suite.__spec__.loader)), suite.__spec__.loader is suite.__loader__)
        for method in (unittest.TestCase.run, unittest.TestCase.__call__, unittest.TestSuite.run):
            print(method.__name__, method.__module__, method.__doc__, inspect.signature(method))
        """,
        "suite.py",
    )

    assert "_Finder" not in run.stdout


def test_unittest_that_is_imported_before_the_session_is_watched_too(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import unittest.async_case\n")
    (tmp_path / "suite.py").write_text(
        dedent(
            """
            import unittest

            class T(unittest.IsolatedAsyncioTestCase):
                async def test_1(self): pass
            """
        )
    )
    json = tmp_path / "out.json"

    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))

    reftrack("run", "--json", json, *SUITE, cwd=tmp_path, env={"PYTHONPATH": path})

    report = msgspec.json.decode(json.read_bytes(), type=Report)
    assert [scope.id for scope in report.scopes if scope.scope == "test"] == ["suite.T.test_1"]
