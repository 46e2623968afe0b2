"""What code elsewhere reads of a test class: that of other classes and functions may run when the
class is over.

Classes are the program's to read at any time, so no count of references tells. It is told from the
names in the code of the program's own modules: where a class is named by code that is not its own,
what that module's other code names stays on it. No object is asked for anything.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from types import FunctionType, ModuleType
from typing import Any

from reftrack import owners, release

Index = Mapping[str, set[int]]
"""Names, each with the id() of the classes in whose code it is; 0 for functions of a module."""


class Readers:
    """Knows the names in each module's code: found once, and again where the module has grown."""

    def __init__(self) -> None:
        self._indexes: dict[str, tuple[int, Index]] = {}

    def of(self, cls: type, names: Iterable[str]) -> set[str]:
        """Those of `names` that code elsewhere may read from a class."""
        own = {id(part) for part in release.with_descendants(cls)}
        found: set[str] = set()
        for name, namespace in _programs_modules(release.module_of(cls)):
            index = self._index(name, namespace)
            called = {alias for alias, value in dict.items(namespace) if value is cls}
            if _is_outside(index, own, {release.name_of(cls), *called}):
                found |= {read for read in names if _is_outside(index, own, [read])}
        return found

    def _index(self, name: str, namespace: dict[str, Any]) -> Index:
        size, index = self._indexes.get(name, (-1, {}))
        if size != len(namespace):
            index = _indexed(name, namespace)
            self._indexes[name] = len(namespace), index
        return index


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


def _indexed(module: str, namespace: dict[str, Any]) -> Index:
    index: dict[str, set[int]] = {}
    for owner, function in _functions(module, namespace):
        for name in release.names_in(function.__code__):
            index.setdefault(name, set()).add(owner)
    return index


def _functions(module: str, namespace: dict[str, Any]) -> Iterator[tuple[int, FunctionType]]:
    """The functions that a module and its classes have, with those that decorators have wrapped."""
    pending = [(0, value) for value in dict.values(namespace)]
    seen: set[int] = set()
    for owner, value in pending:
        if id(value) in seen:
            continue
        seen.add(id(value))
        function = release.function_of(value)
        if function is not None:
            yield owner, function
            pending += [(owner, part) for part in release.closed_over(function)]
        elif issubclass(type(value), type):
            if release.module_of(value) == module:
                pending += [(id(value), part) for part in release.namespace_of(value).values()]
        elif owners.of_module(release.module_of(type(value))) == "runner":
            own = release.instance_dict(value) or {}  # a fixture of pytest's
            pending += [(owner, part) for part in own.values() if type(part) is FunctionType]
