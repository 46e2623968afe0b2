"""What is told of one holder: from who was chosen and the sums of what it keeps to its record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from reftrack import allocations, fixes, owners, rules, verdicts
from reftrack.choosing import Choice
from reftrack.finding import is_of_traceback
from reftrack.grouping import Charged, Held
from reftrack.heap import Filling, Interned, Orphan, Sums
from reftrack.model import Allocation, Charge, Holder, TypeCount
from reftrack.reaching import Nested
from reftrack.tracing import Line
from reftrack.traits import RESULTS_OWN
from reftrack.untouched import BUILTINS
from reftrack.verdicts import Pushed

__builtins__ = BUILTINS


class Known(NamedTuple):
    """What the run says of scopes, and how the lines of a stack are found."""

    charged: Mapping[int, Charged]
    order: Mapping[int, Ran]  # of the tests
    pushed_out: Mapping[int, Pushed]
    without: Collection[str]
    lines: Callable[[int], tuple[Line, ...]]
    nested: Mapping[int, Nested]  # by the holder's number
    in_pytest: bool


class Ran(NamedTuple):
    """When a test ran: as the nth of all, and so many of its module came later."""

    nth: int
    later: int


NEVER = Ran(0, 0)


def order(charged: Mapping[int, Charged]) -> dict[int, Ran]:
    """When each test ran, by its scope's number."""
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


def key(choice: Choice) -> str:
    """By whatever place pytest has a fixture's value, it is the fixture's."""
    name, place, collateral = choice.key
    place = "" if choice.kind == "fixture" else place
    return "|".join((name, place, "collateral" if collateral else ""))


def holder(
    number: int,
    held: Held,
    sums: Sums,
    known: Known,
    filling: Filling | None,
) -> Holder:
    """The record of a holder, by its number; `filling` is that of a functools cache or a deque."""
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
        key=key(held.choices[number]),
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


def unowned(orphans: Sequence[Orphan], known: Known) -> list[Holder]:
    """The holders of blocks without an owner: C code has their addresses, or the interpreter."""
    found: dict[Interned, list[Orphan]] = {}
    for orphan in sorted(orphans, key=lambda orphan: -orphan.bytes):
        if orphan.scope in known.charged:
            found.setdefault(orphan.interned, []).append(orphan)
    return [_unowned_by(UNOWNED[interned], blocks, known) for interned, blocks in found.items()]


def _unowned_by(choice: Choice, orphans: Sequence[Orphan], known: Known) -> Holder:
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
