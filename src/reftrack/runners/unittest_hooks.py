"""unittest, Django's `manage.py test`, and every other runner of `unittest.TestCase`.

`install` sees to it that the methods of `TestCase` and `TestSuite` which know where a test, a class
or a module begins and ends also tell the session; so do the functions of other runners that
`family` lists. It does not import unittest: a program that never uses it keeps its `sys.modules`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.machinery import ModuleSpec
from types import FunctionType, MethodType, ModuleType
from typing import Any

from reftrack.runners import family, namespace_of, standing, unittest_scopes
from reftrack.runners.unittest_fixtures import FIXTURES, class_to_set_up
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

# unittest leaves frames whose globals have this name out of the tracebacks that it prints.
__unittest = True

_WATCHED = "unittest.suite"  # it imports unittest.case, the other module that is needed


def install() -> None:
    """Open and close the session's scopes for every `unittest.TestCase` that runs from now on.

    Takes effect at once where unittest is imported already, or else as soon as it is. Without a
    started session, as in forked children, the methods do what they always did.
    """
    unittest_scopes.begin()
    if _WATCHED in sys.modules:
        _patch()
    else:
        sys.meta_path.insert(0, _Finder())


# Waiting for unittest


class _Finder:
    """Stands at the front of `sys.meta_path` until unittest is looked for."""

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if name != _WATCHED:
            return None
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        for finder in list(sys.meta_path):
            find_spec = getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = find_spec and find_spec(name, path, target)
            if spec is not None:
                _patch_after(spec.loader)
                return spec
        return None


def _patch_after(loader: Any) -> None:
    """Patch when `loader` has executed its module.

    The stand-in is an attribute of this one loader, over its class's method, and takes itself away:
    `unittest.suite.__loader__` is then what it would have been.
    """
    if isinstance(loader, type) or not hasattr(loader, "exec_module"):
        return  # a frozen or an old-fashioned loader: not the standard library's own files
    execute = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        del loader.exec_module
        execute(module)
        _patch()

    loader.exec_module = exec_module


def _patch() -> None:
    case, suites = sys.modules["unittest.case"], sys.modules[_WATCHED]
    if standing.stands_in(namespace_of(suites.TestSuite)["run"]):
        return
    for cls in (suites.BaseTestSuite, *_descendants(suites.BaseTestSuite)):
        _adopt_suite(cls)
    for name, fixture in FIXTURES.items():
        function = namespace_of(suites.TestSuite)[name]
        is_next = fixture is class_to_set_up  # unittest asks before each test
        make = unittest_scopes.class_fixture if is_next else unittest_scopes.fixture
        setattr(suites.TestSuite, name, make(function, fixture))
    part = vars(case._Outcome)["testPartExecutor"]
    case._Outcome.testPartExecutor = unittest_scopes.part(part)
    for cls in (case.TestCase, *_descendants(case.TestCase)):
        _adopt_case(cls)
    adopted = _adopting(case.TestCase.__init_subclass__.__func__, _adopt_case)
    case.TestCase.__init_subclass__ = adopted
    suites.BaseTestSuite.__init_subclass__ = _adopting_suites(suites.BaseTestSuite)


def _descendants(cls: type) -> Iterator[type]:
    children: list[type] = type.__subclasses__(cls)
    for child in children:
        yield child
        yield from _descendants(child)


def _adopting(original: FunctionType, adopt: Callable[[type], None]) -> Any:
    """An `__init_subclass__`, which is called with each new subclass, that adopts it first."""

    def chosen(cls: type) -> Any:
        adopt(cls)
        return original

    return classmethod(standing.stand_in(original, chosen))


def _adopting_suites(base: Any) -> Any:
    """One for unittest's suites, which have none: it calls what would be called without it."""

    def original(cls: type, *args: Any, **kwargs: Any) -> None: ...

    def chosen(cls: type) -> Any:
        _adopt_suite(cls)
        next_one: Any = super(base, cls).__init_subclass__
        is_function = type(next_one) is MethodType
        return next_one.__func__ if is_function else namespace_of(object)["__init_subclass__"]

    assert isinstance(original, FunctionType)
    made = standing.stand_in(original, chosen)
    made.__name__, made.__module__ = "__init_subclass__", base.__module__
    made.__qualname__ = f"{base.__qualname__}.__init_subclass__"
    return classmethod(made)


def _adopt_case(cls: type) -> None:
    """Put others in the place of the functions of interest that `cls` itself defines.

    Subclasses that define `__call__` or `run` do their work around TestCase's own (Django's
    fixtures, the event loop of IsolatedAsyncioTestCase) or instead of it (trial, testtools).
    """
    if f"{cls.__module__}.{cls.__qualname__}" not in family.NO_TESTS:
        for name in ("__call__", "run"):
            _stand_in(cls, name, unittest_scopes.test_run)
    _adopt_family()


def _adopt_suite(cls: type) -> None:
    """The same of a class of suites: trial's and pynose's do all by themselves."""
    _stand_in(cls, "run", unittest_scopes.whole_run)
    _adopt_family()


def _adopt_family() -> None:
    """The same of other runners' functions, in modules that are loaded by now: a program makes
    classes of tests when it has loaded what runs them."""
    for row in family.ROWS:
        owner: Any = sys.modules.get(row.module)
        *path, name = row.function.split(".")
        for part in path:
            owner = None if owner is None else vars(owner).get(part)
        if owner is None:
            continue
        if row.phase is not None:
            _stand_in(owner, name, unittest_scopes.phase, row.phase)
        elif row.fixture is not None:
            _stand_in(owner, name, unittest_scopes.fixture, row.fixture)
        else:
            _stand_in(owner, name, unittest_scopes.whole_run)


def _stand_in(owner: Any, name: str, make: Callable[..., FunctionType], *words: object) -> None:
    is_class = isinstance(owner, type)
    function: Any = (namespace_of(owner) if is_class else vars(owner)).get(name)
    if standing.can_be_stood_in_for(function):
        (type if is_class else object).__setattr__(owner, name, make(function, *words))
