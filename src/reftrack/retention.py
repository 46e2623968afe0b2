"""From what the heap graph saw to holders: one row per owner that keeps survivors alive."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from reftrack import choosing, cuts, fixes, owners, verdicts
from reftrack.choosing import Choice, Survivor
from reftrack.heap import Counted, Edge, Filling, Look, Orphan, Proved, Sums
from reftrack.model import (
    Allocation,
    Charge,
    Frame,
    Holder,
    HolderKind,
    ScopeKind,
    TypeCount,
)
from reftrack.tracing import Line, enclosing_function, source_lines
from reftrack.traits import FUNCARGS

NOT_CUT: dict[HolderKind, str] = {
    "thread": "threads do not run on in a copy of the process",
    "unreachable": "nothing leads to it that could be cut",
    "c-reference": "code in C holds it, whose references cannot be cut",
}
"""Why there is no proof for holders of these kinds."""

WORTH_A_CUT = 4 << 10
SMALL_SHARE = 100
"""A proof takes as long as a collection: only holders with so many bytes, and that part of all that
survived, are cut."""

IMPORTED_FROM = 64 << 10
"""Least bytes of a group that an import left: what it leaves is meant to stay."""

LISTED = 20
"""Types and allocating stacks listed per holder."""

SMALL = 64 << 10
LISTED_OF_SMALL = 3
"""The same for a holder of less than SMALL bytes: a suite has thousands of them."""

STACKS_READ = 200
STACKS_READ_OF_SMALL = 20
"""Stacks whose lines are read per holder, the largest first; many come down to the same lines."""


class Charged(NamedTuple):
    """A scope whose survivors are explained."""

    kind: ScopeKind
    id: str
    is_open: bool = False  # a test that is about to end: what the runner holds for it will go


NOBODY = Choice("", "unreachable", "library", "", [], [])
REFTRACK = NOBODY._replace(name="reftrack")
"""What is made while the ledger is paused is charged to no one; but where CPython hands out an old
object from a free list, its block is still the scope's that had it last."""


Prove = Callable[[Sequence[Sequence[Edge]]], list[Proved]]
"""What went when edges were really cut; see `proof.proved`."""


class Explained(NamedTuple):
    """The holders, biggest first; and the bytes, by scope, of what nobody but reftrack holds, which
    no figure should have."""

    holders: list[Holder]
    own: dict[int, int]


class Held(NamedTuple):
    """Which group has which holder. Holders are numbered from 1; 0 is none."""

    choices: list[Choice]  # of each holder's largest group
    groups: list[int]  # how many each holder has
    bytes: list[int]
    exact: list[tuple[str, str] | None]  # name and fix, where all groups of a holder agree on them
    holder_of: list[int]  # of each group
    owning: bytearray  # of each group: does its holder's edge lie above the anchor?
    chosen: list[tuple[Choice, int]]  # of each group, and the last step of the path that named it


def holders(
    seen: Look,
    charged: Mapping[int, Charged],
    pushed_out: Mapping[int, int] | None = None,
    cut: int = 0,
    *,
    without: Collection[str] = (),
    prove: Prove | None = None,
) -> Explained:
    """The holders of all survivors of the charged scopes; for `pushed_out` and
    `without` see `verdicts.judge`. Of the `cut` largest it is found out what goes when they are
    cut, and who else holds it; `prove` then does cut them."""
    held = _held(seen, charged)
    limits = [STACKS_READ if size >= SMALL else STACKS_READ_OF_SMALL for size in held.bytes]
    sums = seen.sums(held.holder_of, held.owning, limits, LISTED)
    lines = cache(lambda stack: tuple(_from_users_code(seen.lines(stack))))
    tests = [number for number, scope in charged.items() if scope.kind == "test"]
    order = {number: nth for nth, number in enumerate(tests)}
    fillings = _fillings(held, seen)
    found = [
        _holder(
            number,
            held,
            sums,
            lines,
            charged,
            order,
            pushed_out or {},
            without,
            fillings.get(number),
        )
        for number in range(1, len(held.choices))
    ]
    cuttings = {n: _cut(n, found[n - 1], held, seen) for n in _largest(found, cut)}
    if prove is not None:
        results = prove(list(cuttings.values()))
        for number, (size, reason) in zip(cuttings, results, strict=True):
            holder = found[number - 1]
            holder.proved_bytes = size
            holder.not_proved = NOT_CUT.get(holder.kind, reason) if size is None else ""
    found.extend(_unowned(seen.orphans, lines, charged))
    for known in (source_lines, enclosing_function, _frame):
        known.cache_clear()
    owners.forget()
    found = [holder for holder in found if holder.survived_bytes > 0]
    found.sort(key=lambda holder: -holder.survived_bytes)
    return Explained(found, _own_bytes(seen, held))


Shares = dict[str, dict[int, int]]
"""By the keys of holders, the bytes that each keeps of each scope."""


def shares(seen: Look, charged: Mapping[int, Charged]) -> Shares:
    """What the holders of all survivors of the charged scopes keep, and no more about them."""
    held = _held(seen, charged)
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
    return heapq.nlargest(count, worth, key=lambda n: found[n - 1].survived_bytes)


def _cut(number: int, holder: Holder, held: Held, seen: Look) -> list[Edge]:
    """Note what goes when the holder is cut, and with which others it has to be; returns all their
    edges. All goes with a thread that ends, whose frames are many."""
    if holder.kind in NOT_CUT:
        if holder.kind == "thread":
            holder.retained_bytes = max(holder.retained_bytes, holder.survived_bytes)
        return []
    groups = [k for k, of in enumerate(held.holder_of) if of == number]
    chosen = [held.chosen[k] for k in groups]
    edges, entries = cuts.edges(seen, chosen), cuts.entries(seen, chosen)
    if not edges:
        return []
    key = held.choices[number].key
    result = cuts.cut(seen, key, edges, entries, groups, holder.survived_bytes)
    holder.retained_bytes = result.bytes
    names = dict.fromkeys(other.name for other in result.others)
    holder.together = [name for name in names if not _is_same(name, holder.name)]
    if holder.together:
        holder.together_bytes = result.together_bytes
    elif result.others:
        holder.retained_bytes = result.together_bytes  # the holder itself, by other places
    others = [fixes.suggest(other, holder.charged, []) for other in result.others]
    holder.fix = "\n".join(dict.fromkeys(fix for fix in (holder.fix, *others) if fix))
    return result.edges


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


def _held(seen: Look, charged: Mapping[int, Charged]) -> Held:
    held = Held([NOBODY], [0], [0], [None], [], bytearray(), _choices(seen, charged))
    numbers = {NOBODY.key: 0, REFTRACK.key: 0}
    for group, (choice, _) in zip(seen.groups, held.chosen, strict=True):
        size = group[1]
        number = numbers.setdefault(choice.key, len(held.choices))
        if number == len(held.choices):
            held.choices.append(choice)
            held.groups.append(0)
            held.bytes.append(0)
            held.exact.append(choice.exact)
        if held.exact[number] != choice.exact:
            held.exact[number] = None
        held.groups[number] += 1
        held.bytes[number] += size
        held.holder_of.append(number)
        held.owning.append(choice.owns_anchor)
    return held


def _fillings(held: Held, seen: Look) -> dict[int, Filling]:
    """Of the holders that are functools caches: of several by one name all entries, which no bound
    limits."""
    found: dict[int, dict[int, Filling]] = {}
    for number, (choice, last) in zip(held.holder_of, held.chosen, strict=True):
        if choice.kind == "cache":
            above = seen.numbers(last)[choice.step :: -1]
            leads = next((step for step in above if step in seen.caches), None)
            if leads is not None:
                found.setdefault(number, {})[leads] = seen.caches[leads]
    return {
        number: Filling(
            sum(cache.entries for cache in caches.values()),
            next(iter(caches.values())).most if len(caches) == 1 else None,
        )
        for number, caches in found.items()
    }


def _own_bytes(seen: Look, held: Held) -> dict[int, int]:
    found: dict[int, int] = {}
    for (scope, size, *_), (choice, _) in zip(seen.groups, held.chosen, strict=True):
        if choice is REFTRACK:
            found[scope] = found.get(scope, 0) + size
    return found


def _choices(seen: Look, charged: Mapping[int, Charged]) -> list[tuple[Choice, int]]:
    """The holder of each group, NOBODY of what is not told, and the last step of its path.

    What the runner holds of a test that is still open goes with the test, unless somebody else
    holds it as well.
    """
    found = list(_first_choices(seen, charged))
    going = [
        k
        for k, (choice, _) in enumerate(found)
        if charged[seen.groups[k][0]].is_open and choice.owner == "runner" and _goes(choice)
    ]
    edges = cuts.edges(seen, (found[k] for k in going))
    for k in going:
        found[k] = NOBODY, found[k][1]
    if edges:
        for k, step in seen.cut(edges, going).still_held.items():
            choice, _ = cuts.way_around(seen, k, step)
            if choice.owner != "runner":
                found[k] = choice, step
    return found


def _goes(choice: Choice) -> bool:
    """With its test goes what a runner holds of it; not what pytest's configuration has, or a wider
    fixture, nor what the user has set on an item."""
    rule = choice.rule.name if choice.rule is not None else ""
    is_private = choice.attribute.startswith("_") or choice.attribute in (FUNCARGS, "stash")
    is_wider = choice.kind == "fixture" and choice.name.endswith(")")
    return not is_wider and rule != "pytest-plugins" and (rule != "pytest-items" or is_private)


def _first_choices(seen: Look, charged: Mapping[int, Charged]) -> Iterator[tuple[Choice, int]]:
    shapes = choosing.shapes(seen.steps)
    known: dict[tuple[int, Survivor], Choice] = {}
    # By the name that a test knows: "fixture db" for "db (session)".
    fixtures = {
        "fixture " + made.id.rpartition(" (")[0]: made
        for made in charged.values()
        if made.kind == "fixture"
    }
    for scope_number, size, anchor, step, first, made_by in seen.groups:
        scope = charged[scope_number]
        if scope.kind == "import" and size < IMPORTED_FROM:
            yield NOBODY, step
            continue
        survivor = cuts.survivor(seen, scope_number, step, anchor, first, made_by)
        shape = shapes[step], survivor
        if shape not in known:
            known[shape] = choosing.choose(seen.path(step), survivor, seen.bases)
        if owners.is_own_name(known[shape].place):
            yield REFTRACK, step
            continue
        choice = _named_by_scope(known[shape], scope, charged.get(made_by), fixtures)
        yield choice, step


def _named_by_scope(
    choice: Choice, scope: Charged, maker: Charged | None, fixtures: Mapping[str, Charged]
) -> Choice:
    """A fixture is called as its scope is, "db (session)", wherever pytest has its value, and also
    where a test has put something into it."""
    if choice.kind != "fixture" and choice.owner != "runner":
        return choice
    for made in (scope, maker, fixtures.get(choice.name)):
        if made is not None and made.kind == "fixture":
            return choice._replace(name=f"fixture {made.id}", kind="fixture", place="", rule=None)
    return choice


def _holder(
    number: int,
    held: Held,
    sums: Sums,
    lines: Callable[[int], tuple[Line, ...]],
    charged: Mapping[int, Charged],
    order: Mapping[int, int],
    pushed_out: Mapping[int, int],
    without: Collection[str],
    filling: Filling | None,
) -> Holder:
    largest = held.choices[number]
    if (exact := held.exact[number]) is not None and exact[0]:
        largest = largest._replace(name=exact[0], fix=exact[1])
    size = held.bytes[number]
    counted = sums.charges[number]
    charges = _charges(counted, charged)
    allocations = _allocations(sums.stacks[number], size, lines)
    if largest.owner == "runner" or largest.kind == "fixture" or _is_steady(largest):
        largest = _owned_by_lines(largest, allocations)
    left = [
        verdicts.Left(scope, charged[scope].kind, size, order.get(scope, 0))
        for scope, size, _ in counted
    ]
    return Holder(
        name=largest.name,
        kind=largest.kind,
        verdict=verdicts.judge(largest, left, pushed_out, without, filling, len(order)),
        owner=largest.owner,
        root=largest.root,
        path=largest.pattern if held.groups[number] > 1 else largest.path,
        retained_bytes=sums.retained[number],
        survived_bytes=size,
        objects=sum(charge.objects for charge in charges),
        types=[TypeCount(name, objects, size) for name, size, objects in sums.types[number]],
        charged=charges,
        allocations=allocations,
        bounded=verdicts.at_bound(left, pushed_out, filling),
        rule=largest.rule.name if largest.rule else "",
        key=_key(held.choices[number]),
        fix=fixes.suggest(largest, charges, allocations),
        entries=filling.entries if filling else None,
        most_entries=filling.most if filling else None,
    )


def _owned_by_lines(choice: Choice, allocations: Sequence[Allocation]) -> Choice:
    """What the user's own lines have allocated is no bookkeeping, though the runner keeps it."""
    total = own = 0
    file = ""
    for allocation in allocations:
        total += allocation.bytes
        first = allocation.traceback[0].file if allocation.traceback else "<"
        if not owners.is_library_file(first):
            own += allocation.bytes
            file = file or first
    if 2 * own <= total:
        return choice
    rule = None if _is_steady(choice) else choice.rule
    return choice._replace(owner=owners.of_file(file), rule=rule)


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


def _allocations(
    stacks: Counted, total: int, lines: Callable[[int], tuple[Line, ...]]
) -> list[Allocation]:
    """Stacks that come down to the same lines of the user's code, as one."""
    by_lines: dict[tuple[Line, ...], Allocation] = {}
    for stack, size, objects in stacks:
        allocation = by_lines.setdefault(lines(stack), Allocation(0, 0, []))
        allocation.bytes += size
        allocation.objects += objects
    listed = LISTED if total >= SMALL else LISTED_OF_SMALL
    largest = heapq.nlargest(listed, by_lines.items(), lambda item: item[1].bytes)
    for shown, allocation in largest:
        allocation.traceback = [_frame(line) for line in shown]
    return [allocation for _, allocation in largest]


def _from_users_code(lines: Sequence[Line]) -> Sequence[Line]:
    """Without the runner's and launcher's frames outside the user's own."""
    own = [k for k, (file, _, _) in enumerate(lines) if owners.is_own_file(file)]
    lines = lines[own[-1] + 1 :] if own else lines
    for k, (file, _, _) in enumerate(lines):
        if not owners.is_library_file(file):
            return lines[k:]
    return lines


@cache
def _frame(line: Line) -> Frame:
    file, function, number = line
    name = function.rsplit(".", 1)[-1] or enclosing_function(file, number)
    return Frame(file, number, name, source_line(file, number))


def source_line(file: str, number: int) -> str:
    lines = source_lines(file)
    return lines[number - 1].strip() if 0 < number <= len(lines) else ""


def _unowned(
    orphans: Sequence[Orphan],
    lines: Callable[[int], tuple[Line, ...]],
    charged: Mapping[int, Charged],
) -> list[Holder]:
    """Blocks that no object on the heap owns: C code has their address."""
    known = sorted((o for o in orphans if o.scope in charged), key=lambda o: -o.bytes)
    if not known:
        return []
    total = sum(orphan.bytes for orphan in known)
    return [
        Holder(
            name="memory that no Python object owns",
            kind="c-reference",
            verdict="unexplained",
            owner="library",
            root="C code",
            path=[],
            retained_bytes=total,
            survived_bytes=total,
            objects=sum(orphan.blocks for orphan in known),
            types=[],
            charged=_charges(((o.scope, o.bytes, o.blocks) for o in known), charged),
            allocations=_allocations(
                [(o.stack, o.bytes, 0) for o in known[:STACKS_READ]], total, lines
            ),
        )
    ]
