"""Base classes whose tests let go of what they set, without any run under reftrack."""

from __future__ import annotations

import re
import subprocess
import sys
import unittest
import weakref
from pathlib import Path
from textwrap import dedent
from typing import Any, ClassVar

import pytest

from reftrack.unittest import ReleasingMixin, ReleasingTestCase
from support import environment, plain

PYTEST = ("-m", "pytest", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-q")


class Big:
    """Stands for what is worth letting go of."""


def run(*classes: type[unittest.TestCase]) -> unittest.TestResult:
    """The result of all tests of the classes in one suite that keeps them."""
    suite = unittest.TestSuite()
    suite._cleanup = False  # type: ignore[attr-defined]
    for cls in classes:
        names = unittest.TestLoader().getTestCaseNames(cls)
        suite.addTests(cls(name) for name in names)
    result = unittest.TestResult()
    result.suite = suite  # type: ignore[attr-defined]
    suite.run(result)
    return result


def instances(result: Any) -> list[Any]:
    return list(result.suite)


def own(test: object) -> set[str]:
    """Attributes of a test that unittest has not put there."""
    return vars(test).keys() - vars(unittest.TestCase("run")).keys()


def assert_went_well(result: unittest.TestResult) -> None:
    assert [text for _, text in (*result.errors, *result.failures)] == []
    assert result.testsRun > 0


@pytest.mark.parametrize("bases", [(ReleasingTestCase,), (ReleasingMixin, unittest.TestCase)])
def test_instance_and_class_let_go_of_what_was_set(bases: tuple[type, ...]) -> None:
    class T(*bases):  # type: ignore[misc]
        body = Big()

        def setUp(self) -> None:
            self.data = Big()
            self.addCleanup(self.check)

        def check(self) -> None:
            assert self.data

        def tearDown(self) -> None:
            assert self.data
            assert self.shared

        @classmethod
        def setUpClass(cls) -> None:
            cls.shared = Big()
            cls.addClassCleanup(lambda: seen.append(cls.shared))

        @classmethod
        def tearDownClass(cls) -> None:
            seen.append(cls.shared)

        def test_fail(self) -> None:
            self.fail("x")

        def test_pass(self) -> None:
            pass

        def test_skip(self) -> None:
            self.skipTest("x")

    seen: list[Any] = []
    body = set(vars(T))

    result = run(T)

    assert (len(result.failures), len(result.skipped), len(seen)) == (1, 1, 2)
    assert [own(test) for test in instances(result)] == [set()] * 3
    assert set(vars(T)) - {"tearDown_exceptions"} == body
    assert T.body


def test_the_order_of_bases_and_missing_calls_of_super_do_not_matter() -> None:
    class Other(unittest.TestCase):
        shared: ClassVar[Any] = None

        def run(self, result: Any = None) -> Any:
            self.around = Big()
            return unittest.TestCase.run(self, result)

        @classmethod
        def setUpClass(cls) -> None:
            cls.shared = Big()

    class T(Other, ReleasingMixin):
        def __call__(self, *args: Any, **keywords: Any) -> Any:
            self.outside = Big()
            return unittest.TestCase.__call__(self, *args, **keywords)

        def test(self) -> None:
            assert [self.around, self.outside, self.shared].count(None) == 0

    class Derived(T):
        def run(self, result: Any = None) -> Any:
            self.more = Big()
            return super().run(result)

        @classmethod
        def doClassCleanups(cls) -> None:
            super().doClassCleanups()
            assert cls.shared

    result = run(T, Derived)

    assert_went_well(result)
    assert [own(test) for test in instances(result)] == [set(), set()]
    assert (T.shared, Derived.shared) == (None, None)


def test_what_is_set_on_a_base_class_goes_with_the_class_that_set_it() -> None:
    class Base(ReleasingTestCase):
        connection: ClassVar[Any] = None

        @classmethod
        def setUpClass(cls) -> None:
            if Base.connection is None:
                Base.connection = Big()
                Base.extra = Big()  # type: ignore[attr-defined]

        def test(self) -> None:
            assert self.connection

    class A(Base):
        pass

    class B(Base):
        pass

    assert_went_well(run(A, B))

    assert Base.connection is None
    assert not hasattr(Base, "extra")


def test_a_class_whose_setup_fails_lets_go_too() -> None:
    class T(ReleasingTestCase):
        @classmethod
        def setUpClass(cls) -> None:
            cls.shared = Big()  # type: ignore[attr-defined]
            raise ValueError

        def test(self) -> None: ...

    result = run(T)

    assert len(result.errors) == 1
    assert "shared" not in vars(T)


def test_a_test_that_runs_again_begins_anew() -> None:
    class T(ReleasingTestCase):
        @classmethod
        def setUpClass(cls) -> None:
            cls.shared = [1]  # type: ignore[attr-defined]

        def setUp(self) -> None:
            assert not hasattr(self, "data")
            self.data = Big()

        def test(self) -> None: ...

    test, result = T("test"), unittest.TestResult()

    for _ in range(2):
        unittest.TestSuite([test])(unittest.TestResult())
        test(result)
        test.run(result)

    assert_went_well(result)
    assert own(test) == set()


def test_only_the_named_types_go() -> None:
    class T(ReleasingTestCase):
        release_only = __name__

        def test(self) -> None:
            self.big, self.bigs, self.text = Big(), {"x": Big()}, "text"

    class ByTuple(T):
        release_only = ("elsewhere", "builtins")  # type: ignore[assignment]

    result = run(T, ByTuple)

    assert_went_well(result)
    assert [own(test) for test in instances(result)] == [{"text"}, {"big"}]


def test_asynchronous_tests_let_go_too() -> None:
    class T(ReleasingMixin, unittest.IsolatedAsyncioTestCase):
        async def asyncSetUp(self) -> None:
            self.data = Big()
            self.addAsyncCleanup(self.check)

        async def check(self) -> None:
            assert self.data

        async def test(self) -> None:
            assert self.data

    result = run(T)

    assert_went_well(result)
    assert "data" not in vars(instances(result)[0])


def test_the_object_goes_while_the_test_is_kept() -> None:
    class T(ReleasingTestCase):
        refs: ClassVar[list[Any]] = []

        def test(self) -> None:
            self.data = Big()
            self.refs.append(weakref.ref(self.data))

    assert_went_well(run(T))

    assert T.refs[0]() is None


def suite(folder: Path, source: str, *command: str, status: int = 0) -> str:
    (folder / "suite.py").write_text(dedent(source))
    process = plain(*command, cwd=folder)
    assert process.returncode == status, process.stdout + process.stderr
    return process.stdout


def test_django_test_cases_let_go_of_their_data(tmp_path: Path) -> None:
    pytest.importorskip("django")
    suite(
        tmp_path,
        """
        import django, unittest
        from django.conf import settings
        settings.configure(
            DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
            INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
        )
        django.setup()
        from django.contrib.auth.models import User
        from django.core.management import call_command
        from django.test import TestCase
        from reftrack.unittest import ReleasingMixin
        call_command("migrate", verbosity=0)

        class All(ReleasingMixin, TestCase):
            @classmethod
            def setUpTestData(cls):
                cls.user = User.objects.create(username="x")
                cls.users, cls.number = [cls.user], 3
            def setUp(self): self.mine = User.objects.get()
            def test_one(self): self.assertEqual(self.user, self.mine)
            def test_two(self): self.fail(self.user)

        class Some(All):
            release_only = ("django.contrib.auth",)

        result = unittest.TestResult()
        suite = unittest.TestSuite(cls(n) for cls in (All, Some) for n in ("test_one", "test_two"))
        suite._cleanup = False
        suite(result)
        assert (len(result.failures), len(result.errors)) == (2, 0), result.errors
        one, two, some, _ = suite
        assert not {"mine", "user", "_testdata_memo"} & vars(one).keys()
        assert not {"user", "users", "number", "client", "cls_atomics"} & vars(All).keys()
        assert not {"mine", "user"} & vars(some).keys()
        assert {"user", "users", "number", "client"} & vars(Some).keys() == {"number", "client"}
        assert result.failures[0][1].endswith("AssertionError: x\\n"), result.failures
        """,
        "suite.py",
    )


def test_plain_pytest_classes_let_go(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        dedent(
            """
            import pytest

            @pytest.hookimpl(trylast=True)
            def pytest_sessionfinish(session):
                for item in session.items:
                    print(item.name, sorted(vars(item._instance)), "shared" in vars(item.cls))

            @pytest.fixture
            def late(request):
                yield
                assert request.instance.data and request.cls.shared
            """
        )
    )
    output = suite(
        tmp_path,
        """
        from reftrack.pytest import Releasing

        class TestAll(Releasing):
            @classmethod
            def setup_class(cls): cls.shared = [1]
            @classmethod
            def teardown_class(cls): assert cls.shared
            def setup_method(self): self.data = [1]
            def teardown_method(self): assert self.data
            def test_all(self, late): pass
            def test_fail(self): assert 0
        class TestSome(TestAll):
            release_only = ("nowhere",)
        class TestOther:
            def test_other(self): self.data = self.shared = 1
        """,
        *PYTEST,
        *("-s", "suite.py"),
        status=1,
    )

    assert re.findall(r"test_\w+ \[.*", output) == [
        "test_all [] False",
        "test_fail [] False",
        "test_all ['data'] True",
        "test_fail ['data'] True",
        "test_other ['data', 'shared'] False",
    ]


def test_pytest_runs_releasing_test_cases_also_with_pdb(tmp_path: Path) -> None:
    source = """
        from reftrack.unittest import ReleasingTestCase

        class T(ReleasingTestCase):
            @classmethod
            def setUpClass(cls): cls.shared = [1]
            def setUp(self): self.data = "data"
            def tearDown(self): print("torn down with", self.data, self.shared)
            def test(self): self.fail("x")
        class Derived(T): pass
        """
    suite(tmp_path, source, *PYTEST, "suite.py", status=1)

    debugged = plain(
        *(*PYTEST, "-s", "--pdb", "suite.py"), cwd=tmp_path, input="p self.data\nc\n" * 2
    )

    assert debugged.stdout.count("(Pdb) 'data'") == 2
    assert debugged.stdout.count("torn down with data [1]") == 2


@pytest.mark.parametrize("module", ["reftrack.unittest", "reftrack.pytest"])
def test_the_base_classes_load_nothing_of_the_run(tmp_path: Path, module: str) -> None:
    program = f"import sys, {module}; print(*sorted(n for n in sys.modules if 'reftrack' in n))"

    process = subprocess.run(
        [sys.executable, "-c", f"{program}; assert 'msgspec' not in sys.modules"],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )

    light = {"release", "mentions", "unittest", "pytest", "untouched"}
    assert set(process.stdout.split()) <= {"reftrack", *(f"reftrack.{name}" for name in light)}


def test_failures_read_as_they_do_without(tmp_path: Path) -> None:
    source = """
        import unittest
        from {module} import {base} as Base

        class T(Base):
            def setUp(self): self.label = "a label"
            def __str__(self): return f"test of {{getattr(self, 'label', None)}}"
            def test_error(self): raise ValueError("x")
            def test_fail(self): self.fail("x")
            def test_subtest(self):
                with self.subTest("which", i=1): self.fail("x")
        unittest.main(verbosity=0)
        """
    outputs = []
    for module, base in (("unittest", "TestCase"), ("reftrack.unittest", "ReleasingTestCase")):
        (tmp_path / "suite.py").write_text(dedent(source).format(module=module, base=base))
        process = plain("suite.py", cwd=tmp_path)
        assert process.returncode == 1
        outputs.append(re.sub(r"\d\.\d+s", "", process.stderr))

    assert outputs[0] == outputs[1]
    assert "test of a label" in outputs[0]
