"""Which holder each group of survivors has: the choice along its path, with what the run says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from reftrack import cuts, owners
from reftrack.choosing import Choice
from reftrack.heap import Filling, Look
from reftrack.model import ScopeKind
from reftrack.traits import FUNCARGS
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

IMPORTED_FROM = 64 << 10
"""Least bytes of a group that an import left: what it leaves is meant to stay."""


KEPT_ELSEWHERE = 4 << 10
"""Least bytes of a group of which it is asked who else has it."""

RECORDED_WARNINGS = "warnings._showwarnmsg_impl"
"""What `catch_warnings(record=True)` replaces: pytest has one around each test."""

NAMES = ("module-global", "class-attribute", "instance-attribute")
"""Kinds of holders that are a name for what they keep, and no more than that."""


class Charged(NamedTuple):
    """A scope whose survivors are explained."""

    kind: ScopeKind
    id: str
    is_open: bool = False  # a test that is about to end: what the runner holds for it will go


NOBODY = Choice("", "unreachable", "library", "", [], [])
REFTRACK = NOBODY._replace(name="reftrack")
"""What is made while the ledger is paused is charged to no one; but where CPython hands out an old
object from a free list, its block is still the scope's that had it last."""


class Held(NamedTuple):
    """Which group has which holder. Holders are numbered from 1; 0 is none."""

    choices: list[Choice]  # of each holder's largest group
    groups: list[int]  # how many each holder has
    bytes: list[int]
    exact: list[tuple[str, str] | None]  # name and fix, where all groups of a holder agree on them
    holder_of: list[int]  # of each group
    owning: bytearray  # of each group: does its holder's edge lie above the anchor?
    chosen: list[tuple[Choice, int]]  # of each group, and the last step of the path that named it


def held(seen: Look, charged: Mapping[int, Charged]) -> Held:
    """The holder of each group of the look, and sums by holder."""
    held = Held([NOBODY], [0], [0], [None], [], bytearray(), _choices(seen, charged))
    numbers = {NOBODY.key: 0, REFTRACK.key: 0}
    keyed = [0]
    for group, (choice, last) in zip(seen.groups, held.chosen, strict=True):
        size = group[1]
        number = numbers.setdefault(choice.key, len(held.choices))
        if number == len(held.choices):
            held.choices.append(cuts.with_entries(seen, choice, seen.numbers(last)))
            held.groups.append(0)
            held.bytes.append(0)
            held.exact.append(choice.exact)
            keyed.append(0)
        # pytest has handlers of its own on loggers: they take no name from the user's.
        of_runner = choice.owner == "runner" != held.choices[number].owner
        if held.exact[number] != choice.exact and not of_runner:
            held.exact[number] = None
        held.groups[number] += 1
        held.bytes[number] += size
        keyed[number] += size if choice.keyed else 0
        held.holder_of.append(number)
        held.owning.append(choice.owns_anchor)
    for number, choice in enumerate(held.choices):
        # The test that made an object has put that into a dict; what others add to it has no key.
        are_keyed = 2 * keyed[number] > held.bytes[number]
        if are_keyed != choice.keyed:
            held.choices[number] = choice._replace(keyed=are_keyed)
    return held


def fillings(held: Held, seen: Look) -> dict[int, Filling]:
    """Of the holders that are functools caches or bounded deques: of several by one name all
    entries, which no bound limits."""
    found: dict[int, dict[int, Filling]] = {}
    for number, (choice, last) in zip(held.holder_of, held.chosen, strict=True):
        if choice.kind == "cache" or choice.of_deque:
            above = seen.numbers(last)[max(choice.step, choice.leads_to) :: -1]
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


def own_bytes(seen: Look, held: Held) -> dict[int, int]:
    found: dict[int, int] = {}
    for (scope, size, *_), (choice, _) in zip(seen.groups, held.chosen, strict=True):
        if choice is REFTRACK:
            found[scope] = found.get(scope, 0) + size
    return found


def _choices(seen: Look, charged: Mapping[int, Charged]) -> list[tuple[Choice, int]]:
    """The holder of each group, NOBODY of what is not told, and the last step of its path."""
    ways = cuts.Ways(seen)
    found = list(_first_choices(seen, charged, ways))
    _leave_out_open(seen, charged, found, ways)
    _prefer_keepers(seen, found, ways)
    return found


def _prefer_keepers(seen: Look, found: list[tuple[Choice, int]], ways: cuts.Ways) -> None:
    """Paths are the shortest. Where a name has but the latest of what is also in a container of the
    user's own, where a test's attribute leads to what was there before, or where a library has in a
    registry what has a name of the user's, that other one is the holder."""
    doubtful = [
        k
        for k, (choice, _) in enumerate(found)
        if seen.groups[k][1] >= KEPT_ELSEWHERE and _is_doubtful(choice)
    ]
    edges = dict.fromkeys(cuts.edges(seen, (_by_name(*found[k]) for k in doubtful)))
    for _ in range(cuts.MOST if edges else 0):
        more = []
        for k, step in seen.cut(edges, doubtful).still_held.items():
            choice, edge = ways.around(k, step)
            if choice.key == found[k][0].key and choice.part is None and edge is not None:
                more.append(edge)  # another test has it by the same attribute
            elif _is_keeper(choice, found[k][0]):
                found[k] = choice, step
        if edges.keys() >= set(more):
            break
        edges |= dict.fromkeys(more)


def _by_name(choice: Choice, last: int) -> tuple[Choice, int]:
    """A library's registry stays as it is; what leads to it is cut."""
    if choice.owner != "library":
        return choice, last
    return choice._replace(step=choice.leads_to, part=None), last


def _is_doubtful(choice: Choice) -> bool:
    if choice.kind == "testcase-attribute" or (choice.kind == "fixture" and choice.is_older):
        return True
    if choice.kind not in NAMES:
        return False
    if choice.owner == "library":
        return choice.rule is None
    return choice.put_by_test and choice.part is None and choice.owner != "runner"


def _is_keeper(choice: Choice, instead_of: Choice) -> bool:
    if choice.owner not in ("your test", "your code") or choice.kind not in (*NAMES, "cache"):
        return False
    only_name = instead_of.is_older or instead_of.owner == "library"
    return choice.part is not None or only_name


def _leave_out_open(
    seen: Look,
    charged: Mapping[int, Charged],
    found: list[tuple[Choice, int]],
    ways: cuts.Ways,
) -> None:
    """What the runner holds of a test that is still open goes with the test, unless somebody else
    holds it as well."""
    going = [
        k
        for k, (choice, _) in enumerate(found)
        if charged[seen.groups[k][0]].is_open and _goes(choice)
    ]
    edges = cuts.edges(seen, (found[k] for k in going))
    for k in going:
        found[k] = NOBODY, found[k][1]
    if edges:
        for k, step in seen.cut(edges, going).still_held.items():
            choice, _ = ways.around(k, step)
            if choice.owner != "runner":
                found[k] = choice, step


def _goes(choice: Choice) -> bool:
    """With its test goes what a runner holds of it; not what pytest's configuration has, or a wider
    fixture, nor what the user has set on an item, nor what the test has printed."""
    if choice.place == RECORDED_WARNINGS:
        return True
    if choice.owner != "runner" or choice.attribute == "_report_sections":
        return False
    rule = choice.rule.name if choice.rule is not None else ""
    is_private = choice.attribute.startswith("_") or choice.attribute in (FUNCARGS, "stash")
    is_wider = choice.kind == "fixture" and choice.name.endswith(")")
    return not is_wider and rule != "pytest-plugins" and (rule != "pytest-items" or is_private)


def _first_choices(
    seen: Look, charged: Mapping[int, Charged], ways: cuts.Ways
) -> Iterator[tuple[Choice, int]]:
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
        known = ways.choice(step, survivor)
        if owners.is_own_name(known.place):
            yield REFTRACK, step
            continue
        of_test = survivor.own and survivor.first - known.leads_to in (0, 1)
        wider = {} if of_test else fixtures  # a class's one is a function's own outside of classes
        yield _named_by_scope(known, scope, charged.get(made_by), wider), step


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
