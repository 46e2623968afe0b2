"""How code reaches what is on a path: a test's keeper, a closure's cell, inner containers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from reftrack import naming, rules, titles
from reftrack.heap import Step
from reftrack.naming import Bases, Place
from reftrack.traits import is_users_own, last
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

IMMUTABLE = ("tuple", "frozenset")

REGISTRIES = rules.table(r for r in rules.FRAMEWORKS if r.kind in ("callback", "thread"))


class Nested(NamedTuple):
    """A container inside the one that has a name; without `keys` survivors lie in several."""

    keys: str = ""
    value: str = ""
    had_entries: bool = False


def keeper(places: Sequence[Place], at: int, bases: Bases) -> Place | None:
    """The user's own place that leads to a test, with its name in full: `app.BUS.handlers`."""
    of = last(places[:at], is_users_own)
    if of is None:
        return None
    end = titles.last_joined(places[:at], of, "module-global", -1, bases)
    name = titles.plain(places, of, end)
    return places[end]._replace(kind=places[of].kind, text=name, pattern=name)


def unregistered(places: Sequence[Place], bases: Bases, after: int = -1) -> str:
    """What takes something out of a framework's registry that keeps it, one of these places behind
    the place `after`; empty where none does."""
    known = rules.last_match(places, bases, REGISTRIES)
    is_there = known is not None and known[0] > after
    return rules.words(known[1].fix, places, known[0]) if known and is_there else ""


def cell(path: Sequence[Step], places: Sequence[Place], at: int) -> str:
    """A closure's variable, by a function that has a name: `app.fetch.__closure__[0]`."""
    if at == 0 or places[at].kind != naming.CLOSURE:
        return ""
    to, before = places[at].step, places[at - 1]
    is_named = before.kind in (naming.MODULE, naming.CLASS) and "[" not in before.text
    if not is_named or to - before.step != 3 or path[to - 1].type != "cell":
        return ""
    return f"{before.text}.__closure__[{path[to - 1].label}]"


def inner(path: Sequence[Step], leads_to: int, first: int, anchor: int) -> tuple[int, int]:
    """Which steps lead, by keys alone, to containers from before the tests inside another one; none
    where the survivors lie in that itself. `first` and `anchor` are the survivor's."""
    if first < 0 and anchor == len(path) - 1:
        first = len(path)  # the container itself grew
    while first > leads_to + 1 and path[first - 1].type in IMMUTABLE:
        first -= 1  # into which nothing was put: it is of a free list, and no older
    steps = path[leads_to + 1 : first] if leads_to >= 0 else []
    is_nested = steps and all(step.edge in ("key", "index") for step in steps)
    return (leads_to + 1, first) if is_nested else (0, 0)


def inner_object(places: Sequence[Place], end: int, first: int) -> Place | None:
    """The attribute of an object in the container that the place `end` leads to, if that object was
    there before the tests: `Client.log` of `app.CLIENTS[0]`, or of `app.POOLS["a"][0]`."""
    if "[" not in places[end].text or end + 1 == len(places):
        return None
    inner = places[end + 1]
    is_older = first < 0 or inner.step <= first
    return inner if is_older and inner.kind == naming.INSTANCE else None
