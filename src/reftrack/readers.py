"""What code elsewhere reads of a test class: that of other classes and functions may run when the
class is over.

Classes are the program's to read at any time, so no count of references tells. It is told from the
names in the code of the program's own modules: where a class is named by code that is not its own,
or that can come to it by a value, what that code names stays on it. Of the functions there are,
wherever they are kept, none is left out. No object is asked for anything.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from types import CodeType, FunctionType, ModuleType
from typing import Any

from reftrack import _reftrack, mentions, owners, release
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

SHARE = 0.02
FREE_SECONDS = 1.0
"""Looks through all objects may take this share of a run's time, and so much besides."""

Index = Mapping[str, set[int]]
"""Names, each with the id() of the classes in whose code it is; 0 for any other code."""


class Readers:
    """Knows the names in each module's code: found once, and again where the module has grown."""

    def __init__(self, reaching: Callable[[type], list[CodeType] | None]) -> None:
        self._reaching = reaching  # `referrers` has it
        self._indexes: dict[str, tuple[int, Index]] = {}
        self._began, self._spent = _reftrack.now(), 0.0

    def of(self, cls: type, names: Collection[str], *, is_held: bool = False) -> set[str]:
        """Those of `names` that code elsewhere may read from a class; `is_held` if that is known to
        come to an instance of it. Where there is no time to find out, it may read any."""
        modules = list(_programs_modules(release.module_of(cls)))
        if release.is_heap_frozen() or not self._is_up_to_date(modules):
            return set(names)  # the collector does not tell of what is frozen
        own = {id(part) for part in release.with_descendants(cls)}
        by_name: set[str] = set()
        by_value: set[str] = set()
        for name, namespace in modules:
            index = self._indexes[name][1]
            read = {each for each in names if _is_outside(index, own, [each])}
            by_value |= read
            if read and _names(index, own, cls, namespace):
                by_name |= read
        # Half of the time is for what will mostly stay as it is: a method may be bound elsewhere.
        if is_held or not self._has_time(0.5 if by_value == by_name else 1):
            return by_value
        began = _reftrack.now()
        bound = self._reaching(cls)
        self._spent += _reftrack.now() - began
        if bound is None:
            return by_name
        return by_value.union(*(mentions.in_code(code) & set(names) for code in bound))

    def _has_time(self, part: float = 1) -> bool:
        return self._spent <= part * (FREE_SECONDS + SHARE * (_reftrack.now() - self._began))

    def _is_up_to_date(self, modules: Iterable[tuple[str, dict[str, Any]]]) -> bool:
        """Index the modules that have grown, if there is time."""
        grown = {
            name: namespace
            for name, namespace in modules
            if self._indexes.get(name, (-1, {}))[0] != len(namespace)
        }
        if not grown:
            return True
        if not self._has_time():
            return False
        began = _reftrack.now()
        for name, index in _indexed(grown).items():
            self._indexes[name] = len(grown[name]), index
        self._spent += _reftrack.now() - began
        return True


def _names(index: Index, own: set[int], cls: type, namespace: dict[str, Any]) -> bool:
    """Does code outside a class name it, as its module does or another?"""
    if _is_outside(index, own, [release.name_of(cls)]):
        return True
    called = [alias for alias, value in dict.items(namespace) if value is cls]
    return _is_outside(index, own, [alias for alias in called if type(alias) is str])


def _is_outside(index: Index, own: set[int], names: Iterable[str]) -> bool:
    return any(not index.get(name, own) <= own for name in names)


def _programs_modules(home: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and namespace of each of the user's modules, and of those of the package of `home`."""
    top = home.partition(".")[0]
    for name, module in list(sys.modules.items()):
        if type(name) is not str or not issubclass(type(module), ModuleType):
            continue
        if release.is_in(name, top) or owners.of_module(name) in ("your test", "your code"):
            yield name, release.module_namespace(module)


def _indexed(modules: Mapping[str, dict[str, Any]]) -> dict[str, Index]:
    """The names in the code of all functions of these modules that are alive, and in their data:
    decorators' and markers' arguments, defaults, what a module or a class has."""
    whose = _owners(modules)
    found: dict[str, dict[str, set[int]]] = {name: {} for name in modules}
    by_globals = {id(namespace): found[name] for name, namespace in modules.items()}
    namespaces = {id(release.module_namespace(module)) for module in list(sys.modules.values())}
    for function in [each for each in gc.get_objects() if type(each) is FunctionType]:
        index = by_globals.get(id(function.__globals__))
        if index is None and type(function.__module__) is str:
            index = found.get(function.__module__)  # a decorator's, `mock.patch()` for one
        if index is not None:
            parts = [part for part in gc.get_referents(function) if type(part) in (dict, tuple)]
            names = mentions.in_code(function.__code__) | mentions.in_data(parts, namespaces)
            _add(index, names, whose.get(id(function), 0))
    for name, namespace in modules.items():
        data = [value for value in dict.values(namespace) if _is_data(value)]
        _add(found[name], mentions.in_data(data, namespaces), 0)
    for cls in release.with_descendants(object):
        if (index := found.get(release.module_of(cls))) is not None:
            data = [value for value in release.namespace_of(cls).values() if _is_data(value)]
            _add(index, mentions.in_data(data, namespaces), id(cls))
    return dict(found)


def _add(index: dict[str, set[int]], names: Iterable[str], whose: int) -> None:
    for name in names:
        index.setdefault(name, set()).add(whose)


def _is_data(value: object) -> bool:
    """Is it none of the class's, module's or function's own, and no name or docstring?"""
    return not issubclass(type(value), (type, ModuleType, FunctionType, str))


def _owners(modules: Mapping[str, dict[str, Any]]) -> dict[int, int]:
    """By the id() of functions, that of the class in which alone they are; 0 of those that their
    module has as well."""
    found: dict[int, int] = {}
    for namespace in modules.values():
        for function in release.functions_in(dict.values(namespace)):
            found[id(function)] = 0
    for cls in release.with_descendants(object):
        if release.module_of(cls) in modules:
            for function in release.functions_in(release.namespace_of(cls).values()):
                if found.setdefault(id(function), id(cls)) != id(cls):
                    found[id(function)] = 0
    return found
