"""Does anything but its runner still refer to an instance?

A trial deletion, as the collector makes it (`subtract_refs` in Modules/gcmodule.c up to 3.12, in
Python/gc.c from 3.13 on), but from one object: references that come from the runner, or from what
itself hangs on nothing but the instance and the runner, are counted; one more anywhere is somebody
else's. What is not found is not counted: where the walk stops early, the answer is "held".

Objects are only traversed and counted: nothing of them runs.
"""

from __future__ import annotations

import gc
import sys
import weakref
from collections import deque
from collections.abc import Callable
from functools import partial
from types import (
    CellType,
    CodeType,
    FrameType,
    FunctionType,
    MethodType,
    ModuleType,
    TracebackType,
)
from typing import Any, NamedTuple

from reftrack import release
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

_STEPS = (0, 4, 12, 48, 192, 1024)  # objects looked into before each judgement
_MOST = 4096  # at most
_LARGE = 4096  # references of a container that is not looked into
_CONTAINERS = (list, tuple, dict, set, frozenset)
# What leads from exceptions and callbacks to an instance, and to little else: looked into first.
_NEAR = (FrameType, TracebackType, BaseException, MethodType, CellType, partial)
_SHUT = (ModuleType, type, CodeType)  # the program's own, which it can always get at


class Weak(weakref.ref[Any]):
    """reftrack's own weak reference. A plain one is shared by all who make one of the same object
    (`get_basic_refs`, Objects/weakrefobject.c), and could not be told from the program's."""

    __slots__ = ()


class Known(NamedTuple):
    """What a runner is known to refer to an instance with.

    `held` has an element for each reference that `owners` have to the instance, or to what leads to
    it; the owners themselves are not looked into. `leads` may lead to it as well: who refers to
    those has to be found.
    """

    held: list[object]
    owners: list[object]
    leads: list[object]


def is_held(instance: Callable[[], Any], known: Callable[[Any], Known]) -> bool:
    """Does anybody refer to an instance or its dict, weakly or not, but the runner and its own?

    No frame that calls this may refer to it: `instance` is asked for it, `known` is told it.
    """
    return _judged(_Walk([instance()], known(instance())))


def is_any_held(values: Callable[[], list[Any]], known: Callable[[], Known]) -> bool:
    """Does anybody refer so to one of several?"""
    return _judged(_Walk(values(), known()))


def _judged(walk: _Walk) -> bool:
    for count in _STEPS:
        exhausted = walk.go_on(count)
        if not walk.is_held():
            return False
        if exhausted:
            break
    return True


class _Walk:
    """Objects found so far, and for each the ones that refer to it, by their index."""

    def __init__(self, instances: list[Any], known: Known) -> None:
        self._found: list[object] = []
        self._index: dict[int, int] = {}
        self._into: list[list[int]] = []
        self._near: deque[int] = deque()
        self._far: deque[int] = deque()
        self._runners = [self._add(known.held), self._add(known.leads)]
        self._shut = {id(owner) for owner in known.owners}
        self._instances = [self._add(instance) for instance in instances]
        for instance in instances:
            if (own := release.instance_dict(instance)) is not None:
                self._add(own)
        for element in filter(_leads_on, known.held):  # the list has a reference of its own
            self._into[self._add(element)].append(self._runners[0])
        for lead in filter(_leads_on, known.leads):
            self._add(lead)
        self._near, self._far = deque(range(len(self._found))), deque()

    def _add(self, value: object, *, of_frame: bool = False) -> int:
        index = self._index.setdefault(id(value), len(self._found))
        if index == len(self._found):
            self._found.append(value)
            self._into.append([])
            is_near = issubclass(type(value), _NEAR) or (of_frame and type(value) is dict)
            (self._near if is_near else self._far).append(index)
        return index

    def _dict_of(self, index: int) -> list[int]:
        """Its own dict, if there can be one. An object that has its values in place traverses these
        in the dict's stead (`PyObject_VisitManagedDict`, Objects/dictobject.c, 3.13)."""
        own = release.instance_dict(self._found[index])
        if own is None:
            return []
        if id(own) not in self._index:
            self._shut.add(id(own))  # the values have been counted
        found = self._add(own)
        if index not in self._into[found]:
            self._into[found].append(index)
        return [found]

    def go_on(self, count: int) -> bool:
        """Look into what is near, and `count` others; True where there are no more."""
        while len(self._found) < _MOST and (self._near or (self._far and count)):
            count -= not self._near
            self._look_into((self._near or self._far).popleft())
        return not self._near and not self._far

    def _look_into(self, index: int) -> None:
        value = self._found[index]
        if id(value) in self._shut:
            return
        is_frame = type(value) is FrameType
        for referent in _referents(value):
            # A dict of what the collector does not track is not tracked itself.
            if id(referent) in self._index or _leads_on(referent):
                self._into[self._add(referent, of_frame=is_frame)].append(index)

    def is_held(self) -> bool:
        """Has one of the instances, or of those through which these can be reached, a reference
        that was not found?"""
        pending = [*self._instances]
        reached = {*pending, *self._runners}
        for index in pending:
            if sys.getrefcount(self._found[index]) - _OWN != len(self._into[index]):
                return True
            weak = _weak_references(self._found[index])
            if not weak <= self._index.keys():
                return True
            leading = {*self._into[index], *map(self._index.__getitem__, weak)}
            leading = {*leading, *self._dict_of(index)} - reached
            pending += leading
            reached |= leading
        return False


_PROBE = [object()]
_OWN = sys.getrefcount(_PROBE[0])  # the list's, and what it takes to ask


def _referents(value: Any) -> list[object]:
    """What an object refers to, as often as it does."""
    if release.is_exactly(value, *_CONTAINERS) and len(value) > _LARGE:
        return []
    shut = 0
    if type(value) is FunctionType:
        shut = id(value.__globals__)
    elif type(value) is FrameType:
        shut = id(value.f_globals)
    return [referent for referent in gc.get_referents(value) if id(referent) != shut]


def _leads_on(value: object) -> bool:
    return gc.is_tracked(value) and not issubclass(type(value), _SHUT)


def _weak_references(value: object) -> set[int]:
    """Weak references and proxies to an object, without reftrack's own."""
    return {id(weak) for weak in weakref.getweakrefs(value) if type(weak) is not Weak}
