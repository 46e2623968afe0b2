"""What became of a test, as its result is told: by the methods that every result has.

A result need not keep what it is told (nose2's does not), nor in unittest's lists (testtools'
does not), nor as it was told.
"""

from __future__ import annotations

import functools
from contextlib import suppress
from types import FunctionType, MethodType
from typing import Any

from reftrack.runners import namespace_of, standing
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

# unittest leaves frames whose globals have this name out of the tracebacks that it prints.
__unittest = True

_LISTS = {  # the worst first
    "errors": "error",
    "failures": "failed",
    "skipped": "skipped",
    "expectedFailures": "xfailed",
    "unexpectedSuccesses": "xpassed",
}
_METHODS = {
    "addError": "error",
    "addFailure": "failed",
    "addSkip": "skipped",
    "addExpectedFailure": "xfailed",
    "addUnexpectedSuccess": "xpassed",
    "addSuccess": "passed",
}
_WORST = (*_LISTS.values(), "passed")

_watched: set[int] = set()
"""id() of the result that is told of the test that runs, and of one that it passes this on to."""
_told: set[str] = set()


class Watch:
    """Of one test: from before it begins until `outcome` is asked for."""

    def __init__(self, result: object) -> None:
        over()
        _told.clear()
        if result is not None:
            _watch(result)
        self._before = _counts(result)

    def outcome(self, result: object) -> str | None:
        """What `result` was told, the worst of it. By its lists where nothing was seen: those of a
        result that the test itself has made. None where it has none."""
        if _told:
            return min(_told, key=_WORST.index)
        after = _counts(result)
        grown = (_LISTS[name] for name in after if after[name] > self._before.get(name, 0))
        return next(grown, "passed") if after else None


def over() -> None:
    """Watch nothing until the next test begins."""
    _watched.clear()


def _watch(result: Any) -> None:
    """Put others in the place of the methods that it is told by, in the class that has them. A
    proxy has others' methods (trial's): then watch those, too."""
    if id(result) in _watched:
        return
    _watched.add(id(result))
    order: tuple[type, ...] = type.__dict__["__mro__"].__get__(type(result))
    for name in (*_METHODS, "addSubTest"):
        base = next((base for base in order if name in namespace_of(base)), None)
        function = None if base is None else namespace_of(base)[name]
        if base is not None and standing.can_be_stood_in_for(function):
            type.__setattr__(base, name, _stand_in(function, name))
        elif type(function) is not FunctionType:
            with suppress(Exception):  # the program's own: the test meets it next
                method = getattr(result, name, None)
                if type(method) is MethodType:
                    _watch(method.__self__)


def _stand_in(function: Any, name: str) -> Any:
    @functools.wraps(function)
    def note(self: object, /, *args: Any, **kwargs: Any) -> Any:
        told = _of_sub_test(*args, **kwargs) if name == "addSubTest" else _METHODS[name]
        if told is not None:
            _told.add(told)
        return function(self, *args, **kwargs)

    return standing.stand_in(function, lambda self: note if id(self) in _watched else function)


def _of_sub_test(test: Any = None, subtest: object = None, err: Any = None) -> str | None:
    """As `TestResult.addSubTest` judges it; nothing where it passed."""
    if err is None:
        return None
    try:
        return "failed" if issubclass(err[0], test.failureException) else "error"
    except Exception:  # the program's own test or result: unittest meets it next
        return "error"


def _counts(result: Any) -> dict[str, int]:
    """The lengths of the result's lists, without those that a result of the user's own lacks."""
    counts = {}
    for name in _LISTS:
        try:
            counts[name] = len(getattr(result, name))
        except Exception:
            continue
    return counts
