"""Scopes of the ledger for tests, and what a look at the heap says of them."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from types import ModuleType
from typing import NamedTuple

from reftrack import _reftrack, grouping, heap, retention, tracing
from reftrack.heap import Look, Step
from reftrack.model import Holder


class Within:
    """Charge what is allocated in the body to a new scope, which ends with it."""

    def __init__(self) -> None:
        self.id = _reftrack.new_scope()

    def __enter__(self) -> Within:
        self.outer = _reftrack.enter_scope(self.id)
        return self

    def __exit__(self, *_: object) -> None:
        _reftrack.end_scope(self.id)
        _reftrack.enter_scope(self.outer)

    @property
    def live(self) -> int:
        return _reftrack.counters(self.id)[0]

    @property
    def blocks(self) -> int:
        return _reftrack.counters(self.id)[1]

    @property
    def allocated(self) -> int:
        return _reftrack.counters(self.id)[2]

    @property
    def peak(self) -> int:
        return _reftrack.counters(self.id)[3]

    @property
    def released_by(self) -> int:
        return _reftrack.counters(self.id)[4]


@contextmanager
def module(name: str = "heap_under_test") -> Iterator[ModuleType]:
    """A loaded module, whose attributes are roots of what they refer to."""
    made = sys.modules[name] = ModuleType(name)
    try:
        yield made
    finally:
        del sys.modules[name]
        vars(made).clear()


def look(*scopes: Within, backend: tracing.Backend | None = None) -> Look:
    """What those scopes left alive; to be called without references to it in hand."""
    gc.collect()
    wanted = bytearray(max(scope.id for scope in scopes) + 1)
    for scope in scopes:
        wanted[scope.id] = 1
    return heap.look(backend or tracing.Native(), bytes(wanted))


class Group(NamedTuple):
    """What one object keeps alive of one scope, as if it were a holder by itself."""

    scope: int
    bytes: int
    anchor: int
    path: list[Step]
    retained_bytes: int
    stacks: list[tuple[int, int, int]]


def groups(seen: Look, scope: Within) -> list[Group]:
    """The groups of one scope, biggest first."""
    count = len(seen.groups)
    sums = seen.sums(list(range(1, count + 1)), bytes(count), [1000] * (count + 1), 1000)
    return [
        Group(of, size, anchor, seen.path(step), sums.retained[number], sums.stacks[number])
        for number, (of, size, anchor, step, _, _) in enumerate(seen.groups, 1)
        if of == scope.id
    ]


def holders(seen: Look, *scopes: Within) -> list[Holder]:
    """The holders, as if each scope were a test."""
    charged = {scope.id: grouping.Charged("test", f"test {scope.id}") for scope in scopes}
    return retention.holders(seen, charged).holders


def edges(group: Group) -> list[tuple[str, object]]:
    """The steps of a group's path below the module. An attribute is one wherever it is kept: in a
    dict, beside the instance, in a field of a C type; versions of Python differ in that."""
    found: list[tuple[str, object]] = []
    for before, step in pairwise(group.path[1:]):
        if before.edge == "dict" or step.edge == "slot":
            found.append(("attr", step.label))
        elif step.edge == "defaults":
            found.append(("attr", "__defaults__"))
        elif step.edge != "dict":
            found.append((step.edge, step.label))
    return found
