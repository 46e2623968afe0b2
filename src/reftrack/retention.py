"""From what the heap graph saw to holders: one row per owner that keeps survivors alive."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache
from math import inf
from typing import NamedTuple

from reftrack import (
    _reftrack,
    allocations,
    cuts,
    fixes,
    grouping,
    nesting,
    owners,
    rules,
    sources,
    verdicts,
)
from reftrack.choosing import Choice
from reftrack.finding import is_of_traceback
from reftrack.grouping import Charged, Held
from reftrack.heap import Edge, Filling, Interned, Look, Orphan, Proved, Sums
from reftrack.model import (
    NOT_LOOKED_FOR,
    Allocation,
    Charge,
    Holder,
    HolderKind,
    ScopeKind,
    TypeCount,
)
from reftrack.reaching import Nested
from reftrack.tracing import Line
from reftrack.traits import RESULTS_OWN, is_private
from reftrack.verdicts import Pushed

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


class _Known(NamedTuple):
    """What the run says of scopes, and how the lines of a stack are found."""

    charged: Mapping[int, Charged]
    order: Mapping[int, Ran]  # of the tests
    pushed_out: Mapping[int, Pushed]
    without: Collection[str]
    lines: Callable[[int], tuple[Line, ...]]
    nested: Mapping[int, Nested]  # by the holder's number
    in_pytest: bool


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
    known = _Known(charged, _order(charged), pushed_out or {}, without, lines, nested, in_pytest)
    found = [
        _holder(number, held, sums, known, fillings.get(number))
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
    found.extend(_unowned(seen.orphans, known))
    allocations.forget()
    sources.forget()
    owners.forget()
    found = [holder for holder in found if holder.survived_bytes > 0]
    found.sort(key=lambda holder: -holder.survived_bytes)
    return Explained(found, grouping.own_bytes(seen, held))


class Ran(NamedTuple):
    """When a test ran: as the nth of all, and so many of its module came later."""

    nth: int
    later: int


NEVER = Ran(0, 0)


def _order(charged: Mapping[int, Charged]) -> dict[int, Ran]:
    tests = [number for number, scope in charged.items() if scope.kind == "test"]
    of_module = Counter[str]()
    found: dict[int, Ran] = {}
    for nth in range(len(tests) - 1, -1, -1):
        module = module_of_test(charged[tests[nth]].id)
        found[tests[nth]] = Ran(nth, of_module[module])
        of_module[module] += 1
    return found


def module_of_test(id: str) -> str:
    """Of pytest's ids the file, of unittest's what stands before class and method."""
    return id.partition("::")[0] if "::" in id else id.rpartition(".")[0].rpartition(".")[0]


Shares = dict[str, dict[int, int]]
"""By the keys of holders, the bytes that each keeps of each scope."""


def shares(seen: Look, charged: Mapping[int, Charged]) -> Shares:
    """What the holders of all survivors of the charged scopes keep, and no more about them."""
    held = grouping.held(seen, charged)
    found: Shares = {}
    for group, number in zip(seen.groups, held.holder_of, strict=True):
        if number:
            kept = found.setdefault(_key(held.choices[number]), {})
            kept[group[0]] = kept.get(group[0], 0) + group[1]
    owners.forget()
    return found


def _key(choice: Choice) -> str:
    """By whatever place pytest has a fixture's value, it is the fixture's."""
    name, place, collateral = choice.key
    place = "" if choice.kind == "fixture" else place
    return "|".join((name, place, "collateral" if collateral else ""))


def _largest(found: Sequence[Holder], count: int) -> list[int]:
    """The numbers of the holders that a report shows first, without small change."""
    least = max(WORTH_A_CUT, sum(holder.survived_bytes for holder in found) // SMALL_SHARE)
    worth = [
        number
        for number, holder in enumerate(found, 1)
        if holder.verdict != "runner" and holder.survived_bytes >= least
    ]
    largest = heapq.nlargest(count, worth, key=lambda n: found[n - 1].survived_bytes)
    # Where the time for proofs runs out, those that grow have had theirs.
    return sorted(largest, key=lambda n: found[n - 1].verdict != "growing")


def _cut(
    number: int, holder: Holder, held: Held, seen: Look, known: _Known, until: float
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
    result = cuts.cut(seen, key, edges, entries, groups, holder.survived_bytes, until)
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


def _holder(
    number: int,
    held: Held,
    sums: Sums,
    known: _Known,
    filling: Filling | None,
) -> Holder:
    largest = held.choices[number]
    if (exact := held.exact[number]) is not None and exact[0]:
        largest = largest._replace(name=exact[0], fix=exact[1])
    if (nested := known.nested.get(number)) is not None:
        largest = largest._replace(nested=nested)
    size = held.bytes[number]
    counted = sums.charges[number]
    charges = _charges(counted, known.charged)
    sites = allocations.listed(sums.stacks[number], size, known.lines)
    if _may_be_users(largest):
        largest = _owned_by_lines(largest, sites)
    elif (
        largest.rule is not None
        and largest.rule.put_there
        and sites
        and all(map(_is_runners, sites))
    ):
        largest = largest._replace(owner="runner", rule=rules.RUNNER_INTERNALS, fix="")
    left = [
        verdicts.Left(scope, known.charged[scope].kind, size, *known.order.get(scope, NEVER))
        for scope, size, _ in counted
    ]
    verdict = verdicts.judge(largest, left, known.pushed_out, known.without, filling)
    return Holder(
        name=largest.name,
        kind=largest.kind,
        verdict=verdict,
        owner=largest.owner,
        root=largest.root,
        path=largest.pattern if held.groups[number] > 1 else largest.path,
        retained_bytes=sums.retained[number],
        survived_bytes=size,
        objects=sum(charge.objects for charge in charges),
        types=[TypeCount(name, objects, size) for name, size, objects in sums.types[number]],
        charged=charges,
        allocations=allocations.worth_telling(sites, size, verdict),
        bounded=verdicts.is_bounded(largest, left, known.pushed_out, filling),
        rule=largest.rule.name if largest.rule else "",
        key=_key(held.choices[number]),
        fix=fixes.suggest(largest, charges, sites, known.in_pytest),
        entries=filling.entries if filling else None,
        most_entries=filling.most if filling else None,
    )


def _may_be_users(choice: Choice) -> bool:
    """Is it the runner's, with nothing said yet of who has put there what is in it?"""
    if choice.kind == "result" and choice.attribute in RESULTS_OWN:
        return any(map(is_of_traceback, choice.below))  # else a text, and a test that made it
    if choice.rule is not None and choice.rule.whoever:
        return False
    return choice.owner == "runner" or choice.kind == "fixture" or _is_steady(choice)


def _owned_by_lines(choice: Choice, sites: Sequence[Allocation]) -> Choice:
    """What the user's own lines have allocated is no bookkeeping, though the runner keeps it. What
    the runner itself has when they call it is."""
    total = own = 0
    file = ""
    for allocation in sites:
        total += allocation.bytes
        first = allocation.traceback[0].file if allocation.traceback else "<"
        if not owners.is_library_file(first) and not _is_runners(allocation):
            own += allocation.bytes
            file = file or first
    if 2 * own <= total:
        return choice
    rule = None if _is_steady(choice) else choice.rule
    return choice._replace(owner=owners.of_file(file), rule=rule)


def _is_runners(site: Allocation) -> bool:
    """Is it the runner that called the library which allocated?"""
    for frame in reversed(site.traceback):
        module = owners.module_of_file(frame.file)
        if owners.of_module(module) == "runner":
            return True
        if not owners.is_of_python(frame.file, module):
            return False
    return False


def _is_steady(choice: Choice) -> bool:
    return choice.rule is not None and choice.rule.verdict == "runner"


def _charges(left: Iterable[tuple[int, int, int]], charged: Mapping[int, Charged]) -> list[Charge]:
    """The sums per scope of (scope, bytes, objects), the largest first. Tests of one id are as many
    as have run; a fixture is one, however often it was set up."""
    found: dict[int | Charged, Charge] = {}
    for number, size, objects in left:
        scope = charged[number]
        key = number if scope.kind == "test" else scope
        charge = found.setdefault(key, Charge(scope.id, scope.kind, 0, 0))
        charge.bytes += size
        charge.objects += objects
    return sorted(found.values(), key=lambda charge: -charge.bytes)


UNOWNED: dict[Interned, Choice] = {
    "": Choice("memory that no Python object owns", "c-reference", "library", "C code", [], []),
    "table": Choice(
        "the interpreter's table of interned strings",
        "c-reference",
        "library",
        "the interpreter",
        [],
        [],
        rule=rules.INTERNED_STRINGS,
    ),
    "string": Choice("strings interned for good", "cache", "library", "the interpreter", [], []),
}
"""Holders of blocks that no object on the heap owns."""


def _unowned(orphans: Sequence[Orphan], known: _Known) -> list[Holder]:
    """C code has their addresses, or the interpreter."""
    found: dict[Interned, list[Orphan]] = {}
    for orphan in sorted(orphans, key=lambda orphan: -orphan.bytes):
        if orphan.scope in known.charged:
            found.setdefault(orphan.interned, []).append(orphan)
    return [_unowned_by(UNOWNED[interned], blocks, known) for interned, blocks in found.items()]


def _unowned_by(choice: Choice, orphans: Sequence[Orphan], known: _Known) -> Holder:
    total = sum(orphan.bytes for orphan in orphans)
    charges = _charges(((o.scope, o.bytes, o.blocks) for o in orphans), known.charged)
    by_scope = Counter[int]()
    for orphan in orphans:
        by_scope[orphan.scope] += orphan.bytes
    left = [
        verdicts.Left(scope, known.charged[scope].kind, size, *known.order.get(scope, NEVER))
        for scope, size in by_scope.items()
    ]
    stacks = [(o.stack, o.bytes, 0) for o in orphans[: allocations.STACKS_READ]]
    return Holder(
        name=choice.name,
        kind=choice.kind,
        verdict=verdicts.judge(choice, left, {}, known.without),
        owner=choice.owner,
        root=choice.root,
        path=[],
        retained_bytes=total,
        survived_bytes=total,
        objects=sum(orphan.blocks for orphan in orphans),
        types=[],
        charged=charges,
        allocations=allocations.listed(stacks, total, known.lines),
        rule=choice.rule.name if choice.rule else "",
    )
