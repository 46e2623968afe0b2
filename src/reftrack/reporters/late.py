"""Scopes whose memory was released after they were over: by which scope, in words."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence, Set
from itertools import pairwise

import msgspec

from reftrack.lasting import left
from reftrack.model import Scope

SHOWN = 5
LEAST = 1 << 20

AT_THE_END = "all tests were over"


class HeldRow(msgspec.Struct, frozen=True):
    """Bytes that outlived their scope until a later one released them."""

    id: str
    bytes: int
    until: str


def held(scopes: Sequence[Scope]) -> list[HeldRow]:
    """Scopes whose memory went late: alive when they ended, released since by another one."""
    late = [
        (left(scope) - _stays(scope) - scope.collected_bytes, scope)
        for scope, following in pairwise([*scopes, None])
        # A runner's loop variable has the last test until the next: that is no news.
        if scope is not None
        and scope.released_by is not None
        and (following is None or following.id != scope.released_by)
    ]
    big = [
        (held, scope)
        for held, scope in heapq.nlargest(SHOWN, late, key=lambda item: item[0])
        if held >= LEAST
    ]
    ends = _ends(scopes, {scope.released_by for _, scope in big})
    return [HeldRow(scope.id, held, _until(scope, ends)) for held, scope in big]


def _stays(scope: Scope) -> int:
    """What of that is still there: of its arrays' data nothing was known when a scope ended."""
    return scope.survived_bytes - scope.array_bytes


def _until(scope: Scope, ends: Mapping[str | None, str]) -> str:
    """Words for when a scope was released; what is wider than a test is torn down within one."""
    over = ends.get(scope.released_by)
    if scope.released_by == scope.id:  # a class's own tear-down
        return f"the {scope.scope}'s own tear-down"
    if over is None:
        return f"{scope.released_by} ended"
    return over if over and scope.scope != "test" else f"{scope.released_by} ran"


def _ends(scopes: Sequence[Scope], releasers: Set[str | None]) -> dict[str | None, str]:
    """Of the releasers that are tests: words for what was over with them, or none.

    pytest tears down a class, a module or the session within the last test of it.
    """
    tests = [scope.id for scope in scopes if scope.scope == "test"]
    ends: dict[str | None, str] = {}
    for id, following in pairwise([*tests, ""]):
        if id in releasers:
            over = [outer for outer in _outer(id) if not following.startswith(outer + "::")]
            if not following:
                ends[id] = AT_THE_END
            else:
                ends[id] = f"{over[0]} was over" if over else ""
    return ends


def _outer(id: str) -> list[str]:
    """The module and the classes around a test of pytest's, the widest first; none of others."""
    file, *names = id.partition("[")[0].split("::")
    return ["::".join([file, *names[:count]]) for count in range(len(names))]
