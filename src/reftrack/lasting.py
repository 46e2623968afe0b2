"""What of a scope lasts: was it alive at the last look only because its tear-down came later?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from reftrack.model import Holder, Report, Scope, ScopeKind

Key = tuple[ScopeKind, str]
"""Kind and id of a scope."""


def left(scope: Scope) -> int:
    """Bytes that a scope left: of a test, when its last phase was over; the runner lets go of it
    then."""
    return scope.phases[-1].live_bytes if scope.phases else scope.ended_bytes


class TornDown(NamedTuple):
    """What the tear-down after the last look has released: of scopes that have lost any by it, the
    bytes that they left and that may be anybody's still; and the bytes that have come since."""

    left: dict[Key, int]
    later: int


def torn_down(report: Report) -> TornDown:
    """Scopes of one kind and id are one here: what they left with a holder is told as one. What the
    runner has by itself of a test stays, and is nobody else's."""
    left, of_runners = Counter[Key](), Counter[Key]()
    for holder in report.holders:
        if holder.verdict == "runner":
            for charge in holder.charged:
                of_runners[charge.scope, charge.id] += charge.bytes
    for scope in report.scopes:
        left[scope.scope, scope.id] += scope.survived_bytes - scope.torn_down_bytes
    lost = {(scope.scope, scope.id) for scope in report.scopes if scope.torn_down_bytes}
    return TornDown(
        {key: max(0, left[key] - of_runners[key]) for key in lost}, report.totals.later_bytes
    )


WORTH_A_LOOK = 64 << 10
"""Bytes of a holder that one more look is taken for."""

STRAY = 1 << 9
"""Bytes left of a scope that need not be a holder's: every test leaves some, here and there."""


Kept = Mapping[str, Mapping[Key, int]]
"""By the keys of holders, the bytes that each has of each scope."""


def doubtful(
    holders: Iterable[Holder], gone: Mapping[Key, int], alive: Mapping[Key, int]
) -> list[Holder]:
    """Those of which the figures of their scopes do not tell whether they are released: the bytes
    that have `gone`, and those that are `alive`."""
    found = []
    for holder in holders:
        keys = {(charge.scope, charge.id) for charge in holder.charged}
        most = holder.survived_bytes // 10
        if (
            holder.survived_bytes >= WORTH_A_LOOK
            and holder.verdict not in ("runner", "unexplained")
            and sum(gone.get(key, 0) for key in keys) >= holder.survived_bytes - most
            and sum(alive.get(key, 0) for key in keys) > min(most, STRAY * len(keys))
        ):
            found.append(holder)
    return found


def gone_holders(holders: Iterable[Holder], asked: Iterable[Holder], now: Kept) -> list[str]:
    """Of the holders that are `asked` about, the keys of those that a later look has seen next to
    nothing of, and nobody else with what they had. `now` is what that look has found."""
    before: dict[str, Counter[Key]] = {}
    for holder in holders:
        had = before.setdefault(holder.key, Counter())
        for charge in holder.charged:
            had[charge.scope, charge.id] += charge.bytes
    taken = Counter[Key]()  # what has another holder than before
    for name, of in now.items():
        had = before.get(name, Counter())
        for key, size in of.items():
            taken[key] += max(0, size - had[key])
    found = []
    for name in {holder.key for holder in asked}:
        had = before[name]
        most = had.total() // 10
        left = sum(now.get(name, {}).get(key, 0) for key in had)
        if left + sum(taken[key] for key in had) <= most:
            found.append(name)
    return found


def is_released(holder: Holder, torn_down: TornDown) -> bool:
    """Has what a holder kept been released since the last look? All that is left of its scopes may
    be this holder's, and what has come since may have taken its place; unless a later look has told
    one from the other."""
    if holder.torn_down:
        return True
    if not torn_down.left:
        return False
    left = sum(
        min(charge.bytes, torn_down.left.get((charge.scope, charge.id), charge.bytes))
        for charge in holder.charged
    )
    least = max(holder.survived_bytes // 100, STRAY * len(holder.charged))
    most = holder.survived_bytes // 10
    return max(left, 1) <= min(least, most) and torn_down.later <= most
