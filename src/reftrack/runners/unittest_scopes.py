"""The scopes of tests, fixtures and whole runs: functions that open and close them around others.

Each function here makes, for one of unittest's functions or another runner's, one that stands in
for it and does what that does. Without a started session, as in forked children, it does no more.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import FunctionType
from typing import TYPE_CHECKING, Any

from reftrack import joining, signals
from reftrack.runners import class_id, outcomes, standing, unittest_again
from reftrack.session import Session, current
from reftrack.untouched import BUILTINS

if TYPE_CHECKING:
    from unittest import TestCase

    from reftrack.runners.family import Phase
    from reftrack.runners.unittest_fixtures import Named
    from reftrack.runners.unittest_releasing import Suites

__builtins__ = BUILTINS

# unittest leaves frames whose globals have this name out of the tracebacks that it prints.
__unittest = True

_PHASES = ("setup", "call", "teardown")

_running = 0  # id() of the TestCase whose scope is open: a reference would keep it alive
_parts = 0  # of that test, that unittest has begun
_phase = 0  # the index of the last phase that it has entered
_next_class = 0  # id() of the class that was said to be next
_in_run = False
_releasing: Suites | None = None  # what lets go of tests that are over, where that was asked for


def begin() -> None:
    """A session has started, if any has."""
    global _releasing
    session = current()
    _releasing = None if session is None else _new_releasing(session)


def _new_releasing(session: Session) -> Suites | None:
    if session.cure is None:
        return None
    from reftrack.runners.unittest_releasing import Suites

    return Suites(session.cure, session.note)


def _session() -> Session | None:
    """The session of this process. In a worker that a runner has forked, one of its own begins with
    the first test: what this module knows is the parent's until then."""
    global _releasing, _in_run, _running, _parts
    session = current()
    if session is None and (session := joining.join()) is not None:
        signals.install(list(sys.path))
        _releasing = _new_releasing(session)
        _in_run, _running, _parts = False, 0, 0
        unittest_again.forget()
    return session


# Tests


def _outside_tests() -> bool:
    session = _session()
    return session is not None and not session.holds("test")


def test_run(function: Any) -> FunctionType:
    """A test's `run` or `__call__`: the scope of its test; where a test runs others, no other."""

    @functools.wraps(function)
    def run(self: TestCase, /, *args: Any, **kwargs: Any) -> Any:
        session = current()
        if session is None:
            return function(self, *args, **kwargs)
        result = args[0] if args else kwargs.get("result")
        watch = outcomes.Watch(result)
        outcome = None
        _begin(session, self)
        state = None if _releasing is None else _releasing.test_begins(self)
        try:
            returned = function(self, *args, **kwargs)
            heard = returned if result is None else result
            outcome = watch.outcome(heard)
            if _releasing is not None and state is not None and _running == id(self):
                _releasing.test_over(self, state, heard)
            return returned
        finally:
            _end(session, outcome)
            if session.stopping:
                _stop(result)

    def chosen(self: TestCase) -> Callable[..., Any]:
        if _outside_tests():
            return run
        if _running and not _parts and id(self) != _running:
            _take_over(self)
        original: Callable[..., Any] = function
        return original

    return standing.stand_in(function, chosen)


def _stop(result: Any) -> None:
    """No other test is to begin. Suites look at `shouldStop` before each."""
    try:
        result.stop()
    except Exception:  # none was given, or one that has no such method
        return


def _begin(session: Session, test: TestCase) -> None:
    global _running, _parts, _phase
    name = _test_id(test)
    unittest_again.remember(session, name, test)
    if _releasing is not None and id(type(test)) != _next_class:
        _releasing.next_test(None, type(test))
    session.enter("test", name)
    session.phase("setup")
    _running, _parts, _phase = id(test), 0, 0


def _take_over(test: TestCase) -> None:
    """The running test has run nothing yet, and runs one of the same id: it is that one's wrapper
    (pynose has one for each test), and what follows are that one's phases."""
    global _running
    session = current()
    if session is not None and session.innermost() == ("test", _test_id(test)):
        _running = id(test)
        unittest_again.remember(session, _test_id(test), test)


def _end(session: Session, outcome: str | None) -> None:
    global _running
    _running = 0
    outcomes.over()
    session.leave(outcome)


def part(function: Any) -> FunctionType:
    """unittest asks its `_Outcome` for a context for each part of a test: for setUp, for the method
    where setUp came to its end, for tearDown; then for each cleanup."""

    @functools.wraps(function)
    def begun(outcome: Any, test: TestCase, /, *args: Any, **kwargs: Any) -> Any:
        global _parts
        setup_failed = _parts == 1 and not outcome.success  # then this is a cleanup
        if _running == id(test) and not setup_failed:
            _enter(min(_parts, 2))
            _parts += 1
        return function(outcome, test, *args, **kwargs)

    return standing.stand_in(function, lambda _: begun)


def phase(function: Any, named: Callable[..., Phase | None]) -> FunctionType:
    """Another runner's method for a part of a test."""

    @functools.wraps(function)
    def begun(self: TestCase, /, *args: Any, **kwargs: Any) -> Any:
        global _parts
        name = named(self, *args, **kwargs)
        if name is not None:
            _enter(_PHASES.index(name))
            _parts += 1
        return function(self, *args, **kwargs)

    return standing.stand_in(function, lambda self: begun if id(self) == _running else function)


def _enter(index: int) -> None:
    global _phase
    session = current()
    if session is not None and index > _phase:
        _phase = index
        session.phase(_PHASES[index])


def _test_id(test: TestCase) -> str:
    try:
        name = test.id()
    except KeyboardInterrupt:
        raise
    except BaseException:  # the user's own, and unittest itself need not have called it
        name = None
    return str.__str__(name) if isinstance(name, str) else class_id(type(test))


# Whole runs


def _outside_runs() -> bool:
    return _outside_tests() and not _in_run


def whole_run(function: Any) -> FunctionType:
    """The `run` of the outermost suite, or what else runs all tests; then the last look, while the
    caller still holds the result."""

    @functools.wraps(function)
    def run(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        global _in_run, _next_class
        _in_run, _next_class = True, 0
        suite = self if unittest_again.is_suite(self) else None
        if _releasing is not None:
            _releasing.begin(suite)
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
                session.repeat(functools.partial(_run_again, session, suite))
            return returned
        finally:
            _in_run = False

    return standing.stand_in(function, lambda _: run if _outside_runs() else function)


def _run_again(session: Session, suite: Any, ids: list[str], times: int) -> object:
    """Run tests again; what lets go of tests lets go of these."""
    global _releasing
    again = unittest_again.like(suite, ids, times)
    before, _releasing = _releasing, _new_releasing(session)
    try:
        if _releasing is not None:
            _releasing.begin(again)
        result = unittest_again.run(again)
        if _releasing is not None:
            _releasing.over()
    finally:
        _releasing = before
    return again, result


# Fixtures of classes, modules and layers


def fixture(function: Any, named: Callable[..., Named]) -> FunctionType:
    """What may go on to call a fixture: the scope that is `named` from its arguments, if one is."""

    @functools.wraps(function)
    def handle(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        session = current()
        try:
            name = named(self, *args, **kwargs)
        except Exception:  # a class or result of the user's own: the runner meets it next
            name = None
        if session is None or name is None:
            return function(self, *args, **kwargs)
        session.enter(*name)
        try:
            return function(self, *args, **kwargs)
        finally:
            session.leave()

    return standing.stand_in(function, lambda _: handle if _outside_tests() else function)


def class_fixture(function: Any, named: Callable[..., Named]) -> FunctionType:
    """What may set up the class of the test that is next."""
    scoped = fixture(function, named)

    @functools.wraps(function)
    def handle(self: Any, test: TestCase, /, *args: Any) -> Any:
        global _next_class
        if _releasing is not None:
            _next_class = id(type(test))
            _releasing.next_test(self, type(test))
        return scoped(self, test, *args)

    return standing.stand_in(function, lambda _: handle if _outside_tests() else function)
