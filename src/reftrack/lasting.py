"""What of a scope lasts: was it alive at the last look only because its tear-down came later?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reftrack.model import Charge, Scope, ScopeKind

Key = tuple[ScopeKind, str]
"""Kind and id of a scope."""


def left(scope: Scope) -> int:
    """Bytes that a scope left: of a test, when its last phase was over; the runner lets go of it
    then."""
    return scope.phases[-1].live_bytes if scope.phases else scope.ended_bytes


def was_torn_down(scope: Scope) -> bool:
    """Was a scope wider than a test alive at the last look, and has it been released since?"""
    later = scope.scope != "test" and scope.released_by is not None
    return later and 2 * scope.survived_bytes >= left(scope)


def left_by_torn_down(scopes: Iterable[Scope]) -> dict[Key, int]:
    """Of scopes that were alive at the last look and of which memory has been released since: the
    bytes still alive."""
    found: dict[Key, int] = {}
    for scope in scopes:
        if was_torn_down(scope):
            found[scope.scope, scope.id] = 0
        elif scope.torn_down_bytes:
            found[scope.scope, scope.id] = scope.survived_bytes - scope.torn_down_bytes
    return found


def is_released(charges: Iterable[Charge], left: Mapping[Key, int]) -> bool:
    """Has what these scopes left with one holder been released since the last look, nine tenths of
    it at least? All that is left of a scope may be this holder's."""
    charges = list(charges)
    may_be_left = sum(
        min(charge.bytes, left.get((charge.scope, charge.id), charge.bytes)) for charge in charges
    )
    return 10 * may_be_left < sum(charge.bytes for charge in charges)
