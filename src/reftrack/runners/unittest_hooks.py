"""unittest, Django's `manage.py test`, and every other runner of `unittest.TestCase`.

`install` sees to it that the methods of `TestCase` and `TestSuite` which know where a test, a class
or a module begins and ends also tell the session. It does not import unittest: a program that
never uses it keeps its `sys.modules`.
"""

from __future__ import annotations

import functools
import sys
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.machinery import ModuleSpec
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from reftrack import joining
from reftrack.runners import class_id, overrides, standing
from reftrack.session import Session, current

if TYPE_CHECKING:
    from unittest import TestCase, TestSuite

    from reftrack.model import ScopeKind
    from reftrack.runners.unittest_releasing import Suites

# unittest leaves frames whose globals have this name out of the tracebacks that it prints.
__unittest = True

_WATCHED = "unittest.suite"  # it imports unittest.case, the other module that is needed
_OUTCOMES = {  # the worst first
    "errors": "error",
    "failures": "failed",
    "skipped": "skipped",
    "expectedFailures": "xfailed",
    "unexpectedSuccesses": "xpassed",
}

_PHASES = {1: "call", 2: "teardown"}  # by how many parts of the test came before

_running = 0  # id() of the TestCase whose scope is open: a reference would keep it alive
_parts = 0  # of that test, that unittest has begun
_in_suite = False
_seen: dict[str, tuple[weakref.ref[type[TestCase]], str]] = {}
"""Class and method of each test by its id, where tests are to be repeated."""
_releasing: Suites | None = None  # what lets go of tests that are over, where that was asked for


def install() -> None:
    """Open and close the session's scopes for every `unittest.TestCase` that runs from now on.

    Takes effect at once where unittest is imported already, or else as soon as it is. Without a
    started session, as in forked children, the methods do what they always did.
    """
    global _releasing
    session = current()
    if session is not None:
        _releasing = _new_releasing(session)
    if _WATCHED in sys.modules:
        _patch()
    else:
        sys.meta_path.insert(0, _Finder())


def _new_releasing(session: Session) -> Suites | None:
    if session.cure is None:
        return None
    from reftrack.runners.unittest_releasing import Suites

    return Suites(session.cure, session.note)


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
    case, suite = sys.modules["unittest.case"], sys.modules[_WATCHED].TestSuite
    run = vars(suite)["run"]
    if standing.stands_in(run):
        return
    suite.run = _where(_outside_suites, run, _suite_run(run))
    for name, (kind, scope_id) in _FIXTURES.items():
        setattr(suite, name, _fixture(vars(suite)[name], kind, scope_id))
    case._Outcome.testPartExecutor = _part(case._Outcome.testPartExecutor)
    for cls in (case.TestCase, *_descendants(case.TestCase)):
        _adopt(cls)
    case.TestCase.__init_subclass__ = _adopting(vars(case.TestCase)["__init_subclass__"])


def _descendants(cls: type) -> Iterator[type]:
    children: list[type] = type.__subclasses__(cls)
    for child in children:
        yield child
        yield from _descendants(child)


def _adopting(original: Any) -> Any:
    """`TestCase.__init_subclass__`, which is called with each new subclass, and adopts it.

    Subclasses that define `__call__` or `run` do their work around TestCase's own (Django's
    fixtures, the event loop of IsolatedAsyncioTestCase) or instead of it (trial, testtools).
    """

    def adopted(cls: type) -> Any:
        _adopt(cls)
        return original.__func__

    return classmethod(standing.stand_in(original.__func__, adopted))


def _adopt(cls: type) -> None:
    """Put others in the place of the functions of interest that `cls` itself defines."""
    for name in ("__call__", "run"):
        function: Any = _namespace(cls).get(name)
        if standing.can_be_stood_in_for(function):
            type.__setattr__(cls, name, _where(_outside_tests, function, _test_run(function)))


def _namespace(cls: type) -> Mapping[str, Any]:
    """The class's own namespace; `vars` would ask the metaclass, which may answer itself."""
    found: Mapping[str, Any] = type.__dict__["__dict__"].__get__(cls)
    return found


def _where(applies: Callable[[], bool], function: Any, scoped: Callable[..., Any]) -> FunctionType:
    """A function as `function`, that opens a scope where `applies` says so."""
    return standing.stand_in(function, lambda _: scoped if applies() else function)


def _session() -> Session | None:
    """The session of this process. In a worker that a runner has forked, one of its own begins with
    the first test: what this module knows is the parent's until then."""
    global _releasing, _in_suite, _running, _parts
    session = current()
    if session is None and (session := joining.join()) is not None:
        _releasing = _new_releasing(session)
        _in_suite, _running, _parts = False, 0, 0
        _seen.clear()
    return session


# Tests


def _outside_tests() -> bool:
    session = _session()
    return session is not None and not session.holds("test")


def _test_run(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, in the scope of its test; in the scope that is open where a test runs others."""

    @functools.wraps(function)
    def run(self: TestCase, /, *args: Any, **kwargs: Any) -> Any:
        session = current()
        if session is None or session.holds("test"):
            return function(self, *args, **kwargs)
        result = args[0] if args else kwargs.get("result")
        before = _counts(result)
        outcome = None
        _begin(session, self)
        state = None if _releasing is None else _releasing.test_begins(self)
        try:
            returned = function(self, *args, **kwargs)
            outcome = _outcome(before, returned if result is None else result)
            if _releasing is not None and state is not None:
                _releasing.test_over(self, state, returned if result is None else result)
            return returned
        finally:
            _end(session, outcome)
            if session.stopping:
                _stop(result)

    return run


def _stop(result: Any) -> None:
    """No other test is to begin. Suites look at `shouldStop` before each."""
    try:
        result.stop()
    except Exception:  # none was given, or one that has no such method
        return


def _begin(session: Session, test: TestCase) -> None:
    global _running, _parts
    name = _test_id(test)
    if session.options.repeat and not session.repeating:
        _seen[name] = weakref.ref(type(test)), getattr(test, "_testMethodName", "")
    session.enter("test", name)
    session.phase("setup")
    _running, _parts = id(test), 0


def _end(session: Session, outcome: str | None) -> None:
    global _running
    _running = 0
    session.leave(outcome)


def _part(function: Any) -> FunctionType:
    """unittest asks its `_Outcome` for a context for each part of a test: for setUp, for the method
    where setUp came to its end, for tearDown; then for each cleanup."""

    def part(outcome: Any, test: TestCase, /, *args: Any, **kwargs: Any) -> Any:
        global _parts
        setup_failed = _parts == 1 and not outcome.success  # then this is a cleanup
        if _running == id(test) and not setup_failed and (session := current()) is not None:
            if _parts in _PHASES:
                session.phase(_PHASES[_parts])
            _parts += 1
        return function(outcome, test, *args, **kwargs)

    return standing.stand_in(function, lambda _: part)


def _test_id(test: TestCase) -> str:
    try:
        name = test.id()
    except KeyboardInterrupt:
        raise
    except BaseException:  # the user's own, and unittest itself need not have called it
        name = None
    return str.__str__(name) if isinstance(name, str) else class_id(type(test))


def _counts(result: Any) -> dict[str, int]:
    """The lengths of the result's lists, without those that a result of the user's own lacks."""
    counts = {}
    for name in _OUTCOMES:
        try:
            counts[name] = len(getattr(result, name))
        except Exception:
            continue
    return counts


def _outcome(before: dict[str, int], result: Any) -> str | None:
    """What the result has learnt of a test since `before`; None if it has no lists to tell."""
    after = _counts(result)
    news = (_OUTCOMES[name] for name, count in after.items() if count > before.get(name, 0))
    return next(news, "passed") if after else None


# Suites, and the fixtures of classes and modules


def _outside_suites() -> bool:
    return _outside_tests() and not _in_suite


def _suite_run(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, and then the last look, while the caller still holds the result."""

    @functools.wraps(function)
    def run(self: TestSuite, /, *args: Any, **kwargs: Any) -> Any:
        global _in_suite
        _in_suite = True
        if _releasing is not None:
            _releasing.begin(self)
        try:
            try:
                returned = function(self, *args, **kwargs)
                if _releasing is not None and current() is not None:
                    _releasing.over()
            finally:
                if (session := current()) is not None:
                    session.checkpoint(final=True)
            result = args[0] if args else kwargs.get("result")
            if session is not None and not getattr(result, "shouldStop", False):
                session.repeat(functools.partial(_run_again, session, self))
            return returned
        finally:
            _in_suite = False

    return run


def _run_again(session: Session, suite: TestSuite, ids: list[str], times: int) -> object:
    """Run tests again, each on new instances, in a suite of the same class with a new result; what
    lets go of tests lets go of these."""
    global _releasing
    tests = [test for id in ids for test in _new_instances(id, times)]
    again = _like(suite, tests)
    result = sys.modules["unittest.result"].TestResult()
    del tests
    before, _releasing = _releasing, _new_releasing(session)
    try:
        if _releasing is not None:
            _releasing.begin(again)
        again.run(result)
        if _releasing is not None:
            _releasing.over()
    finally:
        _releasing = before
    return again, result


def _new_instances(id: str, times: int) -> list[TestCase]:
    """None of a test that its class and method do not make: FunctionTestCase, doctests."""
    if id not in _seen:
        return []
    reference, method = _seen[id]
    cls = reference()
    try:
        return [] if cls is None else [cls(method) for _ in range(times)]
    except Exception:  # the program's own constructor
        return []


def _like(suite: TestSuite, tests: list[TestCase]) -> TestSuite:
    """A suite of its class: one that keeps its tests goes on to do so."""
    try:
        again = type(suite)(tests)
    except Exception:  # the program's own constructor
        again = sys.modules[_WATCHED].TestSuite(tests)
    vars(again).update({key: kept for key, kept in vars(suite).items() if key == "_cleanup"})
    return again


def _fixture(
    function: Callable[..., None], kind: ScopeKind, scope_id: Callable[..., str | None]
) -> Callable[..., None]:
    """`function`, in the scope that `scope_id` names from its arguments, if it names one."""

    @functools.wraps(function)
    def handle(self: TestSuite, /, *args: Any) -> None:
        session = current()
        name = None
        if session is not None and not session.holds("test"):
            if _releasing is not None and scope_id is _class_to_set_up:
                _releasing.next_test(self, type(args[0]))
            try:
                name = scope_id(*args)
            except Exception:  # a class or result of the user's own: unittest meets it next
                name = None
        if session is None or name is None:
            return function(self, *args)
        session.enter(kind, name)
        try:
            return function(self, *args)
        finally:
            session.leave()

    return handle


# Each of these says whether unittest's method of the same purpose goes on to call a fixture.


def _class_to_set_up(test: TestCase, result: Any) -> str | None:
    cls = test.__class__
    if cls is getattr(result, "_previousTestClass", None) or result._moduleSetUpFailed:
        return None
    return class_id(cls) if overrides(cls, "setUpClass") and not _is_skipped(cls) else None


def _class_to_tear_down(test: TestCase | None, result: Any) -> str | None:
    cls = getattr(result, "_previousTestClass", None)
    if cls is None or cls is test.__class__ or getattr(cls, "_classSetupFailed", False):
        return None
    if getattr(result, "_moduleSetUpFailed", False) or _is_skipped(cls):
        return None
    return class_id(cls) if overrides(cls, "tearDownClass") or cls._class_cleanups else None


def _is_skipped(cls: type) -> bool:
    return bool(getattr(cls, "__unittest_skip__", False))


def _module_to_set_up(test: TestCase, result: Any) -> str | None:
    name = test.__class__.__module__
    previous = getattr(result, "_previousTestClass", None)
    if previous is not None and previous.__module__ == name:
        return None
    return name if "setUpModule" in vars(sys.modules[name]) else None


def _module_to_tear_down(result: Any) -> str | None:
    previous = getattr(result, "_previousTestClass", None)
    if previous is None or result._moduleSetUpFailed:
        return None
    name: str = previous.__module__
    cleanups = vars(sys.modules["unittest.case"])["_module_cleanups"]
    return name if "tearDownModule" in vars(sys.modules[name]) or cleanups else None


_FIXTURES: dict[str, tuple[ScopeKind, Callable[..., str | None]]] = {
    "_handleClassSetUp": ("class", _class_to_set_up),
    "_tearDownPreviousClass": ("class", _class_to_tear_down),
    "_handleModuleFixture": ("module", _module_to_set_up),
    "_handleModuleTearDown": ("module", _module_to_tear_down),
}
