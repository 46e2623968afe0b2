"""How much of a scope's memory hangs on a few objects: an estimate, where nothing has gone yet.

Objects are only traversed, and builtin ones measured by their own types: nothing of them runs.
"""

from __future__ import annotations

import gc
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any
from weakref import ref

from reftrack import _reftrack, release
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

_MOST = 10_000  # objects to find, and no more
_SHUT = (ModuleType, type, CodeType, FrameType, FunctionType)  # the program's own
_CONTAINERS: tuple[type[Any], ...] = (list, tuple, dict, set, frozenset)
_HEAD = 16  # the collector's, before each object that it knows (cpython.h, all versions)
_BEFORE = (0, _HEAD, 2 * _HEAD)  # an instance with a dict has as much again, and a plain text none


def witnesses(value: object) -> list[ref[Any]]:
    """Weak references to a value, or to what containers lead to where it can have none."""
    found: list[ref[Any]] = []
    pending, seen = [value], {id(value)}
    while pending and len(seen) < _MOST:
        item = pending.pop()
        try:
            found.append(ref(item))
        except TypeError:
            if release.is_exactly(item, *_CONTAINERS):
                inner = [child for child in gc.get_referents(item) if id(child) not in seen]
                seen.update(map(id, inner))
                pending += inner
    return found


def hanging_on(value: object, scope: int, seen: set[int]) -> int | None:
    """Bytes of `scope` among all that `value` leads to by way of its own objects; None where that
    are very many. Those `seen` do not count, and what is found is added to them."""
    total = 0
    pending = [value]
    room = _MOST
    while pending:
        item = pending.pop()
        if id(item) in seen or _is_one_of(item, _SHUT):
            continue
        seen.add(id(item))
        own = _bytes(item, scope)
        if own is None:
            continue
        room -= 1
        if room == 0:
            return None
        total += own
        pending += gc.get_referents(item)
    return total


def _is_one_of(item: object, types: tuple[type[Any], ...]) -> bool:
    """`isinstance` without asking the object what it says that it is."""
    return issubclass(type(item), types)


def _bytes(item: Any, scope: int) -> int | None:
    """The size of an object of this scope with its data, else None. A builtin container counts
    whatever its own block says, which a free list may have had before."""
    if release.is_exactly(item, *_CONTAINERS):
        return _HEAD + _size(item)
    for before in _BEFORE:
        charge = _reftrack.block_charge(id(item) - before)
        if charge is not None and charge[0] > before:
            return max(charge[0], _size(item)) if charge[1] == scope else None
    return None


def _size(item: Any) -> int:
    """As the first type tells it that is written in C, and no class."""
    native = next(base for base in release.mro_of(type(item)) if not release.is_made(base))
    size: int = release.namespace_of(native).get("__sizeof__", object.__sizeof__)(item)
    return size
