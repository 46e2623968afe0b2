"""When a pytest item and its class are over, and what pytest keeps of its exceptions.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from types import MethodType
from typing import Any, NamedTuple
from weakref import ref

import pytest

from reftrack import release
from reftrack.holding import Known, Weak
from reftrack.release import Before
from reftrack.runners.releasing import Classes, Letting, Plan
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

_LAST = ("last_type", "last_value", "last_traceback", "last_exc")


class ByClass:
    """Lets go as the classes' own `release_only` says, for those that derive from `base`."""

    def __init__(self, base: type) -> None:
        self._base = base

    def mark(self) -> int:
        return 0

    def let_go_of_instance(
        self, instance: Callable[[], Any], before: Before, known: Callable[[Any], Known]
    ) -> None:
        owner = instance()
        release.let_go_of_all(owner, before, release.namespaces(type(owner)))

    def let_go_of_class(self, cls: type, before: Before, scopes: slice, *, to_come: bool) -> bool:
        if issubclass(cls, self._base):
            release.let_go_of_all(cls, before, release.namespaces(cls))
        return True

    def let_go_of_frames(self, name: str, let_go: Callable[[], object]) -> None:
        pass  # these are not the class's


class Items:
    """A plugin that lets go of the items of a run, and of their classes, where these `apply`.

    `apart` guards what it does. An item is only referred to weakly: a kept traceback leads to the
    frames of hooks, and would lead on to the item.
    """

    def __init__(
        self,
        letting: Letting,
        apart: Callable[[], AbstractContextManager[object]],
        applies: Callable[[type], bool] = lambda cls: True,
    ) -> None:
        self._letting, self._apart, self._applies = letting, apart, applies
        self._classes = Classes(letting)
        self._plan: Plan | None = None
        self._item: ref[pytest.Item] | None = None
        self._instance: Weak | None = None
        self._before: Before = {}
        self._raised = 0  # id() of what the item's call raised
        self._excinfos: list[Weak] = []

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Iterator[None]:
        self.begin(item)
        following = None if nextitem is None else ref(nextitem)
        del item, nextitem
        yield
        self.over(None if following is None else following())

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> None:
        """Only now a TestCase is sure to have its instance, and what that has before the test."""
        with self._apart():
            instance = _instance_of(item)
            if instance is not None and _is_unittests(item):
                self._instance, self._before = Weak(instance), release.before(instance)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[Any]) -> None:
        if call.excinfo is not None:
            self._excinfos.append(Weak(call.excinfo))
            if call.when == "call":
                self._raised = id(call.excinfo.value)

    def begin(self, item: pytest.Item) -> None:
        """This item is next."""
        with self._apart():
            self._begin(item)

    def over(self, nextitem: pytest.Item | None) -> None:
        """The item is over."""
        with self._apart():
            self._end_item()
            self._end_classes(nextitem)

    def again(self, letting: Letting | None, items: Sequence[pytest.Item]) -> Items:
        """Another one, for other items, with the same `letting` where none is given."""
        twin = Items(letting or self._letting, self._apart, self._applies)
        twin._plan = Plan(map(self._class_of, items))
        return twin

    def end(self) -> None:
        """The last item is torn down, and of what outlives it all but what is wider than a module;
        where the run was cut short, this is not so yet, and nothing is done for classes."""
        with self._apart():
            self._end_item()
            if self._plan is not None and self._plan.at_end():
                self._end_classes(None)

    def _begin(self, item: pytest.Item) -> None:
        if self._plan is None:
            self._plan = Plan(map(self._class_of, item.session.items))
        cls = self._class_of(item)
        self._plan.go_to(cls)
        if cls is not None:
            self._classes.begin(cls)
        instance = _instance_of(item)
        self._item, self._instance, self._raised = ref(item), None, 0
        self._excinfos = []
        self._before = {} if instance is None else release.before(instance)

    def _end_item(self) -> None:
        item = None if self._item is None else self._item()
        if item is None:
            return
        if self._class_of(item) is not None:
            kept = _Kept(ref(item), self._instance, self._excinfos)
            self._letting.let_go_of_instance(kept.instance, self._before, kept.known)
        if self._raised and self._raised == id(vars(sys).get("last_value")):
            self._letting.let_go_of_frames("frames in sys.last_value", _forget_last)
        if _is_unittests(item) and vars(item).get("_excinfo"):
            # pytest takes one for its report and leaves the others, such as tearDown's.
            name = f"frames in {release.name_of(type(item))}._excinfo"
            self._letting.let_go_of_frames(name, partial(vars(item).pop, "_excinfo", None))

    def _end_classes(self, nextitem: pytest.Item | None) -> None:
        item = None if self._item is None else self._item()
        if item is None or self._plan is None:
            return
        stack: dict[Any, Any] = item.session._setupstate.stack
        wider = [stack[node] for node in stack if isinstance(node, (pytest.Class, pytest.Module))]
        if nextitem is not None:
            self._plan.go_to(self._class_of(nextitem))
            # The first finalizer is the node's own; fixtures to be torn down have added theirs.
            if all(len(finalizers) <= 1 for finalizers, _ in wider):
                self._classes.let_go(self._plan.is_over, to_come=True)
        elif not wider and self._plan.at_end():
            self._classes.let_go(lambda cls: True, to_come=False)

    def _class_of(self, item: pytest.Item) -> type | None:
        cls = item.cls if isinstance(item, pytest.Function) else None
        return cls if cls is not None and self._applies(cls) else None


class _Kept(NamedTuple):
    """An item that is over: its instance, and what pytest keeps that with. An exception of the item
    and the frames that it went through are a cycle (`CallInfo.from_call`, _pytest/runner.py)."""

    item: ref[pytest.Item]
    own: Weak | None
    excinfos: list[Weak]

    def instance(self) -> Any:
        item = self.item()
        kept = None if item is None else _instance_of(item)
        return self.own() if kept is None and self.own is not None else kept

    def known(self, instance: object) -> Known:
        own = {} if (item := self.item()) is None else vars(item)
        places = [own.get(name) for name in ("_instance", "_obj", "_excinfo")]
        places += [vars(sys).get(name) for name in _LAST]
        leads = []
        for excinfo in filter(None, [weak() for weak in self.excinfos]):
            entries = vars(excinfo).get("_traceback") or ()
            leads += [excinfo, vars(excinfo), *vars(excinfo).values(), *entries]
        return Known(places, [item, own, vars(sys)], leads)


def _is_unittests(item: pytest.Item) -> bool:
    """Is it an item of pytest's for a TestCase, which is also the result that this tells?"""
    return isinstance(item, pytest.Function) and hasattr(type(item), "addFailure")


def _instance_of(item: pytest.Item) -> Any:
    """The instance that an item has, if it has one by now; asked for, it would be made."""
    own = vars(item)
    instance, method = own.get("_instance"), own.get("_obj")
    if instance is None and type(method) is MethodType:
        return method.__self__
    return instance


def _forget_last() -> None:
    """As pytest does when the next test is called (`pytest_runtest_call`, _pytest/runner.py)."""
    for name in _LAST:
        vars(sys).pop(name, None)
