"""Questions about objects in hand: who holds them, what goes with them, are they gone?"""

from __future__ import annotations

import gc
import weakref
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeGuard, cast

from reftrack import _reftrack, allocations, cuts, heap, owners, sources, tracing
from reftrack.choosing import Choice
from reftrack.errors import UsageError
from reftrack.heap import Edge, Look
from reftrack.model import NOT_LOOKED_FOR, Holder, Owner, TypeCount, Verdict
from reftrack.naming import NAMED_BY
from reftrack.reporters.words import and_more, counted, size

# Frames whose globals have this name are left out of the tracebacks that unittest prints.
__unittest = True

MOST = 100
"""Independent holders that are looked for: each takes a search through the heap."""

SHOWN = 5
"""Holders that the text of a failed assertion has in full."""

TYPES_LISTED = 20

_CONTAINERS = (list, tuple, set, frozenset)
_RANKS: dict[Owner, int] = {"your test": 0, "your code": 0, "library": 1, "runner": 2}


def holders(obj_or_objs: object) -> list[Holder]:
    """Who holds this object, now: every holder that would keep it if all the others let go of it.

    Of a list, tuple, set or frozenset it is the objects in it that are asked about. The most
    important holders come first: your own, and those that hold most of the objects. The argument
    itself and the variables of the function that asks hold nothing, unless there is nobody else.
    `survived_bytes` are the objects' own bytes, `retained_bytes` what goes if this holder alone
    lets go, `together_bytes` if all do. An object that nothing holds gives an empty list.

    No code of the program runs meanwhile. Raises MemoryError where there is no room to look.
    """
    objects, given = _objects(obj_or_objs)
    if not objects:
        raise UsageError(
            f"holders() was given an empty {type(obj_or_objs).__name__}",
            hint="Of a container it asks about the objects in it; of itself: holders([container])",
        )
    return _holders(objects, given, aside=True) or _holders(objects, given, aside=False)


def retained_size(obj: object) -> int:
    """The bytes that go if this object goes: its own, and those of all that it alone keeps.

    What something else refers to as well is not counted: a module, a class, a small number, an
    object that two share, and what one of your variables has. The object itself always is. Sizes
    are the ledger's where one runs and has the object, else what its type says. Raises MemoryError.
    """
    return _reftrack.retained(obj, owners.OWN_FOLDER)


def assert_released(obj_or_type: object) -> None:
    """Raise AssertionError, which names the holders, unless this is let go of.

    Of a class, or several in a list, tuple or set: no instance of it or of a class derived from it
    is alive. Of a `weakref.ref`: what it referred to is gone. Of any other object, or several:
    nothing but the variables of the function that asks holds it. Garbage is collected first.

    Raises UsageError where an empty container is given, MemoryError.
    """
    __tracebackhide__ = True  # pytest shows the line that asks
    asked, given = _objects(obj_or_type)
    if not asked:
        raise UsageError(
            f"assert_released() was given an empty {type(obj_or_type).__name__}",
            hint="Give it an object, a class, a weakref.ref, or several of these.",
        )
    _reftrack.collect()
    types = tuple(one for one in asked if _is_class(one))
    references = [one for one in asked if type(one) is weakref.ref]
    others = tuple(one for one in asked if not _is_class(one) and type(one) is not weakref.ref)
    problems = []
    if types:
        problems += _alive(tuple(_reftrack.instances(types)), "instance")
    for reference in references:
        problems += _alive(_referent(reference), "referent")
    if others:
        found = _holders(others, given, aside=True)
        problems += _text(others, found) if found else []
    if problems:
        raise AssertionError("\n".join(problems))


def _is_class(obj: object) -> TypeGuard[type]:
    """By its type alone: no __class__ is asked for."""
    return issubclass(type(obj), type)


def _referent(reference: weakref.ref[object]) -> tuple[object, ...]:
    referent = reference()
    return () if referent is None else (referent,)


def _objects(given: object) -> tuple[tuple[object, ...], object]:
    """The objects that are asked about, each once, and the container in which they were given."""
    if not any(type(given) is kind for kind in _CONTAINERS):  # a metaclass may have an __eq__
        return (given,), None
    objects = cast("Iterable[object]", given)
    return tuple({id(one): one for one in objects}.values()), given


# ---- the look ----


class _Found(NamedTuple):
    """A holder, the objects that it holds, by the numbers of their groups, and its edges."""

    choice: Choice
    groups: dict[int, None]
    edges: dict[Edge, None]


def _holders(objects: tuple[object, ...], given: object, *, aside: bool) -> list[Holder]:
    _reftrack.pause()
    was_enabled = gc.isenabled()
    gc.disable()  # what the look has seen is to be there still when its edges are cut
    try:
        seen = heap.look_at(tracing.choose("auto"), objects, given, aside=aside, named_by=NAMED_BY)
        try:
            found = _find(seen)
            return _records(seen, list(found.values()))
        finally:
            seen.close()
            allocations.forget()
            sources.forget()
            owners.forget()
    finally:
        if was_enabled:
            gc.enable()
        _reftrack.resume()


def _find(seen: Look) -> dict[object, _Found]:
    """One path after the other to each object: the holder on it is noted and cut, until none is
    left.
    """
    found: dict[object, _Found] = {}
    every: dict[Edge, None] = {}
    groups = range(len(seen.groups))
    ways = {number: seen.groups[number][3] for number in groups}
    known = cuts.Ways(seen)
    for _ in range(MOST):
        before = len(every)
        for number, step in ways.items():
            if seen.step(seen.numbers(step)[0]).edge == "garbage":
                continue  # nobody, but whoever asks
            choice, edge = known.around(number, step)
            if owners.is_own_name(choice.place):
                continue
            holder = found.setdefault(choice.key, _Found(choice, {}, {}))
            holder.groups[number] = None
            if edge is not None:
                holder.edges[edge] = every[edge] = None
        if len(every) == before:
            break
        ways = seen.cut(every, groups).still_held
    return found


def _records(seen: Look, found: Sequence[_Found]) -> list[Holder]:
    every = dict.fromkeys(edge for one in found for edge in one.edges)
    together = seen.cut(every).bytes if len(found) > 1 and every else 0
    count = len(seen.groups)
    stacks = seen.sums(list(range(1, count + 1)), bytes(count), [1] * (count + 1), 1).stacks
    records = [_record(seen, one, found, together, stacks) for one in found]
    return sorted(
        records, key=lambda holder: (_is_of_c(holder), _RANKS[holder.owner], -holder.objects)
    )


def _is_of_c(holder: Holder) -> bool:
    """Of no name: it comes last."""
    return holder.kind in ("c-reference", "unreachable")


def _record(
    seen: Look,
    one: _Found,
    found: Sequence[_Found],
    together: int,
    stacks: Sequence[heap.Counted],
) -> Holder:
    choice = one.choice
    others = [
        other.choice.name
        for other in found
        if other is not one and not one.groups.keys().isdisjoint(other.groups)
    ]
    held = sum(seen.groups[number][1] for number in one.groups)
    counted_stacks = [row for number in one.groups for row in stacks[number + 1] if row[0]]
    lines = allocations.listed(
        counted_stacks,
        held,
        lambda stack: tuple(allocations.from_users_code(seen.lines(stack))),
    )
    return Holder(
        name=choice.name,
        kind=choice.kind,
        verdict=_verdict(choice),
        owner=choice.owner,
        root=choice.root,
        path=choice.path,
        retained_bytes=seen.cut(one.edges).bytes if one.edges else 0,
        survived_bytes=held,
        objects=len(one.groups),
        types=_types(seen, one),
        charged=[],
        allocations=[line for line in lines if line.traceback],
        rule=choice.rule.name if choice.rule is not None else "",
        together=_few(dict.fromkeys(others)),
        together_bytes=together if others else 0,
        key="|".join((choice.name, choice.place)),
    )


def _few(names: Iterable[str]) -> list[str]:
    found = list(names)
    return found if len(found) <= cuts.MOST else [*found[: cuts.MOST], NOT_LOOKED_FOR]


def _verdict(choice: Choice) -> Verdict:
    """Nothing is known of what grows."""
    if choice.kind == "c-reference":
        return "unexplained"
    return "runner" if choice.owner == "runner" else "once"


def _types(seen: Look, one: _Found) -> list[TypeCount]:
    counts = Counter[str]()
    sizes = Counter[str]()
    for number in one.groups:
        _, own, _, step, _, _ = seen.groups[number]
        name = seen.steps[step][3]
        counts[name] += 1
        sizes[name] += own
    rows = [TypeCount(name, counts[name], sizes[name]) for name in counts]
    return sorted(rows, key=lambda row: -row.bytes)[:TYPES_LISTED]


# ---- the text of a failed assertion ----


def _alive(objects: tuple[object, ...], what: str) -> list[str]:
    if not objects:
        return []
    found = _holders(objects, None, aside=False)
    return _text(objects, found, what)


def _text(objects: tuple[object, ...], found: Sequence[Holder], what: str = "") -> list[str]:
    """What is still alive, who holds it, by which path, and where it was allocated."""
    names = Counter(type.__dict__["__qualname__"].__get__(type(one)) for one in objects)
    title = and_more(
        [f"{name} ({names[name]})" if len(names) > 1 else name for name in list(names)[:3]],
        max(0, len(names) - 3),
    )
    if what == "instance":
        words = f"{counted(len(objects), what)} of {title}"
    else:
        words = title if len(objects) == 1 else f"{counted(len(objects), 'object')} of {title}"
    lines = [f"{words} is not released" if len(objects) == 1 else f"{words} are not released"]
    if not found:
        return [*lines, "  held by nothing that has a name: garbage that the collector leaves"]
    for holder in found[:SHOWN]:
        lines += _lines(holder, len(objects))
    if len(found) > SHOWN:
        names_left = [holder.name for holder in found[SHOWN : SHOWN + 3]]
        lines.append(f"  and by {and_more(names_left, len(found) - SHOWN - len(names_left))}")
    return lines


def _lines(holder: Holder, count: int) -> list[str]:
    some = f"  ({holder.objects} of them)" if holder.objects < count else ""
    title = holder.name if holder.root in holder.name else f"{holder.root} -> {holder.name}"
    lines = [f"  held by   {title}{some}"]
    if holder.path and holder.path != [holder.name]:
        lines.append(f"  path      {' -> '.join(holder.path)}")
    if holder.retained_bytes:
        lines.append(f"  frees     {size(holder.retained_bytes)} if it alone lets go")
    for allocation in holder.allocations[:2]:
        frame = allocation.traceback[-1]
        line = f"  allocated {frame.file}:{frame.line} in {frame.function}    {frame.source}"
        lines.append(line.rstrip())
    return lines
