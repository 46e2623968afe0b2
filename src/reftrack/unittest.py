"""Test cases that let go of what their tests set, whoever keeps them: `ReleasingTestCase`, and
`ReleasingMixin` for any other TestCase, Django's included. They need no run under reftrack.

    class InvoiceTest(ReleasingTestCase):
        def setUp(self):
            self.user = User.objects.get(pk=1)  # goes when the test is over

What is set on `self` goes when a test's `run` returns, its cleanups done and its result told; what
is set on the class after `tearDownClass` and the class cleanups. `release_only`, a class attribute,
limits this to values of types in the named modules or packages, or containers of such:

    release_only = ("django.contrib.auth", "myapp.models")
"""

from __future__ import annotations

import functools
import unittest
from collections.abc import Callable
from typing import Any, ClassVar

from reftrack import release
from reftrack.release import Before

__all__ = ["ReleasingMixin", "ReleasingTestCase"]

# unittest leaves frames whose globals have this name out of the tracebacks that it prints.
__unittest = True

_BEFORE = "_reftrack_before"
_running: set[int] = set()  # id() of the instances and classes whose end somebody waits for already


class ReleasingMixin:
    """For a TestCase of any kind: `class Test(ReleasingMixin, django.test.TestCase)`.

    The methods by which every runner begins and ends a test and a class are wrapped wherever a
    subclass defines them, so none of its own has to call `super()`, and the order of the bases does
    not matter.
    """

    release_only: ClassVar[str | tuple[str, ...]] = ()

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        for name, wrap in _WRAPPERS.items():
            home = next((b for b in cls.__mro__ if name in release.namespace_of(b)), None)
            if home is None:
                continue
            found = release.namespace_of(home)[name]
            if not hasattr(getattr(found, "__func__", found), _BEFORE):
                setattr(cls, name, wrap(cls, name, found if home is cls else None))


def _around_test(owner: type, name: str, own: Any) -> object:
    """A method that runs a test, and then lets go of what the test put on its instance."""

    def run(self: Any, /, *args: Any, **keywords: Any) -> Any:
        method = _resolved(owner, name, own, self, type(self))
        before = release.before(self)
        # pytest puts a `tearDown` there that does nothing, to call the true one later (--pdb).
        if id(self) in _running or "tearDown" in before:
            return method(*args, **keywords)
        _running.add(id(self))
        try:
            return method(*args, **keywords)
        finally:
            _running.discard(id(self))
            release.let_go_of_all(self, before, release.namespaces(type(self)))

    return _marked(run, own, name)


def _before_class(owner: type, name: str, own: Any) -> object:
    """`setUpClass`, once it is noted what the class has before it."""

    def set_up_class(cls: type, /) -> Any:
        if _BEFORE not in release.namespace_of(cls):
            bases = [base for base in release.bases(cls) if issubclass(base, ReleasingMixin)]
            theirs = [base for base in bases if release.module_of(base) != __name__]
            noted = [(base, release.before(base)) for base in theirs]
            type.__setattr__(cls, _BEFORE, noted)
        return _resolved(owner, name, own, None, cls)()

    return classmethod(_marked(set_up_class, own, name))


def _after_class(owner: type, name: str, own: Any) -> object:
    """`doClassCleanups`, which runners call after `tearDownClass`, or a `setUpClass` that failed;
    then what was put on the class goes."""

    def do_class_cleanups(cls: type, /) -> Any:
        method = _resolved(owner, name, own, None, cls)
        if id(cls) in _running:
            return method()
        _running.add(id(cls))
        try:
            return method()
        finally:
            _running.discard(id(cls))
            noted: list[tuple[type, Before]] = release.namespace_of(cls).get(_BEFORE, [])
            for base, before in noted:
                release.let_go_of_all(base, before, release.namespaces(cls))
            if _BEFORE in release.namespace_of(cls):
                type.__delattr__(cls, _BEFORE)

    return classmethod(_marked(do_class_cleanups, own, name))


_WRAPPERS: dict[str, Callable[[type, str, Any], object]] = {
    "__call__": _around_test,
    "run": _around_test,
    "setUpClass": _before_class,
    "doClassCleanups": _after_class,
}


def _resolved(owner: type, name: str, own: Any, instance: Any, cls: type) -> Any:
    """The method that `owner` defines itself, else the next one after it."""
    if own is not None:
        return own.__get__(instance, cls)
    return getattr(super(owner, cls if instance is None else instance), name)


def _marked(function: Callable[..., Any], own: Any, name: str) -> Callable[..., Any]:
    original = getattr(own, "__func__", own)
    if original is None:
        function.__name__ = name
    else:
        functools.update_wrapper(function, original)
    setattr(function, _BEFORE, True)
    return function


class ReleasingTestCase(ReleasingMixin, unittest.TestCase):
    """A `unittest.TestCase` that lets go of what its tests set."""
