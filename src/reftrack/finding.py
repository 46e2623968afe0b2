"""The holder's place on a path: by what it is, or by the nature of what it keeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from reftrack import naming, rules
from reftrack.heap import Step
from reftrack.model import HolderKind
from reftrack.naming import Bases, Place
from reftrack.rules import Rule
from reftrack.rules.bounded import SUBCLASSES
from reftrack.traits import (
    AUTOSPECCED,
    CONTAINERS,
    NAMED_INSIDE,
    PATCH,
    PYTEST_NODE,
    first,
    is_fixture_value,
    is_mocks,
    is_never_stopped,
    is_result,
    is_test_instance,
    is_users,
    is_users_own,
    last,
    owner_of,
)
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

_OF_LIBRARIES = (naming.MODULE, naming.CLASS, naming.INSTANCE)

CHAINED = ("__context__", "__cause__")
GROUP = "BaseExceptionGroup"
FAILURE = "twisted.python.failure.Failure"
"""An error with its traceback, put into an object: trial's results have such."""
TRACEBACK = ("__traceback__", "tb_frame", "tb_next")

_KINDS: dict[str, HolderKind] = {
    naming.MODULE: "module-global",
    naming.CLASS: "class-attribute",
    naming.INSTANCE: "instance-attribute",
    naming.FRAME: "frame",
    naming.GENERATOR: "generator",
    naming.CLOSURE: "closure",
    naming.CACHE: "cache",
    naming.SLOT: "callback",
    naming.CONTAINER: "instance-attribute",
    naming.CONTEXT: "context",
    naming.DEFAULT: "closure",
    naming.INTERPRETER: "callback",
}


def is_of_traceback(place: Place) -> bool:
    """Also of one that is kept without its exception, or of a frame."""
    if place.kind == naming.SLOT:
        return place.attribute in TRACEBACK or place.attribute == "f_back"
    return place.owner == "traceback" and place.attribute in TRACEBACK


class Found(NamedTuple):
    """The holder's place, by its index, its kind, and the rule that recognised it, if one did."""

    at: int
    kind: HolderKind
    rule: Rule | None = None


def find(path: Sequence[Step], places: Sequence[Place], outside: int, bases: Bases) -> Found:
    """The holder's place, and its kind: by what it is, or by the nature of what it keeps."""
    held = places[: max(outside, 1)]
    found = _exception(places, held, bases)
    for special in (_test_attribute, _fixture):
        found = found or special(places, bases)
    if found is not None:
        return found
    for of_older in (_mock, _cache):
        found = of_older(places, bases)
        # A mock or a cache that a test has made is the affair of who keeps it.
        if found is not None and found.at < len(held):
            return found
    named = last(held, is_users_own)
    if named is not None:
        known = rules.last_match(held, bases)
    else:
        known = _last_known(path, places, held, bases)
    if known is not None and (named is None or known[0] >= named):
        # What it leads to may be an older object of the user's own, into which tests put things;
        # not where who runs the tests has written what the rule is about.
        inner = last_of_users(held, (naming.INSTANCE,))
        if inner is not None and inner > known[0] and not is_users(places[known[0]]):
            return Found(inner, "instance-attribute")
        return Found(known[0], known[1].kind, known[1])
    if named is not None:
        return Found(named, _kind_of_kept(path, places, named))
    for kinds in ((naming.INSTANCE,), NAMED_INSIDE):
        inner = last_of_users(held, kinds)
        if inner is not None:
            return Found(inner, _kind_of_frame(path, places, inner))
    for among in (held, places):  # a runner may make one for each test, and keep it
        result = last(among, lambda p: is_result(p, bases))
        if result is not None:
            return Found(result, "result")
    other = last(held, lambda p: p.kind in _OF_LIBRARIES and p.owner not in CONTAINERS)
    at = other if other is not None else len(held) - 1
    return Found(at, _KINDS[places[at].kind])


def _last_known(
    path: Sequence[Step], places: Sequence[Place], held: Sequence[Place], bases: Bases
) -> tuple[int, Rule] | None:
    """The last place with a rule, of all; not a registry that a test has made and which is itself
    the survivor: a closed loop's empty `_ready` keeps nothing, whoever has the loop does."""
    known = rules.last_match(places, bases)
    if known is None or known[1].kind != "callback" or known[0] < len(held):
        return known
    is_survivor = places[known[0]].step == len(path) - 1
    return rules.last_match(places[: known[0]], bases) if is_survivor else known


def last_of_users(places: Sequence[Place], kinds: Sequence[str]) -> int | None:
    return last(places, lambda place: place.kind in kinds and is_users(place))


def _exception(places: Sequence[Place], held: Sequence[Place], bases: Bases) -> Found | None:
    """What keeps the first traceback on the path, past the wrappers that runners put around it, if
    that is no result. If it is what a test has made, a future that failed, it is who keeps it."""
    at = first(places, is_of_traceback)
    while at is not None and at > 0:
        at -= 1
        place = places[at]
        if is_result(place, bases):
            return None
        grouped = place.attribute == "exceptions" and naming.is_a(place.owner, GROUP, bases)
        chained = grouped or (place.kind == naming.SLOT and place.attribute in CHAINED)
        chained = chained or naming.is_a(place.owner, FAILURE, bases)
        if not chained and owner_of(place) != "runner":
            named = last(held, is_users_own) if at >= len(held) else None
            at = at if named is None else named
            return _kept_error(places, _on_an_item(places, at, bases), bases)
    item = _on_an_item(places, 0, bases) if at is not None else 0
    # It is one, though pytest's own module, or reftrack's, is what leads to the item.
    return _kept_error(places, item, bases) if item else None


def _kept_error(places: Sequence[Place], at: int, bases: Bases) -> Found:
    return Found(at, "exception", rules.rule_for(places[at], bases, rules.IN_FRAMEWORKS))


def _on_an_item(places: Sequence[Place], at: int, bases: Bases) -> int:
    """Whatever leads to pytest's session or its items, a module's loader for one, does not keep the
    error: an attribute of an item does, which a plugin has added."""
    kept = first(places, is_of_traceback)
    node = last(places[at:kept], lambda place: naming.is_a(place.owner, PYTEST_NODE, bases))
    return at if node is None else at + node


def _test_attribute(places: Sequence[Place], bases: Bases) -> Found | None:
    at = last(places, lambda p: is_test_instance(places, p, bases))
    return None if at is None else Found(at, "testcase-attribute")


def _fixture(places: Sequence[Place], bases: Bases) -> Found | None:
    at = last(places, lambda p: is_fixture_value(p, bases))
    return None if at is None else Found(at, "fixture")


def _mock(places: Sequence[Place], bases: Bases) -> Found | None:
    """The place that leads to the first mock."""
    stopped = () if is_never_stopped(places) else (PATCH,)
    if any(SUBCLASSES in place.text for place in places):
        return None  # each mock has a class of its own, which is no patch
    at = first(places, lambda p: is_mocks(p.owner, stopped) or is_mocks(p.value, stopped))
    if at is None:
        return None
    is_function = at > 0 and places[at].attribute in AUTOSPECCED
    return Found(at - 1 if is_function else at, "mock")


def _cache(places: Sequence[Place], bases: Bases) -> Found | None:
    at = last(places, lambda p: p.kind == naming.CACHE)
    if at is None:
        return None
    # Its cache_clear() is as good as the cache: functions are registered to be called.
    by = at - 2 if at > 1 and places[at - 1].attribute == "__self__" else at - 1
    rule = rules.rule_for(places[by], bases, rules.IN_BOUNDED) if by >= 0 else None
    return Found(at, "cache") if rule is None else Found(by, "cache", rule)


def _kind_of_kept(path: Sequence[Step], places: Sequence[Place], at: int) -> HolderKind:
    if places[at].kind == naming.INTERPRETER:
        return _KINDS[naming.INTERPRETER]
    for place in places[at + 1 :]:
        if place.kind in (naming.GENERATOR, naming.CLOSURE):
            return _KINDS[place.kind]
    return _kind_of_frame(path, places, at)


def _kind_of_frame(path: Sequence[Step], places: Sequence[Place], at: int) -> HolderKind:
    kind = _KINDS[places[at].kind]
    return "thread" if kind == "frame" and path[0].edge == "thread" else kind
