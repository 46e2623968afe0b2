"""From what the heap graph saw to holders: one row per owner that keeps survivors alive."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache
from math import inf
from typing import NamedTuple

from reftrack import (
    _reftrack,
    allocations,
    cuts,
    describing,
    fixes,
    grouping,
    nesting,
    owners,
    sources,
)
from reftrack.choosing import Choice
from reftrack.describing import Known
from reftrack.grouping import Charged, Held
from reftrack.heap import Edge, Look, Proved
from reftrack.model import (
    NOT_LOOKED_FOR,
    Holder,
    HolderKind,
    ScopeKind,
)
from reftrack.traits import is_private
from reftrack.untouched import BUILTINS
from reftrack.verdicts import Pushed

__builtins__ = BUILTINS

NOT_CUT: dict[HolderKind, str] = {
    "thread": "threads do not run on in a copy of the process",
    "unreachable": "nothing leads to it that could be cut",
    "c-reference": "code in C holds it, whose references cannot be cut",
}
"""Why there is no proof for holders of these kinds."""

MOST_FIXES = 3
WORTH_A_CUT = 4 << 10
SMALL_SHARE = 100
"""A proof takes as long as a collection: only holders with so many bytes, and that part of all that
survived, are cut."""

Prove = Callable[[Sequence[Sequence[Edge]]], list[Proved]]
"""What went when edges were really cut; see `proof.proved`."""


class Explained(NamedTuple):
    """The holders, biggest first; and the bytes, by scope, of what nobody but reftrack holds, which
    no figure should have."""

    holders: list[Holder]
    own: dict[int, int]


def are_pytests(scopes: Iterable[tuple[ScopeKind, str]]) -> bool:
    """Does pytest run the tests among these, by their kinds and ids?"""
    return any("::" in id for kind, id in scopes if kind == "test")


def holders(
    seen: Look,
    charged: Mapping[int, Charged],
    pushed_out: Mapping[int, Pushed] | None = None,
    cut: int = 0,
    *,
    without: Collection[str] = (),
    prove: Prove | None = None,
    seconds: float = inf,
    in_pytest: bool | None = None,
) -> Explained:
    """The holders of all survivors of the charged scopes; for `pushed_out` and
    `without` see `verdicts.judge`. Whether pytest runs the tests is seen by their ids, where it is
    not said. Of the `cut` largest it is found out what goes when they are
    cut, and who else holds it, for so many seconds at most; `prove` then does cut them."""
    held = grouping.held(seen, charged)
    limits = [allocations.stacks_read(size) for size in held.bytes]
    sums = seen.sums(held.holder_of, held.owning, limits, allocations.LISTED)
    lines = cache(lambda stack: tuple(allocations.from_users_code(seen.lines(stack))))
    fillings = grouping.fillings(held, seen)
    if in_pytest is None:
        in_pytest = are_pytests((scope.kind, scope.id) for scope in charged.values())
    nested = nesting.agreed(seen, held)
    order = describing.order(charged)
    known = Known(charged, order, pushed_out or {}, without, lines, nested, in_pytest)
    found = [
        describing.holder(number, held, sums, known, fillings.get(number))
        for number in range(1, len(held.choices))
    ]
    until = _reftrack.now() + seconds
    cuttings = {n: _cut(n, found[n - 1], held, seen, known, until) for n in _largest(found, cut)}
    if prove is not None:
        results = prove([edges for edges, _ in cuttings.values()])
        for number, (size, reason) in zip(cuttings, results, strict=True):
            holder = found[number - 1]
            holder.proved_bytes = size
            reason = NOT_CUT.get(holder.kind) or cuttings[number][1] or reason
            holder.not_proved = reason if size is None else ""
    found.extend(describing.unowned(seen.orphans, known))
    allocations.forget()
    sources.forget()
    owners.forget()
    found = [holder for holder in found if holder.survived_bytes > 0]
    found.sort(key=lambda holder: -holder.survived_bytes)
    return Explained(found, grouping.own_bytes(seen, held))


Shares = dict[str, dict[int, int]]
"""By the keys of holders, the bytes that each keeps of each scope."""


def shares(seen: Look, charged: Mapping[int, Charged]) -> Shares:
    """What the holders of all survivors of the charged scopes keep, and no more about them."""
    held = grouping.held(seen, charged)
    found: Shares = {}
    for group, number in zip(seen.groups, held.holder_of, strict=True):
        if number:
            kept = found.setdefault(describing.key(held.choices[number]), {})
            kept[group[0]] = kept.get(group[0], 0) + group[1]
    owners.forget()
    return found


def _largest(found: Sequence[Holder], count: int) -> list[int]:
    """The numbers of the holders that a report shows first, without small change and what stays
    anyway: a runner's bookkeeping, what an import has made."""
    least = max(WORTH_A_CUT, sum(holder.survived_bytes for holder in found) // SMALL_SHARE)
    worth = [
        number
        for number, holder in enumerate(found, 1)
        if holder.verdict != "runner"
        and holder.survived_bytes >= least
        and any(charge.scope != "import" for charge in holder.charged)
    ]
    largest = heapq.nlargest(count, worth, key=lambda n: found[n - 1].survived_bytes)
    # Where the time for proofs runs out, those that grow have had theirs.
    return sorted(largest, key=lambda n: found[n - 1].verdict != "growing")


def _cut(
    number: int, holder: Holder, held: Held, seen: Look, known: Known, until: float
) -> tuple[list[Edge], str]:
    """Note what goes when the holder is cut, and with which others it has to be; returns all their
    edges, or why they are not known. All goes with a thread that ends, whose frames are many."""
    if holder.kind in NOT_CUT:
        if holder.kind == "thread":
            holder.retained_bytes = max(holder.retained_bytes, holder.survived_bytes)
        return [], ""
    groups = [k for k, of in enumerate(held.holder_of) if of == number]
    chosen = [held.chosen[k] for k in groups]
    edges, entries = cuts.edges(seen, chosen), cuts.entries(seen, chosen)
    if not edges:
        return [], ""
    if _reftrack.now() > until:
        return [], "to find who holds those before it took all the time that there was"
    key = held.choices[number].key
    result = cuts.cut(seen, key, edges, entries, *_to_go(groups, seen, known), until)
    holder.retained_bytes = result.bytes
    names = dict.fromkeys(other.name for other in result.others)
    holder.together = [name for name in names if not _is_same(name, holder.name)]
    if not result.is_whole:
        holder.together.append(NOT_LOOKED_FOR)
        holder.together_bytes = holder.survived_bytes
        return [], "more hold the same than could be found"
    if holder.together:
        holder.together_bytes = result.together_bytes
    elif result.others:
        holder.retained_bytes = result.together_bytes  # the holder itself, by other places
    choice = held.choices[number]
    if choice.rule is None or choice.rule.verdict is None or choice.fix:
        holder.fix = _joined(holder, choice, result.others, known.in_pytest)
    return result.edges, ""


def _to_go(groups: list[int], seen: Look, known: Known) -> tuple[list[int], int]:
    """Of a holder's groups those that should go, and their bytes. What an import has made may have
    a name of its own in its module, and stays; what tests left beside it is to go all the same."""
    of_tests = [k for k in groups if known.charged[seen.groups[k][0]].kind != "import"]
    groups = of_tests or groups
    return groups, sum(seen.groups[k][1] for k in groups)


def _joined(holder: Holder, choice: Choice, others: Iterable[Choice], in_pytest: bool) -> str:
    """The fixes of all that have to let go, each place once: a patched name is known by the patch,
    too. Of too many or without code, they would not be read."""
    found = [holder.fix] if holder.fix else []
    told = {holder.name, choice.holder_name}
    for other in others:
        if other.owner == "library" and is_private(other.holder_name):
            continue  # where it caches
        names = {other.name.removesuffix(".call_args_list"), other.holder_name}
        fix = fixes.suggest(other, holder.charged, holder.allocations, in_pytest)
        if fix and not fixes.is_vague(fix) and fix not in found and told.isdisjoint(names):
            found.append(fix)
        told |= names
    return "\n".join(found[:MOST_FIXES])


def _is_same(name: str, other: str) -> bool:
    """A fixture is known with its scope or without."""
    return name == other or f"{name} (".startswith(f"{other} (") or other.startswith(f"{name} (")


def explained_bytes(found: Iterable[Holder], kinds: Iterable[ScopeKind]) -> int:
    """Bytes charged to scopes of these kinds by holders that have a name."""
    wanted = set(kinds)
    return sum(
        charge.bytes
        for holder in found
        if holder.verdict != "unexplained"
        for charge in holder.charged
        if charge.scope in wanted
    )
