"""Letting go: only what tests set, no code of the owner's run, and every run ends as it would."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from reftrack import curing, release, weighing
from reftrack.holding import Known, Weak
from reftrack.model import Report
from reftrack.runners.releasing import Classes
from support import plain, reftrack

MB = 1_000_000
UNITTEST = ("-m", "unittest", "suite")
PYTEST = ("-m", "pytest", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "suite.py")


class Big:
    """Stands for what is worth letting go of."""


class Owner:
    def __init__(self, **attributes: Any) -> None:
        vars(self).update(attributes)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)

    def __setattr__(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)


def asked(*_: object) -> Any:
    raise AssertionError("asked")


# ---- instances and classes


def let_go(owner: object, before: release.Before, *only: str) -> None:
    release.let_go_of_all(owner, before, only)


def test_what_was_set_goes_and_what_was_there_stays() -> None:
    owner = Owner(config=Big(), name="x")
    before = release.before(owner)
    owner.data, owner.count = Big(), 3

    let_go(owner, before)

    assert list(vars(owner)) == ["config", "name"]


def test_a_plain_value_that_was_replaced_is_put_back() -> None:
    owner = Owner(user=None, items=[], title="t", flag=False)
    items, before = owner.items, release.before(owner)
    vars(owner).update(user=Big(), items=[Big()], title="x" * 1000, flag=True)

    let_go(owner, before)

    assert (owner.user, owner.items, owner.title) == (None, [], "t")
    assert owner.items is items
    assert owner.flag is True  # a number or None holds nothing: it may be the owner's own cure


def test_an_object_that_was_replaced_is_not_kept_alive_to_be_put_back() -> None:
    owner = Owner(client=Big())
    old = owner.client
    before = release.before(owner)
    owner.client = new = Big()

    let_go(owner, before)

    assert owner.client is new
    assert old not in before.values()


def test_what_was_deleted_stays_deleted() -> None:
    owner = Owner(data=None)
    before = release.before(owner)
    del owner.data

    let_go(owner, before)

    assert vars(owner) == {}


def test_the_object_itself_is_left_alone() -> None:
    owner, shared = Owner(), [1, 2, 3]
    before = release.before(owner)
    owner.items = shared

    let_go(owner, before)

    assert shared == [1, 2, 3]


def test_slots_are_emptied_by_their_own_descriptors() -> None:
    class Slotted:
        __slots__ = ("data", "left", "user")

        __delattr__ = __setattr__ = __getattribute__ = asked

    owner, slots = Slotted(), vars(Slotted)
    slots["user"].__set__(owner, None)
    before = release.before(owner)
    slots["data"].__set__(owner, Big())
    slots["user"].__set__(owner, Big())

    let_go(owner, before)

    assert release.attributes(owner) == [("user", None)]


class Meta(type):
    __delattr__ = __setattr__ = __getattribute__ = asked
    __eq__ = __hash__ = __bool__ = __instancecheck__ = __subclasscheck__ = asked
    guarded = property(asked, asked, asked)


class Hostile(metaclass=Meta):
    """Every way to it that could run code does, and raises."""

    __slots__ = ("__dict__",)
    body = "body"

    computed = property(asked)
    __delattr__ = __setattr__ = __getattribute__ = asked
    __eq__ = __hash__ = __bool__ = __len__ = __iter__ = asked


def test_no_code_of_an_instance_runs() -> None:
    owner = object.__new__(Hostile)
    own = type.__getattribute__(Hostile, "__dict__")["__dict__"].__get__(owner)
    before = release.before(owner)
    own.update(data=Big(), computed=Big(), other=object.__new__(Hostile))

    let_go(owner, before)

    assert own == {}


def test_no_code_of_a_value_runs() -> None:
    value = object.__new__(Hostile)
    owner = Owner()
    owner.body = value
    before = release.before(owner)
    owner.body, owner.data, owner.more = Big(), value, [value]

    assert not release.is_plain(value)
    assert not release.is_plain([value])
    assert not release.is_of([value], ("elsewhere",))
    assert weighing.hanging_on([value], 0, set()) is not None
    assert weighing.witnesses([value]) == []  # it has no room for weak references
    let_go(owner, before)

    assert vars(owner).keys() == {"body"}


def test_no_code_of_a_metaclass_runs() -> None:
    before = release.before(Hostile)
    type.__setattr__(Hostile, "data", Big())
    type.__setattr__(Hostile, "body", Big())

    let_go(Hostile, before)

    assert dict(release.attributes(Hostile)).keys() == before.keys()
    assert dict(release.attributes(Hostile))["body"] == "body"


def test_a_dict_of_the_class_is_not_taken_for_the_instances() -> None:
    class Faking(Owner):
        __dict__ = property(asked)

    owner = object.__new__(Faking)
    before = release.before(owner)
    owner.data = Big()

    let_go(owner, before)

    assert release.attributes(owner) == []


def test_what_the_class_inherits_stays() -> None:
    class Base:
        pass

    class Derived(Base):
        pass

    before = release.before(Derived)
    Base.data = Big()  # type: ignore[attr-defined]
    Derived.data = Big()  # type: ignore[attr-defined]

    let_go(Derived, before)

    assert "data" in vars(Base)
    assert "data" not in vars(Derived)


class Described:
    """Its texts are made by several of its own functions, some time after the test."""

    def __str__(self) -> str:
        return f"{self.label} {self._more()} {helper(self)}"  # type: ignore[attr-defined]

    def _more(self) -> object:
        return [getattr(self, "title") for _ in "x"]  # noqa: B009


def helper(owner: Any) -> object:
    return owner.number


def test_what_the_owners_texts_read_stays() -> None:
    owner = Described()
    before = release.before(owner)
    vars(owner).update(label="l", title="t", number=1, data=Big())

    let_go(owner, before)

    assert vars(owner) == {"label": "l", "title": "t", "number": 1}


def test_what_texts_of_a_derived_class_read_stays_on_the_class() -> None:
    class Base:
        pass

    class Derived(Base):
        def shortDescription(self) -> Any:
            return self.label  # type: ignore[attr-defined]

    before = release.before(Base)
    Base.label = Base.data = Big()  # type: ignore[attr-defined]

    let_go(Base, before)

    assert "label" in vars(Derived.__mro__[1])
    assert "data" not in vars(Base)


def test_texts_that_read_all_attributes_keep_them_all() -> None:
    class Telling(Owner):
        def __repr__(self) -> str:
            return repr(vars(self))

    owner = Telling()
    before = release.before(owner)
    owner.data = Big()

    let_go(owner, before)

    assert "data" in vars(owner)


def test_a_comparison_of_all_attributes_keeps_none_of_them() -> None:
    class Compared(Owner):
        label = None

        def __eq__(self, other: object) -> bool:
            return self.label is not None and self.__dict__ == vars(other)

        __hash__ = Owner.__hash__

    owner = Compared()
    before = release.before(owner)
    vars(owner).update(label="l", data=Big())

    let_go(owner, before)

    assert vars(owner) == {**before, "label": "l"}
    assert not release.reads_all(Compared)


@pytest.mark.parametrize(
    ("value", "goes"),
    [
        (Big(), True),
        ([Big()], True),
        ({"x": Big()}, True),
        ((1, Big()), True),
        ({Big()}, True),
        ([[Big()]], False),
        ("text", False),
        (SimpleNamespace(big=Big()), False),
    ],
)
def test_only_values_of_the_namespaces_go_or_containers_of_them(value: object, goes: bool) -> None:
    for namespace in (__name__, "other, too", __name__.partition(".")[0]):
        owner = Owner()
        before = release.before(owner)
        owner.value = value
        let_go(owner, before, "elsewhere", namespace)
        assert hasattr(owner, "value") != (goes and namespace != "other, too")


def test_a_namespace_is_whole_parts_of_a_name() -> None:
    assert release.is_in("myapp.models", "myapp")
    assert release.is_in("myapp", "myapp")
    assert not release.is_in("myapplication.models", "myapp")
    assert not release.is_in("other.myapp", "myapp")


# ---- runs


class Runs:
    """A suite in a folder, run plainly and with --release, whose outputs are compared."""

    def __init__(self, folder: Path, source: str, *command: str, status: int = 0) -> None:
        (folder / "suite.py").write_text(dedent(source))
        self.folder = folder
        expected = plain(*command, cwd=folder)
        self.released = self.run(folder, "--release", *command)
        assert timeless(self.released.stdout) == timeless(expected.stdout)
        assert until_exit(self.released.stderr) == until_exit(expected.stderr)
        assert self.released.returncode == expected.returncode == status, expected.stderr
        self.report = msgspec.json.decode((folder / "out.json").read_bytes(), type=Report)
        assert self.report.run.notes == []

    @staticmethod
    def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
        return reftrack("run", "--no-report", "--json", "out.json", *words, cwd=folder)

    def rows(self) -> dict[str, tuple[int, int]]:
        return {row.name: (row.scopes, row.bytes) for row in self.report.released}

    def large(self) -> dict[str, int]:
        """Tests let go of, by name, where most of a megabyte went with each."""
        return {
            name: scopes for name, (scopes, went) in self.rows().items() if went > 0.9 * scopes * MB
        }


def timeless(output: str) -> str:
    return re.sub(r"\d+\.\d+s|=+|0x[0-9a-f]+", "...", output)


def until_exit(stderr: str) -> str:
    """Without what finalizers say as the process ends: they have run, or run later."""
    return timeless(re.split(r"(?m)^Exception ignored (?:in|while)", stderr)[0])


def test_tests_that_a_result_keeps_are_let_go_of(tmp_path: Path) -> None:
    runs = Runs(
        tmp_path,
        """
        import unittest

        class T(unittest.TestCase):
            def setUp(self):
                self.data = bytearray(1_000_000)
            def test_error(self):
                raise ValueError
            def test_fail(self):
                self.fail("x")
            def test_pass(self):
                pass
            def test_skip(self):
                self.skipTest("x")
            def test_subtest(self):
                for i in range(2):
                    with self.subTest("which", i=i):
                        self.fail("x")
            @unittest.expectedFailure
            def test_xfail(self):
                self.fail("x")
        """,
        *UNITTEST,
        "-v",
        status=1,
    )

    assert runs.rows().keys() == {"T.data"}
    assert runs.large() == {"T.data": 5}  # the one that passed goes by itself
    assert runs.report.totals.survived_bytes < 0.02 * MB


def test_plain_pytest_classes_are_let_go_of(tmp_path: Path) -> None:
    runs = Runs(
        tmp_path,
        """
        import pytest, unittest

        class TestPlain:
            @classmethod
            def setup_class(cls):
                cls.shared = bytearray(1_000_000)
            def setup_method(self):
                self.data = bytearray(1_000_000)
            def teardown_method(self):
                assert len(self.data) == len(self.shared) == 1_000_000
            def test_fail(self): assert 0
            def test_pass(self): pass
            @pytest.mark.parametrize("n", [1, 2])
            def test_some(self, n): pass
            def test_skip(self): pytest.skip("x")
            @pytest.mark.xfail
            def test_xfail(self): assert 0

        class TestByFixture:
            @pytest.fixture(scope="class", autouse=True)
            @classmethod
            def driver(cls, request):
                request.cls.browser = bytearray(1_000_000)
                yield
                assert len(request.cls.browser) == 1_000_000
            def test_pass(self): assert self.browser

        class T(unittest.TestCase):
            @classmethod
            def setUpClass(cls): cls.shared = bytearray(1_000_000)
            def test_fail(self): self.fail("x")
            def test_pass(self): assert self.shared

        def test_function_fails():
            local = bytearray(1_000_000)
            assert 0
        """,
        *PYTEST,
        status=1,
    )

    assert runs.large() == {
        "TestPlain.data": 6,
        "TestPlain.shared": 1,
        "TestByFixture.browser": 1,
        "T.shared": 1,
    }
    assert runs.rows()["frames in sys.last_value"][1] > 0.9 * MB
    assert runs.report.totals.survived_bytes < 0.3 * MB  # pytest's reports, linecache


HIERARCHY = """
    import unittest

    made = []

    class Base:
        plain = None
        items = []

        @classmethod
        def setUpClass(cls):
            cls.own = bytearray(1_000_000)
            cls.plain = bytearray(1_000_000)
            cls.items = [bytearray(1_000_000)]
            if not made:  # once for all that derive from it
                made.append(1)
                Base.once = bytearray(1_000_000)

        def test_one(self):
            type(self).counted = vars(type(self)).get("counted", 0) + 1
            assert self.own and self.plain and self.items and self.once

        test_two = test_one

        @classmethod
        def tearDownClass(cls):
            assert cls.counted <= 2 and cls.own and cls.plain

    class A(Base, unittest.TestCase): pass
    class B(Base, unittest.TestCase): pass
    class Derived(A): pass

    def tearDownModule():
        assert A.own and A.plain and B.own and Base.once and Derived.own

    import atexit
    atexit.register(lambda: print(list(vars(Base)), Base.plain, Base.items, vars(Base).get("own")))
    """


@pytest.mark.parametrize("command", [UNITTEST, PYTEST], ids=["unittest", "pytest"])
def test_each_class_of_a_hierarchy_is_let_go_of_after_its_last_test(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "suite.py").write_text(dedent(HIERARCHY))
    expected = plain(*command, cwd=tmp_path)
    actual = Runs.run(tmp_path, "--release", *command)
    report = msgspec.json.decode((tmp_path / "out.json").read_bytes(), type=Report)
    rows = {row.name: row.scopes for row in report.released if row.bytes > 0.9 * MB}

    assert expected.returncode == actual.returncode == 0, actual.stdout + actual.stderr
    assert "'once'" in expected.stdout
    assert "'once'" not in actual.stdout
    assert actual.stdout.splitlines()[-1].endswith("None [] None")
    each = {
        f"{cls}.{name}": 1 for cls in ("A", "B", "Derived") for name in ("own", "plain", "items")
    }
    assert rows == {**each, "Base.once": 1}


def test_interleaved_classes_keep_what_their_later_tests_need(tmp_path: Path) -> None:
    runs = Runs(
        tmp_path,
        """
        import unittest

        class A(unittest.TestCase):
            def test_1(self): type(self).shared = bytearray(1_000_000)
            def test_2(self): self.assertEqual(len(self.shared), 1_000_000)
        class B(unittest.TestCase):
            def test_1(self): self.assertTrue(A.shared)

        def load_tests(*_):
            return unittest.TestSuite([A("test_1"), unittest.TestSuite([B("test_1")]), A("test_2")])
        """,
        *UNITTEST,
    )

    assert runs.large() == {"A.shared": 1}


def test_a_suite_that_makes_its_tests_as_it_runs_is_not_asked_for_them(tmp_path: Path) -> None:
    runs = Runs(
        tmp_path,
        """
        import unittest

        class A(unittest.TestCase):
            @classmethod
            def setUpClass(cls): cls.shared = bytearray(1_000_000)
            def test_1(self): assert self.shared
        class B(A): pass

        class Lazy(unittest.TestSuite):
            _cleanup = False
            tests = iter([A("test_1"), B("test_1")])
            def __iter__(self): return self.tests

        def load_tests(*_):
            return Lazy()
        """,
        *UNITTEST,
    )

    assert runs.large() == {"A.shared": 1, "B.shared": 1}


ELSEWHERE_READ = """
    import sys, unittest
    import pytest

    class TestA(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            cls.read, cls.other = bytearray(1_000_000), bytearray(1_000_000)
        def test(self): self.assertTrue(self.read and self.other)

    Alias = TestA

    def helper():
        def inner(): return len(TestA.read)
        return inner()

    @pytest.fixture
    def reads(): return TestA.read

    class TestB(unittest.TestCase):
        def test(self): self.assertEqual({expression}, 1_000_000)
    """


@pytest.mark.parametrize("command", [UNITTEST, PYTEST], ids=["unittest", "pytest"])
@pytest.mark.parametrize(
    "expression",
    [
        "len(TestA.read)",
        "len(Alias.read)",
        "len(getattr(TestA, 'read'))",
        "len(sys.modules[__name__].TestA.read)",
        "helper()",
    ],
)
def test_what_other_code_reads_of_a_class_stays_on_it(
    tmp_path: Path, command: tuple[str, ...], expression: str
) -> None:
    source = dedent(ELSEWHERE_READ).format(expression=expression)
    runs = Runs(tmp_path, source, *command)

    assert runs.large() == {"TestA.read": 1, "TestA.other": 1}  # in the end nobody reads it


READERS = """
    import functools, unittest

    class A(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            cls.read, cls.other = bytearray(1_000_000), bytearray(1_000_000)
        @classmethod
        def method(cls): return cls.read
        def test(self): pass

    {code}

    class B(unittest.TestCase):
        own = None
        @classmethod
        def setUpClass(cls): cls.other = None
        def test(self): self.assertEqual(len({expression}), 1_000_000)
    """

READER_CODE = {
    "lru_cache": ("@functools.lru_cache\ndef reads(): return A.read", "reads()"),
    "dict": ("hooks = {'x': [lambda: A.read]}", "hooks['x'][0]()"),
    "of a class": ("class X:\n    hooks = [lambda: A.read]", "X.hooks[0]()"),
    "partial": ("reads = functools.partial(lambda: A.read)", "reads()"),
    "default": ("def reads(get=lambda: A.read): return get()", "reads()"),
    "keyword": ("def reads(*, get=lambda: A.read): return get()", "reads()"),
    "cached_property": (
        "class X:\n    @functools.cached_property\n    def x(self): return A.read",
        "X().x",
    ),
    "setter": (
        "class X:\n    @property\n    def x(self): pass\n"
        "    @x.setter\n    def x(self, to): to.extend(A.read)\n"
        "def reads():\n    x = []\n    X().x = x\n    return x",
        "reads()",
    ),
    "callable": (
        "class X:\n    def __init__(self, f): self.f = f\n    def __call__(self): return self.f()\n"
        "reads = X(lambda: A.read)",
        "reads()",
    ),
    "dispatch": (
        "@functools.singledispatch\ndef reads(x): pass\n"
        "@reads.register\ndef _(x: int): return A.read",
        "reads(1)",
    ),
    "local class": (
        "def make():\n    C = A\n    def reads(): return C.read\n    return reads\nreads = make()",
        "reads()",
    ),
    "class as a value": ("B_OF = {}\nclass X:\n    kind = A", "X.kind.read"),
    "class in a list": ("kinds = [A]", "kinds[0].read"),
    "class in a default": ("def reads(cls=A): return cls.read", "reads()"),
    "class in a partial": ("reads = functools.partial(getattr, A)", "reads('read')"),
    "class on an instance": (
        "class X: pass\nX.x = X()\nX.x.kind = A",
        "X.x.kind.read",
    ),
    "frozen": ("import gc\nkinds = [A]\ngc.freeze()", "kinds[0].read"),
    "bound method": ("method = A.method", "method()"),
    "bound and in a list": ("both = [A, A.method]", "both[1]()"),
    "bound in a list": ("methods = [A.method]", "methods[0]()"),
    "names in a tuple": ("", "[getattr(A, name) for name in ('read', 'test')][0]"),
    "names in a default": ("def reads(of=('read',)): return getattr(A, *of)", "reads()"),
    "names of a module": ("OF = ('read', 'test')", "[getattr(A, name) for name in OF][0]"),
    "name in a getter": ("import operator\nreads = operator.attrgetter('read')", "reads(A)"),
    "name in a descriptor": (
        "class Of:\n    def __init__(self, name): self.name = name\n"
        "    def __get__(self, *_): return getattr(A, self.name)\n"
        "class X:\n    read = Of('read')",
        "X.read",
    ),
    "name in an expression": ("", "eval('A.read')"),
    "patched": (
        "from unittest import mock\n@mock.patch(f'{__name__}.A.read', bytes(1_000_000))\n"
        "def reads(): return A.read",
        "reads()",
    ),
    "patched on the class": (
        "from unittest import mock\n@mock.patch.object(A, 'read', bytes(1_000_000))\n"
        "def reads(): return A.read",
        "reads()",
    ),
}


@pytest.mark.parametrize("reader", READER_CODE)
def test_what_is_read_in_whatever_way_stays_on_a_class(tmp_path: Path, reader: str) -> None:
    code, expression = READER_CODE[reader]
    command = PYTEST if reader in ("bound method", "class as a value") else UNITTEST
    Runs(tmp_path, dedent(READERS).format(code=code, expression=expression), *command)


def test_parameters_and_fixtures_may_be_classes(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text(
        "class TestA:\n"
        "    @classmethod\n"
        "    def setup_class(cls): cls.a, cls.b = bytearray(10**6), bytearray(10**6)\n"
        "    def test(self): pass\n"
        "class TestB(TestA):\n"
        "    def test(self): pass\n"
    )
    (tmp_path / "conftest.py").write_text(
        "import pytest\n"
        "@pytest.fixture(scope='session')\n"
        "def chosen():\n"
        "    from test_a import TestB\n"
        "    return TestB\n"
    )
    (tmp_path / "test_b.py").write_text(
        "import pytest, test_a\n"
        "@pytest.mark.parametrize('kind', [test_a.TestA])\n"
        "def test_parameter(kind): assert kind.a\n"
        "def test_fixture(chosen): assert chosen.b\n"
    )

    run = Runs.run(tmp_path, "--release", *PYTEST[:-1], "test_a.py", "test_b.py")

    assert run.returncode == 0, run.stdout


UNREAD = """
    import sys, unittest
    import pytest

    class {name}(unittest.TestCase):
        @classmethod
        def setUpClass(cls): cls.shared = bytearray(1_000_000)
        def helper(self): return super().id() and self.shared
        def test(self): self.helper()

    class TestPlain:
        @classmethod
        def setup_class(cls): cls.shared = bytearray(1_000_000)
        @pytest.fixture(autouse=True, scope="class")
        def around(self): yield self.shared
        def test(self): assert self.shared

    class TestZ(unittest.TestCase):
        @classmethod
        def setUpClass(cls): cls.shared = bytearray(1_000_000)
        def test(self):
            space = vars(sys.modules[__name__])
            for name in "Test" + chr(65), "Test" + chr(80) + "lain":
                held = "shared" in vars(space[name])
                print(name, "has shared", held)
            assert self.shared
    """


@pytest.mark.parametrize("command", [UNITTEST, PYTEST], ids=["unittest", "pytest"])
def test_a_class_that_nobody_comes_to_lets_go_though_others_name_an_attribute_of_its(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "suite.py").write_text(dedent(UNREAD).format(name="TestA"))
    run = Runs.run(tmp_path, "--release", *command, *(["-s"] if command is PYTEST else []))
    assert run.returncode == 0, run.stdout
    assert "TestA has shared False" in run.stdout
    assert "TestPlain has shared False" in run.stdout


def test_what_another_module_reads_of_a_class_stays_on_it(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text(
        "class TestA:\n"
        "    def test(self): type(self).a, type(self).b = bytearray(10**6), bytearray(10**6)\n"
    )
    (tmp_path / "test_b.py").write_text(
        "def test_first():\n"
        "    from test_a import TestA as First\n"
        "    assert len(First.a) == 10**6\n"
        "    assert not hasattr(First, chr(98))\n"
    )

    run = Runs.run(tmp_path, "--release", *PYTEST[:-1], "test_a.py", "test_b.py")

    assert run.returncode == 0, run.stdout


class Keeping:
    """Lets go of no class before the end, and counts how often it was asked to."""

    def __init__(self) -> None:
        self.asked: list[type] = []
        self.scopes: dict[type, slice] = {}

    def mark(self) -> int:
        return len(self.asked)

    def let_go_of_class(
        self, cls: type, before: release.Before, scopes: slice, *, to_come: bool
    ) -> bool:
        self.asked.append(cls)
        self.scopes[cls] = scopes
        return not to_come

    def let_go_of_instance(self, *_: object) -> None:
        raise NotImplementedError

    def let_go_of_frames(self, *_: object) -> None:
        raise NotImplementedError


def test_classes_of_which_something_stays_are_asked_for_ever_more_rarely() -> None:
    letting = Keeping()
    classes = Classes(letting)
    made = [type(f"T{n}", (), {}) for n in range(1_000)]
    for cls in made:
        classes.begin(cls)
        classes.let_go(lambda other: True, to_come=True)

    assert 1_000 < len(letting.asked) < 11_000
    assert letting.asked.count(made[0]) == 10
    assert letting.scopes[made[0]] == slice(0, 0)
    letting.asked.clear()
    classes.begin(made[5])  # again, so that it is not over
    classes.let_go(lambda cls: cls is not made[5], to_come=False)
    assert len(letting.asked) == 999
    classes.let_go(lambda cls: True, to_come=False)
    assert letting.asked[999:] == [made[5]]


NASTY = """
    import atexit, gc, sys, unittest, warnings, weakref

    class Loud:
        def __init__(self): self.big = bytearray(1_000_000)
        def __del__(self): raise RuntimeError("a finalizer")

    class Guarded:
        def __init__(self): self.big = bytearray(1_000_000)
        def __eq__(self, other): raise AssertionError
        def __bool__(self): raise AssertionError
        def __getattribute__(self, name): raise AssertionError
        __hash__ = None

    class Asked(type):
        def __eq__(cls, other): raise AssertionError
        def __hash__(cls): raise AssertionError
        def __bool__(cls): raise AssertionError

    class Guarded(Guarded, metaclass=Asked):
        @property
        def __class__(self): raise AssertionError

    class Meta(type):
        def __delattr__(cls, name): raise AssertionError
        def __setattr__(cls, name, value):
            if name == "forbidden": raise AssertionError
            super().__setattr__(name, value)

    class T(unittest.TestCase, metaclass=Meta):
        __slots__ = ("slotted",)
        body = Guarded()
        replaced = label = None

        @classmethod
        def setUpClass(cls):
            cls.shared = Guarded()
            cls.replaced = Guarded()
            cls.addClassCleanup(lambda: print("class", sorted(n for n in vars(cls) if n[0] != "_")))

        @classmethod
        def tearDownClass(cls):
            assert "shared" in vars(cls) and cls.body is not None

        def setUp(self):
            self.label, self.guarded, self.slotted = self._testMethodName, Guarded(), Guarded()
            self.file = open(__file__)
            self.ref = weakref.ref(type(self).body)
            self.addCleanup(lambda: print("test", sorted(vars(self).keys() & {"label", "guarded"})))

        def __delattr__(self, name): raise AssertionError

        @property
        def computed(self): raise AssertionError

        def __str__(self): return f"test of {self.label}"
        def id(self): return f"id of {self.label}"
        def shortDescription(self): return self.label

        def test_fail(self):
            self._testMethodDoc = "said later"
            local = Guarded()
            self.fail("x")
        def test_error(self):
            self.loud = Loud()
            raise ValueError
        def test_own_cure(self):
            ref = weakref.ref(type(self).body)
            assert ref() is type(self).body
        def test_skip(self): self.skipTest("x")
        def test_subtests(self):
            with self.subTest("which", key=self.label): self.fail("x")
        @unittest.expectedFailure
        def test_xfail(self): self.fail("x")

    class Again(unittest.TestCase):
        def test_more(self):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                warnings.warn("w")
            assert len(caught) == 1

    def setUpModule():
        unittest.addModuleCleanup(lambda: print("module", T.replaced is None, "shared" in vars(T)))
    def tearDownModule():
        print("tear down", "shared" in vars(T))
    """


@pytest.mark.parametrize("flags", [(), ("-W", "error"), ("-b",)], ids=["", "-W error", "-b"])
def test_a_nasty_suite_reads_and_ends_the_same(tmp_path: Path, flags: tuple[str, ...]) -> None:
    own = tuple(flag for flag in flags if flag == "-b")
    source = dedent(NASTY)
    (tmp_path / "suite.py").write_text(source)
    python = () if own else flags
    expected = plain(*python, *UNITTEST, "-v", *own, cwd=tmp_path)
    actual = reftrack(
        *("run", "--no-report", "--json", "out.json", "--release"),
        *UNITTEST,
        "-v",
        *own,
        cwd=tmp_path,
        flags=python,
    )

    assert expected.returncode == actual.returncode == 1
    assert actual.stdout == expected.stdout
    assert until_exit(actual.stderr) == until_exit(expected.stderr)
    report = msgspec.json.decode((tmp_path / "out.json").read_bytes(), type=Report)
    assert report.run.notes == []
    rows = {row.name: row.scopes for row in report.released if row.bytes > 0.9 * MB}
    assert rows == {"T.guarded": 5, "T.slotted": 5, "T.shared": 1, "T.replaced": 1, "T.loud": 1}


NASTY_PYTEST = """
    import pytest, unittest, warnings

    seen = []

    class Loud:
        def __init__(self): self.big = bytearray(1_000_000)
        def __del__(self): raise RuntimeError("a finalizer")

    @pytest.fixture(scope="session", autouse=True)
    def whole():
        yield
        assert seen == ["a", "b"]

    @pytest.fixture(scope="module", autouse=True)
    def module():
        yield
        assert TestA.shared and TestB.shared  # whoever sets them up tears them down

    class TestA:
        @classmethod
        def setup_class(cls): cls.shared = bytearray(1_000_000)
        def setup_method(self):
            self.loud, self.file = Loud(), open(__file__)
        def test_a(self): seen.append("a")

    class TestB(TestA):
        def test_a(self): seen.append("b")
        def test_after_what_was_let_go_of(self, recwarn):
            assert not recwarn.list
    """


def test_warnings_of_what_is_let_go_of_fail_nobody(tmp_path: Path) -> None:
    runs = Runs(tmp_path, NASTY_PYTEST, *PYTEST, "-W", "error")

    assert runs.large() == {"TestA.loud": 1, "TestB.loud": 2, "TestA.shared": 1, "TestB.shared": 1}


def test_a_test_that_runs_twice_works(tmp_path: Path) -> None:
    Runs(
        tmp_path,
        """
        import unittest

        class T(unittest.TestCase):
            @classmethod
            def setUpClass(cls): cls.shared = []
            def setUp(self): self.data = [1]
            def test(self): self.assertEqual((self.data, self.shared), ([1], []))

        result = unittest.TestResult()
        test = T("test")
        for _ in range(3):
            unittest.TestSuite([test])(result)
            unittest.TestSuite([test, T("test"), test])(result)
        test.shared = []
        test.run(result)
        print(result.testsRun, result.wasSuccessful(), result.errors)
        """,
        "suite.py",
    )


def test_a_pytest_item_that_runs_twice_works(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        dedent(
            """
            from _pytest.runner import runtestprotocol

            def pytest_runtest_protocol(item, nextitem):
                runtestprotocol(item, nextitem=item, log=False)  # as pytest-rerunfailures does
                item._initrequest()
                runtestprotocol(item, nextitem=nextitem)
                return True
            """
        )
    )
    runs = Runs(
        tmp_path,
        """
        import unittest

        class TestPlain:
            def setup_method(self): self.data = bytearray(1_000_000)
            def test(self): assert self.data
        class T(unittest.TestCase):
            @classmethod
            def setUpClass(cls): cls.shared = []
            def setUp(self): self.data = [1]
            def test(self): self.assertEqual((self.data, self.shared), ([1], []))
        """,
        *PYTEST,
    )

    assert runs.large() == {"TestPlain.data": 1}


HELD = """
    import gc, unittest, weakref

    {registry}

    class TestT({base}):
        def {setup}(self):
            self.data = bytearray(1_000_000)
            {hold}
        def values(self): yield self
        def test_1(self): assert 0
        def test_2(self): assert 0
        def test_3(self): assert all(len(test.data) == 1_000_000 for test in {read})
    """


@pytest.mark.parametrize(
    ("registry", "hold", "read"),
    [
        ("held = []", "held.append(self)", "held"),
        ("held = []", "held.append(self.test_1)", "(method.__self__ for method in held)"),
        ("held = []", "held.append(lambda: self)", "(get() for get in held)"),
        ("held = []", "held.append(self.values())", "(next(it) for it in held)"),
        ("held = weakref.WeakSet()", "held.add(self)", "held"),
        (
            "held = []",
            "held.append(weakref.WeakMethod(self.test_1))",
            "(m().__self__ for m in held)",
        ),
    ],
)
@pytest.mark.parametrize("base", ["unittest.TestCase", ""], ids=["unittest", "pytest"])
def test_an_instance_that_the_program_holds_keeps_what_is_on_it(
    tmp_path: Path, registry: str, hold: str, read: str, base: str
) -> None:
    setup = "setUp" if base else "setup_method"
    source = dedent(HELD).format(registry=registry, hold=hold, read=read, base=base, setup=setup)
    runs = Runs(tmp_path, source, *(UNITTEST if base else PYTEST), status=1)

    assert "TestT.data" not in runs.rows()
    assert runs.report.not_released >= 2


def test_an_instance_that_is_collected_while_it_is_looked_at_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = [Owner()]
    before, weak = release.before(kept[0]), Weak(kept[0])
    kept[0].data = Big()
    cure = curing.Cure((), [SimpleNamespace(number=0)], [])

    def collected(*_: object) -> bool:
        kept.clear()
        return False

    monkeypatch.setattr(curing, "is_held", collected)
    cure.let_go_of_instance(weak, before, lambda _: Known([], [], []))

    assert (weak(), cure.held()) == (None, 0)


@pytest.mark.parametrize("cleanup", [True, False])
def test_a_test_that_its_suite_runs_once_more_keeps_what_it_has(
    tmp_path: Path, cleanup: bool
) -> None:
    source = """
        import unittest

        class T(unittest.TestCase):
            runs = 0
            def test(self):
                self.runs += 1
                self.data = bytearray(1_000_000)
                self.assertEqual(self.runs, 2)

        def load_tests(*_):
            test = T("test")
            suite = unittest.TestSuite([test, test])
            suite._cleanup = {cleanup}
            return suite
        """
    runs = Runs(tmp_path, source.format(cleanup=cleanup), *UNITTEST, status=1)

    assert runs.report.not_released == 0  # in the end the suite is gone, too


def test_a_suite_that_the_program_runs_again_keeps_what_its_tests_have(tmp_path: Path) -> None:
    Runs(
        tmp_path,
        """
        import unittest

        class T(unittest.TestCase):
            def test(self):
                self.runs = getattr(self, "runs", 0) + 1
                self.big = bytearray(1_000_000)
                print("run", self.runs)

        suite = unittest.TestSuite([T("test")])
        suite._cleanup = False
        for _ in range(3):
            unittest.TextTestRunner().run(suite)
        """,
        "suite.py",
    )


def test_what_a_class_let_go_of_holds_no_more(tmp_path: Path) -> None:
    runs = Runs(
        tmp_path,
        """
        import unittest

        class T(unittest.TestCase):
            @classmethod
            def setUpClass(cls): cls.runs = []
            def setUp(self):
                self.data = bytearray(1_000_000)
                self.runs.append(self)
            def test_1(self): self.fail("x")
            def test_2(self): self.assertTrue(self.runs[0].data)
        class U(unittest.TestCase):
            def test_3(self): pass
        """,
        *UNITTEST,
        status=1,
    )

    assert "T.data" in runs.rows()
    assert runs.report.not_released == 0
    assert runs.report.totals.survived_bytes < 0.1 * MB


def test_a_fixture_of_the_class_that_is_still_set_up_keeps_its_instance(tmp_path: Path) -> None:
    Runs(
        tmp_path,
        """
        import pytest

        class TestDriver:
            @pytest.fixture(scope="class", autouse=True)
            def driver(self):
                self.browser = bytearray(1_000_000)
                yield
                assert len(self.browser) == 1_000_000
            def test_1(self): pass
            def test_2(self): pass
        """,
        *PYTEST,
    )


def test_what_the_report_says_of_tests_that_are_held(tmp_path: Path) -> None:
    (tmp_path / "suite.py").write_text(
        dedent(HELD).format(
            registry="held = []",
            hold="held.append(self)",
            read="held",
            base="unittest.TestCase",
            setup="setUp",
        )
    )

    run = reftrack("run", "--release", *UNITTEST, cwd=tmp_path)

    assert "\n3 tests are held by the program itself: not released\n" in run.stderr


def test_what_came_to_nothing_is_said_and_why(tmp_path: Path) -> None:
    (tmp_path / "suite.py").write_text(
        dedent(
            """
            import unittest

            class Telling(unittest.TestCase):
                def __repr__(self): return repr(vars(self))
                def test_fail(self):
                    self.data = bytearray(1_000_000)
                    self.fail("x")
            """
        )
    )

    whole = reftrack("run", "--release", *UNITTEST, cwd=tmp_path)
    part = reftrack("run", "--release-only", "builtins,nosuch", *UNITTEST, cwd=tmp_path)

    assert (
        "note  --release let go of nothing on instances of Telling: the texts (id, __str__ and the "
        "like) of\n  such a test may read any attribute\n" in whole.stderr
    )
    assert (
        "note  --release-only nosuch: no test or class that was over had a value of such a type\n"
        in part.stderr
    )


def test_exceptions_that_a_result_keeps_lose_their_frames_and_no_word(tmp_path: Path) -> None:
    runs = Runs(
        tmp_path,
        """
        import traceback, unittest

        class Keeping(unittest.TextTestResult):
            def addError(self, test, err): self.errors.append((test, err))
            def printErrors(self):
                for test, err in self.errors:
                    print(test, "".join(traceback.format_exception(*err)))

        def values():
            local = bytearray(1_000_000)
            try:
                yield 1
            except ValueError as error:
                yield error
            print("resumed", len(local))

        class T(unittest.TestCase):
            def test_error(self):
                local = bytearray(1_000_000)
                try: {}["x"]
                except KeyError: raise ValueError("y")
            def test_generator(self):
                global running
                running = values()
                next(running)
                raise running.throw(ValueError("z"))
            def test_generator_goes_on(self):
                list(running)
            def test_kept(self):
                global kept
                local = bytearray(1_000_000)
                try: raise ValueError("w")
                except ValueError as error: kept = error
                raise kept
            def test_kept_is_read(self):
                print(len(kept.__traceback__.tb_next.tb_next.tb_next.tb_frame.f_locals["local"]))

        unittest.main(testRunner=unittest.TextTestRunner(resultclass=Keeping))
        """,
        "suite.py",
        status=1,
    )

    scopes, went = runs.rows()["frames in Keeping.errors"]
    assert scopes == 1  # a generator and the program have the others
    assert 0.9 * MB < went < 1.1 * MB


def test_frames_that_the_program_holds_keep_their_locals(tmp_path: Path) -> None:
    """By a traceback, a frame, or a frame that one was called from."""
    runs = Runs(
        tmp_path,
        """
        import sys, unittest

        class Keeping(unittest.TextTestResult):
            def addError(self, test, err): self.errors.append((test, err))
            def printErrors(self): pass

        held = {}

        def caller(hold):
            local = bytearray(1_000_000)
            hold()
            raise ValueError

        class T(unittest.TestCase):
            def test_a(self):
                try: caller(int)
                except ValueError as error:
                    held["traceback"] = error.__traceback__.tb_next
                    raise
            def test_b(self):
                caller(lambda: held.update(frame=sys._getframe(1)))
            def test_c(self):
                caller(lambda: held.update(within=sys._getframe()))
            def test_d(self):
                caller(int)
            def test_read(self):
                for frame in held["traceback"].tb_frame, held["frame"], held["within"].f_back:
                    print(len(frame.f_locals["local"]))

        unittest.main(testRunner=unittest.TextTestRunner(resultclass=Keeping))
        """,
        "suite.py",
        status=1,
    )

    assert runs.rows()["frames in Keeping.errors"][0] == 1


def test_long_chains_of_exceptions_are_asked_for_at_once(tmp_path: Path) -> None:
    suite = """
        import unittest

        class Keeping(unittest.TextTestResult):
            def addError(self, test, err): self.errors.append((test, err))
            def printErrors(self): pass

        class T(unittest.TestCase):
            def test(self):
                last = None
                for number in range({count}):
                    error = ValueError(number, local := bytearray(1_000))
                    error.__context__, last = last, error
                raise last

        unittest.main(testRunner=unittest.TextTestRunner(resultclass=Keeping))
        """
    short = Runs(tmp_path, suite.format(count=1_000), "suite.py", status=1)
    assert short.rows()["frames in Keeping.errors"][0] == 1
    began = time.monotonic()
    Runs(tmp_path, suite.format(count=20_000), "suite.py", status=1)
    assert time.monotonic() - began < 30


def test_pdb_finds_the_test_as_it_failed(tmp_path: Path) -> None:
    (tmp_path / "suite.py").write_text(
        dedent(
            """
            import unittest
            class TestPlain:
                def setup_method(self): self.data = "plain data"
                def test(self): assert 0
            class T(unittest.TestCase):
                def setUp(self): self.data = "data of T"
                def tearDown(self): print("torn down with", self.data)
                def test(self): self.fail("x")
            """
        )
    )
    command = (*PYTEST, "--pdb", "-s")

    for options in ((), ("--release",)):
        run = reftrack(
            *("run", "--no-report", *options),
            *command,
            cwd=tmp_path,
            input="p self.data\nc\np self.data\nc\n",
        )
        assert run.returncode == 1
        assert "(Pdb) 'plain data'" in run.stdout
        assert "(Pdb) 'data of T'" in run.stdout
        assert "torn down with data of T" in run.stdout


def test_only_the_named_types_are_let_go_of(tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text(
        "class User:\n    def __init__(self): self.b = bytes(10**6)\n"
    )
    (tmp_path / "suite.py").write_text(
        dedent(
            """
            from models import User
            class TestPlain:
                def test(self):
                    self.user, self.users, self.other = User(), [User()], bytearray(1_000_000)
            """
        )
    )

    run = Runs.run(tmp_path, "--release-only", "models,other.models", *PYTEST)

    report = msgspec.json.decode((tmp_path / "out.json").read_bytes(), type=Report)
    assert run.returncode == 0
    assert {row.name for row in report.released} == {"TestPlain.user", "TestPlain.users"}
    assert [h.name for h in report.holders if h.survived_bytes > MB / 2] == ["TestPlain.other"]


def test_what_was_released_is_told_by_what_held_it_and_without_the_garbage_of_tests(
    tmp_path: Path,
) -> None:
    (tmp_path / "suite.py").write_text(
        dedent(
            """
            class Node:
                def __init__(self, size): self.me, self.data = self, bytearray(size)
            class Test:
                def test(self):
                    Node(5_000_000)
                    self.numbers, self.pairs = [0, 1, 2], {1: 2}
                    self.node, self.nodes = Node(1_000_000), {"a": [Node(2_000_000)]}
            """
        )
    )

    Runs.run(tmp_path, "--release", *PYTEST)

    report = msgspec.json.decode((tmp_path / "out.json").read_bytes(), type=Report)
    kept = {row.name: row.bytes for row in report.released}
    assert kept["Test.node"] == pytest.approx(1_000_000, rel=0.01)
    assert kept["Test.nodes"] == pytest.approx(2_000_000, rel=0.01)
    assert max(kept["Test.numbers"], kept["Test.pairs"]) < 1000


def test_pytest_itself_lets_go_where_it_is_asked_to(tmp_path: Path) -> None:
    (tmp_path / "suite.py").write_text(
        "class Test:\n    def test(self): self.data = bytearray(1_000_000)\n"
    )

    run = plain(
        *PYTEST,
        *("--reftrack", "--reftrack-release-only=builtins", "--reftrack-json=out.json"),
        cwd=tmp_path,
    )

    assert run.returncode == 0
    # From 3.15 on a bytearray has a bytes, which has a head of its own: it takes 976.7.
    size = r"976\.[67] KiB"
    assert re.search(rf"^RELEASED  {size} in 1 test   Test\.data$", run.stdout, re.MULTILINE)
    refused = plain(*PYTEST, "--reftrack-release-only=x", cwd=tmp_path)
    assert "--reftrack-release-only needs --reftrack" in refused.stderr


def test_without_the_option_nothing_of_it_is_imported(tmp_path: Path) -> None:
    (tmp_path / "suite.py").write_text(
        dedent(
            """
            import sys, unittest
            class T(unittest.TestCase):
                def setUp(self): self.data = 1
                def test(self): self.fail("x")
            test = T("test")
            unittest.TestSuite([test])(unittest.TestResult())
            print(test.data, [n for n in sys.modules if "releas" in n or "curing" in n])
            """
        )
    )

    run = Runs.run(tmp_path, "suite.py")

    assert run.stdout == "1 []\n"


# ---- the examples

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


@pytest.fixture(
    params=[("django_users", ("manage.py", "test")), ("pytest_classes", PYTEST[:-1])],
    ids=lambda param: param[0],
)
def example(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[Any]]:
    """An example's run without and with --release: each its process and its report."""
    name, command = request.param
    if name == "django_users":
        pytest.importorskip("django")
    found = []
    for options in ((), ("--release",)):
        json = tmp_path / "out.json"
        process = reftrack(
            *("run", "--no-report", "--json", json, "--directory", tmp_path, *options),
            *command,
            cwd=EXAMPLES / name,
            env={"KEEP_TESTS": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        )
        found.append((process, msgspec.json.decode(json.read_bytes(), type=Report)))
    return iter([found])


def test_an_example_ends_with_under_a_twentieth_of_what_it_kept(
    example: Iterator[list[Any]],
) -> None:
    (process, without), (released, report) = next(example)

    assert released.returncode == process.returncode
    assert timeless(released.stdout) == timeless(process.stdout)
    assert timeless(released.stderr) == timeless(process.stderr)
    kept, kept_without = report.totals.survived_bytes, without.totals.survived_bytes
    assert kept < 0.05 * kept_without
    assert sum(row.bytes for row in report.released) >= 0.95 * (kept_without - kept)
