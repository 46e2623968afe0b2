"""Two runs side by side: which holders are new, have grown, are gone, have shrunk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Literal, NamedTuple

import msgspec

from reftrack.describing import module_of_test
from reftrack.lasting import Key, is_released, torn_down
from reftrack.merging import charges_by_scope
from reftrack.model import COUNTED, FORMAT, Holder, Report, RunInfo, Totals, Verdict
from reftrack.rules import RULES

Change = Literal["new", "grown", "gone", "shrunk", "same"]
ORDER: tuple[Change, ...] = ("new", "grown", "gone", "shrunk", "same")

GROWING_FROM = 1 << 10
ONCE_FROM = 1 << 16
LIBRARY_ONCE_FROM = 1 << 20
"""Bytes from which a holder is told as new. What is filled once costs that much once; which of a
library's caches a run fills changes with the order of its tests, and with what it imports."""

CHANGED_FROM, SHARE = 1 << 15, 4
"""A holder has changed by more than so many bytes, and by more than that part of what it had.

In another random order networkx's 3,038 tests of classes and algorithms leave up to 23 KiB and a
fifth more with one of several attributes of the same instances, and as much less with another.
"""

_LEFT_OUT: frozenset[Verdict] = frozenset({"runner", "collateral"})
"""Bookkeeping, and victims of what another holder has, are nobody's doing."""

_WITHIN_BOUNDS = {rule.name for rule in RULES if rule.verdict == "once"}
"""Caches that are known to stay so. In which test the table of interned strings is doubled is
chance: 1.8 MiB of networkx's tests in one of three orders."""


class Difference(msgspec.Struct, frozen=True):
    """One holder in both runs: the bytes that scopes left with it, and how many scopes did.
    `holder` is that of the new run; where it is gone, of the old one."""

    change: Change
    old_bytes: int
    new_bytes: int
    old_scopes: int
    new_scopes: int
    holder: Holder


class Side(msgspec.Struct, frozen=True):
    """One of the two runs. `tests` ran in this one only."""

    complete: bool
    run: RunInfo
    totals: Totals
    tests: int


class Comparison(msgspec.Struct, frozen=True):
    """What `reftrack diff --json FILE` writes. `unseen` holders of the old run are not in the new
    one, in which none of the scopes ran that they were from: nothing is known of them."""

    format: int
    old: Side
    new: Side
    differences: list[Difference]
    unseen: int = 0


class _Kept(NamedTuple):
    """A holder that counts, and the bytes that each scope left with it."""

    holder: Holder
    left: Mapping[Key, int]


def counts(holder: Holder) -> bool:
    """Is what it keeps anybody's doing? Not a runner's bookkeeping, a victim of what another holder
    has, or a cache that is known to stay within bounds."""
    is_within = holder.verdict == "once" and holder.rule in _WITHIN_BOUNDS
    return holder.verdict not in _LEFT_OUT and not is_within


def compare(old: Report, new: Report) -> Comparison:
    """What has become of each holder: the changes in their order, each group largest first.

    Left out is what does not count (see `counts`), and what is torn down after the last look. The
    same holder may have its lines elsewhere, and its bytes from other tests. Of one that grows each
    test of the new run alone may leave what tests did before.
    """
    ran_before, ran_now = _ran(old), _ran(new)
    found: list[Difference] = []
    unseen = 0
    for before, now in _pairs(_lasting(old), _lasting(new)):
        if before is not None and now is not None:
            change = _change(before, now, ran_before, ran_now)
        elif now is not None:
            change = "new" if now.holder.survived_bytes >= _least(now.holder) else "same"
        elif before is not None and _is_unseen(before, ran_now):
            unseen += before.holder.survived_bytes >= _least(before.holder)
            continue
        elif before is not None:
            change = "gone" if before.holder.survived_bytes >= _least(before.holder) else "same"
        found.append(_told(change, before, now))
    found.sort(key=lambda row: (ORDER.index(row.change), -max(row.old_bytes, row.new_bytes)))
    return Comparison(
        FORMAT,
        _side(old, ran_before - ran_now),
        _side(new, ran_now - ran_before),
        found,
        unseen,
    )


def _side(report: Report, only: Iterable[Key]) -> Side:
    tests = sum(kind == "test" for kind, _ in only)
    return Side(report.complete, report.run, report.totals, tests)


def _ran(report: Report) -> set[Key]:
    return {(scope.scope, scope.id) for scope in report.scopes}


# The same holder in both


Identity = str | tuple[str, str]


def _lasting(report: Report) -> list[_Kept]:
    """Its holders that count, each once: a fixture's value may be found in several places. What the
    last tear-down released of one class or module was alive by the order of tests alone."""
    later = torn_down(report)
    found: dict[Identity, _Kept] = {}
    for holder in report.holders:
        if not counts(holder):
            continue
        kept = _Kept(holder, _by_scope(holder))
        if not (is_released(holder, later) and _is_of_one_module(holder)):
            same = found.get(_identity(holder))
            found[_identity(holder)] = kept if same is None else _joined(same.holder, holder)
    return list(found.values())


def _is_of_one_module(holder: Holder) -> bool:
    tests = {module_of_test(charge.id) for charge in holder.charged if charge.scope == "test"}
    return len(tests) <= 1


def _identity(holder: Holder) -> Identity:
    return holder.key or _name(holder)


def _name(holder: Holder) -> tuple[str, str]:
    return holder.name, holder.root


def _joined(one: Holder, other: Holder) -> _Kept:
    both = msgspec.structs.replace(
        one,
        survived_bytes=one.survived_bytes + other.survived_bytes,
        charged=charges_by_scope([*one.charged, *other.charged]),
    )
    return _Kept(both, _by_scope(both))


def _by_scope(holder: Holder) -> dict[Key, int]:
    found: dict[Key, int] = {}
    for charge in holder.charged:
        key = charge.scope, charge.id
        found[key] = found.get(key, 0) + charge.bytes
    return found


def _pairs(
    old: Iterable[_Kept], new: Iterable[_Kept]
) -> Iterator[tuple[_Kept | None, _Kept | None]]:
    """Each holder with what it was: by its key; where that is another one, or was not recorded, by
    its name and root."""
    left = {_identity(kept.holder): kept for kept in old}
    rest: list[_Kept] = []
    for kept in new:
        if (before := left.pop(_identity(kept.holder), None)) is None:
            rest.append(kept)
        else:
            yield before, kept
    by_name: dict[tuple[str, str], list[_Kept]] = {}
    for kept in left.values():
        by_name.setdefault(_name(kept.holder), []).append(kept)
    for kept in rest:
        of_name = by_name.get(_name(kept.holder))
        yield (of_name.pop() if of_name else None), kept
    for gone in by_name.values():
        for kept in gone:
            yield kept, None


# What has become of it


def _change(before: _Kept, now: _Kept, ran_before: Set[Key], ran_now: Set[Key]) -> Change:
    was, has = before.holder.survived_bytes, now.holder.survived_bytes
    expected = _expected(before, now, ran_before, ran_now)
    if has - expected > max(expected // SHARE, _least_change(now.holder)):
        return "grown"
    there = was - sum(_missing(before, ran_now).values())
    if there - has > max(there // SHARE, _least_change(before.holder)):
        return "shrunk"
    return "same"


def _told(change: Change, before: _Kept | None, now: _Kept | None) -> Difference:
    was, has = (None if kept is None else kept.holder for kept in (before, now))
    holder = has or was
    assert holder is not None
    return Difference(
        change,
        0 if was is None else was.survived_bytes,
        0 if has is None else has.survived_bytes,
        0 if before is None else len(before.left),
        0 if now is None else len(now.left),
        holder,
    )


def _least(holder: Holder) -> int:
    if holder.verdict == "growing":
        return GROWING_FROM
    return LIBRARY_ONCE_FROM if holder.owner == "library" else ONCE_FROM


def _least_change(holder: Holder) -> int:
    return max(CHANGED_FROM, _least(holder))


def _expected(before: _Kept, now: _Kept, ran_before: Set[Key], ran_now: Set[Key]) -> int:
    """The bytes that it would have now if nothing but the set of tests had changed.

    Of one that grows the scopes that do not run any more are taken away. Each that did not run
    before may leave the usual; so may others, as many as were taken away: what one test left in a
    cache by key is then another's, which needs it as well.
    """
    was = before.holder.survived_bytes
    if before.holder.verdict != "growing" or not before.left:
        return was
    usual = sum(before.left.values()) // len(before.left)
    missing, more = _missing(before, ran_now), now.left.keys() - before.left.keys()
    instead = min(len(missing), len(more & ran_before))
    return was - sum(missing.values()) + usual * (len(more - ran_before) + instead)


def _missing(before: _Kept, ran_now: Set[Key]) -> dict[Key, int]:
    """What scopes left with it that do not run any more; imports are none that would."""
    return {
        key: size for key, size in before.left.items() if key not in ran_now and key[0] in COUNTED
    }


def _is_unseen(before: _Kept, ran_now: Set[Key]) -> bool:
    return bool(before.left) and len(_missing(before, ran_now)) == len(before.left)
