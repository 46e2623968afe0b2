"""What other runners of `unittest.TestCase` have of their own: one table, a row for each function.

Most of what they do goes through unittest's suites and tests, which `unittest_hooks` follows. The
functions here are those that run a test, a fixture or a whole run in another way.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType, ModuleType
from typing import Any, Literal, NamedTuple

from reftrack.model import ScopeKind
from reftrack.runners import class_id, namespace_of, overrides
from reftrack.runners.unittest_fixtures import Named
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

Phase = Literal["setup", "call", "teardown"]


class Row(NamedTuple):
    """A function of a module, or a method of a class in one: `Class.method`.

    Exactly one of the others says what it does. `phase` names, from its arguments, the part of a
    test that it begins; `fixture` the wider fixture that it goes on to call; `is_run`: it runs all
    tests, and what keeps their results is alive until it returns.
    """

    module: str
    function: str
    phase: Callable[..., Phase | None] | None = None
    fixture: Callable[..., Named] | None = None
    is_run: bool = False


# testtools runs the parts of a test by three methods of its own.


def _setup(*_: object) -> Phase:
    return "setup"


def _call(*_: object) -> Phase:
    return "call"


def _teardown(*_: object) -> Phase:
    return "teardown"


# Trial runs each by the same method, which is given what to call.


def _asynchronous_part(test: Any, method: object, *_: object) -> Phase | None:
    return _part(test, method)


def _synchronous_part(test: Any, suppress: object, todo: object, method: object, _: object) -> Any:
    return _part(test, method)


def _part(test: Any, method: object) -> Phase | None:
    """Its cleanups come before tearDown: they are part of it."""
    name = method.__func__.__name__ if type(method) is MethodType else ""
    if name == test._testMethodName:
        return "call"
    return "setup" if name == "setUp" else "teardown"


# pynose sets up and tears down contexts: a class, a module or a package.


def _context_to_set_up(suite: Any, context: Any) -> Named:
    return _context(context, suite.classSetup, (*suite.packageSetup, *suite.moduleSetup))


def _context_to_tear_down(suite: Any, context: Any) -> Named:
    return _context(context, suite.classTeardown, (*suite.packageTeardown, *suite.moduleTeardown))


def _context(context: Any, of_class: tuple[str, ...], of_module: tuple[str, ...]) -> Named:
    if isinstance(context, type):
        is_called = any(overrides(context, name) for name in of_class)
        return ("class", class_id(context)) if is_called else None
    is_called = type(context) is ModuleType and not vars(context).keys().isdisjoint(of_module)
    return ("module", context.__name__) if is_called else None


# zope.testrunner and nose2 have layers, which are classes or anything that has their methods.


def _layer_to_set_up(options: object, layer: Any, set_up: Any) -> Named:
    return None if layer in set_up or not hasattr(layer, "setUp") else _layer(layer)


def _layers_own(method: str) -> Callable[..., Named]:
    def named(suite: Any) -> Named:
        layer = suite.layer
        return _layer(layer) if layer is not None and method in namespace_of(layer) else None

    return named


def _layer(layer: Any) -> tuple[ScopeKind, str]:
    return "fixture", f"{layer.__module__}.{layer.__name__} (layer)"


NO_TESTS = frozenset({"testtools.testcase.PlaceHolder"})
"""Classes that stand for tests which ran elsewhere, or never: their `run` tells a result of it."""

ROWS = (
    Row("testtools.testcase", "TestCase._run_setup", phase=_setup),
    Row("testtools.testcase", "TestCase._run_test_method", phase=_call),
    Row("testtools.testcase", "TestCase._run_teardown", phase=_teardown),
    Row("twisted.trial._asynctest", "TestCase._run", phase=_asynchronous_part),
    Row("twisted.trial._synctest", "SynchronousTestCase._run", phase=_synchronous_part),
    Row("nose.suite", "ContextSuite.setupContext", fixture=_context_to_set_up),
    Row("nose.suite", "ContextSuite.teardownContext", fixture=_context_to_tear_down),
    Row("nose2.suite", "LayerSuite.setUp", fixture=_layers_own("setUp")),
    Row("nose2.suite", "LayerSuite.tearDown", fixture=_layers_own("tearDown")),
    Row("zope.testrunner.runner", "setup_layer", fixture=_layer_to_set_up),
    Row("zope.testrunner.runner", "Runner.run_tests", is_run=True),
)
