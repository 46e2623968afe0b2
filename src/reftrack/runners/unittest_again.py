"""Tests that are run again: on new instances, in a suite of the same class, with a new result."""

from __future__ import annotations

import sys
import weakref
from typing import TYPE_CHECKING, Any

from reftrack.untouched import BUILTINS

if TYPE_CHECKING:
    from unittest import TestCase

    from reftrack.session import Session

__builtins__ = BUILTINS

# unittest leaves frames whose globals have this name out of the tracebacks that it prints.
__unittest = True

_seen: dict[str, tuple[weakref.ref[type[TestCase]], str]] = {}
"""Class and method of each test by its id, where tests are to be repeated."""


def remember(session: Session, id: str, test: TestCase) -> None:
    """A test of the run begins."""
    if session.options.repeat and not session.repeating:
        _seen[id] = weakref.ref(type(test)), getattr(test, "_testMethodName", "")


def forget() -> None:
    """The tests before now were another process's."""
    _seen.clear()


def is_suite(found: object) -> bool:
    return issubclass(type(found), sys.modules["unittest.suite"].BaseTestSuite)


def like(suite: Any, ids: list[str], times: int) -> Any:
    """A suite of these tests, each so often in a row, that is of the class of `suite`: one that
    keeps its tests goes on to do so. A runner that has no suite has no fixtures of classes."""
    tests = [test for id in ids for test in _new_instances(id, times)]
    suites = sys.modules["unittest.suite"]
    if suite is None:
        return suites.BaseTestSuite(tests)
    try:
        again = type(suite)(tests)
    except Exception:  # the program's own constructor
        again = suites.TestSuite(tests)
    vars(again).update({key: kept for key, kept in vars(suite).items() if key == "_cleanup"})
    return again


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


def run(suite: Any) -> object:
    """Run it; its result, which the runner would go on to hold."""
    result = sys.modules["unittest.result"].TestResult()
    suite.run(result)
    return result
