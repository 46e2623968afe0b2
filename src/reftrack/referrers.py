"""Can code come to a class by a value: an attribute, an element, the default of an argument?

Who refers to the class is asked of the collector, and what each such object is of the object's
type. What is not known as a part of the class, or as a place where its runner has it, is the
program's. Objects are only traversed and compared by identity: nothing of them runs.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from types import (
    CellType,
    CodeType,
    FrameType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodType,
)
from typing import Any

from reftrack import owners, release
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

_LEVELS = 6  # from a class to its runner: a method, a cell, a closure, a function
_MOST = 32  # objects to ask for at once: each is compared with every reference there is
_PLACES = frozenset({"_class", "_holderobjseen", "_obj", "_previousTestClass"})
"""Attributes by which pytest's nodes and its fixture manager, unittest's results and reftrack
itself know classes."""


def reaching(cls: type) -> list[CodeType] | None:
    """None if nothing refers to a class but itself, modules, classes that derive from it, instances
    of these, and the runner. Else the code of its own methods that others may have bound to it."""
    own = release.with_descendants(cls)
    known = {id(part) for part in _parts(own)}
    spaces = [release.module_namespace(module) for module in list(sys.modules.values())]
    modules = set(map(id, spaces))
    bound: list[CodeType] = []
    targets: tuple[object, ...] = (cls,)
    for level in range(_LEVELS):
        found = gc.get_referrers(*targets)
        if level == 0:
            functions = [each.__func__ for each in found if type(each) is MethodType]
            bound = [each.__code__ for each in functions if type(each) is FunctionType]
        above: list[object] = []
        holding: set[int] = set()
        for referrer in found:
            if referrer is own or referrer is targets:  # as it is passed on, no copy is made
                continue
            holding.update(map(id, gc.get_referents(referrer)))
            if id(referrer) in known or _is_runners(referrer, targets):
                continue
            if level == 0 and (id(referrer) in modules or _is_of(referrer, own)):
                continue
            if not _leads_up(referrer, targets):
                return bound
            above.append(referrer)
        if len(above) > _MOST or not holding.issuperset(map(id, targets)):
            return bound  # an object that runs has it, or C code
        if not above:
            return None
        known.update(map(id, above))
        targets, above, found = tuple(above), [], []  # no list of ours has them now
    return bound


def _parts(classes: list[type]) -> Iterator[object]:
    """What classes have of their own that may refer back to them."""
    for cls in classes:
        yield cls
        yield from gc.get_referents(cls)  # its dict, its bases, their order
        for function in release.functions_in(release.namespace_of(cls).values()):
            yield function
            shut = (function.__globals__, getattr(function, "__builtins__", None))
            for part in gc.get_referents(function):  # closure, defaults, attributes
                if not any(part is each for each in shut):
                    yield part
                if type(part) is tuple:
                    yield from (cell for cell in part if type(cell) is CellType)


def _is_of(referrer: Any, classes: list[type]) -> bool:
    """Is it an instance of the classes, or what a class statement makes with them? Of frames only
    those are seen that are over."""
    kind = type(referrer)
    if kind is FrameType or issubclass(kind, type) or any(kind is cls for cls in classes):
        return True
    is_descriptor = release.is_exactly(referrer, GetSetDescriptorType, MemberDescriptorType)
    return is_descriptor and any(referrer.__objclass__ is cls for cls in classes)


def _is_runners(referrer: Any, targets: tuple[object, ...]) -> bool:
    """Is it a runner's function, or an object of its that has them where it has classes?"""
    if type(referrer) is FunctionType:
        name = referrer.__globals__.get("__name__")
        return type(name) is str and owners.of_module(name) == "runner"
    if not _is_runners_type(type(referrer)):
        return False
    values = release.instance_dict(referrer)
    if any(values is target for target in targets):
        return True  # the names in it have been looked at
    return _is_in_places(release.attributes(referrer), targets)


def _is_runners_type(kind: type) -> bool:
    return any(
        owners.of_module(release.module_of(base)) == "runner" for base in release.bases(kind)
    )


def _leads_up(referrer: Any, targets: tuple[object, ...]) -> bool:
    """Is it something in which runners have what they know of classes? Who has it is asked next."""
    if type(referrer) is dict:
        return _is_in_places(list(dict.items(referrer)), targets)
    if type(referrer) is tuple:  # a closure
        return all(type(part) is CellType for part in referrer)
    return release.is_exactly(referrer, set, CellType, MethodType)


def _is_in_places(items: list[tuple[Any, object]], targets: tuple[object, ...]) -> bool:
    """Are all that have one of them such attributes?"""
    wanted = {id(target) for target in targets}
    names = [name for name, value in items if id(value) in wanted]
    return bool(names) and all(type(name) is str and name in _PLACES for name in names)
