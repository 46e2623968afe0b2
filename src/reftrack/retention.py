"""From what the heap graph saw to holders: one row per owner that keeps survivors alive."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import NamedTuple

from reftrack import choosing, owners
from reftrack.choosing import Choice
from reftrack.heap import Group, Look, Orphan, Row
from reftrack.model import Allocation, Charge, Frame, Holder, Owner, ScopeKind, TypeCount, Verdict
from reftrack.tracing import Line, enclosing_function, source_lines

GROWING_TESTS = 3
GROWING_BYTES_PER_TEST: dict[Owner, int] = {"library": 16 << 10}
GROWING_BYTES_PER_TEST_OF_USER = 1 << 10
"""Less than this per test is no leak worth a word; libraries fill many small caches bit by bit."""

IMPORTED_FROM = 64 << 10
"""Least bytes of what an import left with one holder."""

LISTED = 20
"""Types and allocating stacks listed per holder."""

SMALL = 64 << 10
LISTED_OF_SMALL = 3
"""The same for a holder of less than SMALL bytes: a suite has thousands of them."""

STACKS_READ = 200
"""Stacks whose lines are read per holder, the largest first; many come down to the same lines."""

UNSURE_STACK = -1

FREE_LISTS = {"float": 100, "list": 80, "dict": 80, "tuple": 2000, "slice": 1}
"""Objects that a free list holds at most (3.11 to 3.13): so many may show the line of an earlier
life."""


Key = tuple[str, str, bool]
"""What makes groups one holder: its name, its kind, and whether they are collateral."""


Shape = tuple[object, ...]


class Charged(NamedTuple):
    """A scope whose survivors are explained."""

    kind: ScopeKind
    id: str
    is_open: bool = False  # a test that is about to end: what the runner holds for it will go


def holders(seen: Look, charged: Mapping[int, Charged]) -> list[Holder]:
    """The holders of all survivors of the charged scopes, biggest first."""
    chosen: dict[Key, list[tuple[Group, Choice]]] = defaultdict(list)
    held_under: dict[int, Key] = {}
    owning: set[int] = set()
    choices: dict[Shape, Choice] = {}
    for group in (group for group in seen.groups if _is_told(group, charged)):
        scope = charged[group.scope]
        shape = _shape(group)
        if shape not in choices:
            choices[shape] = choosing.choose(group.path, group.anchor, seen.bases)
        choice = _named_by_scope(choices[shape], scope)
        if scope.is_open and choice.owner == "runner":
            continue
        key = (choice.name, choice.kind, choice.collateral)
        chosen[key].append((group, choice))
        held_under[group.id] = key
        if choice.owns_anchor:
            owning.add(group.id)
    found = [
        _holder(key, parts, held_under, owning, seen, charged) for key, parts in chosen.items()
    ]
    found.extend(_unowned(seen.orphans, seen, charged))
    source_lines.cache_clear()
    enclosing_function.cache_clear()
    owners.forget()
    return sorted(found, key=lambda holder: -holder.survived_bytes)


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


def _shape(group: Group) -> Shape:
    """What the choice of a holder goes by: thousands of groups differ in an index alone."""
    return group.anchor, *(
        (step.edge, step.label if type(step.label) is str else None, step.type, step.name)
        for step in group.path
    )


def _named_by_scope(choice: Choice, scope: Charged) -> Choice:
    """A fixture is called as its scope is, "db (session)", wherever pytest has its value."""
    if scope.kind == "fixture" and (choice.kind == "fixture" or choice.owner == "runner"):
        return choice._replace(name=f"fixture {scope.id}", kind="fixture")
    return choice


def _is_told(group: Group, charged: Mapping[int, Charged]) -> bool:
    """What an import leaves is meant to stay: told only where it is much."""
    return charged[group.scope].kind != "import" or group.bytes >= IMPORTED_FROM


def _holder(
    key: Key,
    parts: Sequence[tuple[Group, Choice]],
    held_under: Mapping[int, Key],
    owning: Set[int],
    seen: Look,
    charged: Mapping[int, Charged],
) -> Holder:
    groups = [group for group, _ in parts]
    largest = max(parts, key=lambda part: part[0].bytes)[1]
    charges = _charges((charged[group.scope], group.bytes, group.objects) for group in groups)
    rows = [row for group in groups for row in group.rows]
    allocations = _allocations(rows, seen)
    owner = _owner_of_lines(allocations) if largest.kind == "fixture" else largest.owner
    return Holder(
        name=largest.name,
        kind=largest.kind,
        verdict=_verdict(largest, owner, charges),
        owner=owner,
        root=largest.root,
        path=largest.pattern if len(parts) > 1 else largest.path,
        retained_bytes=sum(_retained(group, key, held_under, owning) for group in groups),
        survived_bytes=sum(group.bytes for group in groups),
        objects=sum(group.objects for group in groups),
        types=_types(rows),
        charged=charges,
        allocations=allocations,
        fix=largest.fix,
    )


def _owner_of_lines(allocations: Sequence[Allocation]) -> Owner:
    """Whose line allocated most: a fixture's value is the user's, though under pytest's cache."""
    traceback = allocations[0].traceback if allocations else []
    return owners.of_file(traceback[0].file) if traceback else "library"


def _verdict(choice: Choice, owner: Owner, charges: Sequence[Charge]) -> Verdict:
    if choice.collateral:
        return "collateral"
    if owner == "runner":
        return "runner"
    tests = [charge for charge in charges if charge.scope == "test"]
    # Each test has an instance of its own: two kept ones are enough to say that they add up.
    enough = 2 if choice.kind == "testcase-attribute" else GROWING_TESTS
    least = GROWING_BYTES_PER_TEST.get(owner, GROWING_BYTES_PER_TEST_OF_USER)
    if len(tests) >= enough and sorted(charge.bytes for charge in tests)[len(tests) // 2] >= least:
        return "growing"
    return "once"


def _retained(group: Group, key: Key, held_under: Mapping[int, Key], owning: Set[int]) -> int:
    """Without what another group of the same holder retains already."""
    total = group.retained_bytes
    for part in group.outer:
        counted = not part.outer_together or part.outer in owning
        twice = part.outer != 0 and counted and held_under.get(part.outer) == key
        if part.together:
            total += part.bytes if group.id in owning and not twice else 0
        elif twice:
            total -= part.bytes
    return max(total, 0)


def _charges(left: Iterable[tuple[Charged, int, int]]) -> list[Charge]:
    """The sums per scope of (scope, bytes, objects), the largest first."""
    found: dict[Charged, Charge] = {}
    for scope, size, objects in left:
        charge = found.setdefault(scope, Charge(scope.id, scope.kind, 0, 0))
        charge.bytes += size
        charge.objects += objects
    return sorted(found.values(), key=lambda charge: -charge.bytes)


def _types(rows: Iterable[Row]) -> list[TypeCount]:
    found: dict[str, TypeCount] = {}
    for row in rows:
        count = found.setdefault(row.type, TypeCount(row.type, 0, 0))
        count.objects += row.objects
        count.bytes += row.bytes
    return sorted(found.values(), key=lambda count: -count.bytes)[:LISTED]


def _allocations(rows: Sequence[Row], seen: Look) -> list[Allocation]:
    by_type: dict[tuple[int, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in rows:
        sums = by_type[row.stack, row.type]
        for k, number in enumerate((row.bytes, row.objects, row.unsure)):
            sums[k] += number
    by_stack: dict[int, Allocation] = {}
    for (stack, type_name), (size, objects, unsure) in by_type.items():
        known = UNSURE_STACK if _line_is_unsure(type_name, objects, unsure) else stack
        allocation = by_stack.setdefault(known, Allocation(0, 0, []))
        allocation.bytes += size
        allocation.objects += objects
    by_lines: dict[tuple[Line, ...], Allocation] = {}
    for stack, part in heapq.nlargest(STACKS_READ, by_stack.items(), lambda item: item[1].bytes):
        lines = tuple(_from_users_code(seen.lines(stack))) if stack != UNSURE_STACK else ()
        allocation = by_lines.setdefault(lines, Allocation(0, 0, []))
        allocation.bytes += part.bytes
        allocation.objects += part.objects
    listed = LISTED if sum(row.bytes for row in rows) >= SMALL else LISTED_OF_SMALL
    largest = heapq.nlargest(listed, by_lines.items(), lambda item: item[1].bytes)
    for lines, allocation in largest:
        allocation.traceback = [_frame(line) for line in lines]
    return [allocation for _, allocation in largest]


def _line_is_unsure(type_name: str, objects: int, unsure: int) -> bool:
    """May all these objects have come from a free list, with the line of what was there before?"""
    return 0 < objects == unsure <= FREE_LISTS.get(type_name, 0)


def _from_users_code(lines: Sequence[Line]) -> Sequence[Line]:
    """Without the runner's and launcher's frames outside the user's own."""
    own = [k for k, (file, _, _) in enumerate(lines) if owners.is_own_file(file)]
    lines = lines[own[-1] + 1 :] if own else lines
    for k, (file, _, _) in enumerate(lines):
        if not owners.is_library_file(file):
            return lines[k:]
    return lines


def _frame(line: Line) -> Frame:
    file, function, number = line
    name = function.rsplit(".", 1)[-1] or enclosing_function(file, number)
    return Frame(file, number, name, source_line(file, number))


def source_line(file: str, number: int) -> str:
    lines = source_lines(file)
    return lines[number - 1].strip() if 0 < number <= len(lines) else ""


def _unowned(orphans: Sequence[Orphan], seen: Look, charged: Mapping[int, Charged]) -> list[Holder]:
    """Blocks that no object on the heap owns: C code has their address."""
    known = [orphan for orphan in orphans if orphan.scope in charged]
    if not known:
        return []
    rows = [Row("memory of C code", o.stack, 0, o.bytes, 0) for o in known]
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
            charged=_charges((charged[o.scope], o.bytes, o.blocks) for o in known),
            allocations=_allocations(rows, seen),
        )
    ]
