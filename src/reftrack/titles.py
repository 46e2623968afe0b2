"""What a holder is called: as its author would write it."""

from __future__ import annotations

from collections.abc import Sequence

from reftrack import naming, rules
from reftrack.model import HolderKind
from reftrack.naming import Bases, Place
from reftrack.rules import Rule
from reftrack.traits import (
    AUTOSPECCED,
    DESCRIPTORS,
    FUNCARGS,
    MOCK,
    MOCK_AWAITS,
    MOCK_RECORDS,
    PATCH,
    is_never_stopped,
    is_public_container,
    is_users,
    last,
    patched,
)
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

JOINED_ATTRIBUTES = 2

NAMELESS_PATCH = "mock.patch, never stopped"
"""Where nothing tells what it has replaced."""


def title(places: Sequence[Place], at: int, end: int, kind: HolderKind, rule: Rule | None) -> str:
    """The name of the holder at the place `at`, whose own name goes on to the place `end`."""
    if rule is not None:
        return by_rule(places, at, rule)
    if kind == "result":
        return f"result.{places[at].attribute}"
    if places[at].attribute == "__dict__":
        return f"attributes of {naming.without_subscripts(places[at].text).rpartition('.')[0]}"
    if kind == "fixture" and places[at].called:
        name, _, scope = places[at].called.partition(" ")
        return f"fixture {name} ({scope})" if scope else f"fixture {name}"
    if kind == "fixture" and places[at].attribute == FUNCARGS:
        return "fixture " + naming.first_key(places[at].text).strip("'")
    by_module = kind in ("cache", "exception", "mock")
    name = reached(places, at, end) if by_module else plain(places, at, end)
    if kind == "cache":
        return f"{name} (cache)"
    return of_mock(name, places, at) if kind == "mock" else name


def by_rule(places: Sequence[Place], at: int, rule: Rule) -> str:
    """As the rule says; after the user's own name for it, where there is one before it."""
    if places[at].kind == naming.CLASS and is_users(places[at]):
        return naming.without_subscripts(places[at].text)
    if at > 0 and is_users(places[at - 1]) and places[at - 1].kind in USERS_NAMES:
        return f"{naming.without_subscripts(places[at - 1].text)}.{places[at].attribute}"
    title = rules.words(rule.title, places, at)
    users = last(places[:at], lambda place: place.kind in USERS_NAMES and is_users(place))
    if rule.verdict == "once":
        return title  # a cache of the same sort, wherever there is one
    return title if users is None else f"{plain(places, users, users)} -> {title}"


def exact(places: Sequence[Place], at: int, rule: Rule | None) -> tuple[str, str]:
    if rule is None or not places[at].called:
        return "", ""
    called = repr(places[at].called)
    name = by_rule(places, at, rule).replace(rules.ANY, called)
    return name, rules.words(rule.fix, places, at).replace(rules.ANY, called)


USERS_NAMES = (naming.MODULE, naming.CLASS)


def reached(places: Sequence[Place], at: int, end: int) -> str:
    """With the whole way from a module, where attributes alone lead there."""
    return from_module(places, at) or plain(places, at, end)


def plain(places: Sequence[Place], at: int, end: int) -> str:
    name = naming.without_subscripts(places[at].text)
    named = [place for place in places[at + 1 : end + 1] if place.owner not in DESCRIPTORS]
    return ".".join([name, *(place.attribute for place in named)])


def from_module(places: Sequence[Place], at: int) -> str:
    """As attributes alone lead there from a global of the user's own, "app.CLIENT.last_error";
    empty where it is reached in another way."""
    end = at
    if places[at].kind == naming.CACHE and at > 0:
        end = at - 1 if places[at - 1].attribute == places[at].attribute else at
    start = end
    while start > 0 and places[start].kind == naming.INSTANCE and "[" not in places[start - 1].text:
        start -= 1
    is_global = places[start].kind == naming.MODULE and is_users(places[start])
    return plain(places, start, end) if is_global and start < end else ""


def last_joined(held: Sequence[Place], at: int, kind: HolderKind, first: int, bases: Bases) -> int:
    """A module global's or class attribute's name goes on with the attributes of what it leads to,
    as long as they are the user's own, made for users, or were set by the test, whose first object
    is the `first` step: "myapp.REGISTRY.items"."""
    end = at
    if at < len(held) and held[at].kind in USERS_NAMES and kind not in ("mock", "exception"):
        joined = 0
        for k, place in enumerate(held[at + 1 :], at + 1):
            if "[" in held[k - 1].text or joined == JOINED_ATTRIBUTES:
                break
            if place.owner in DESCRIPTORS:
                continue  # what it gives is the attribute's, for all that its author knows
            is_own = is_users(place) or place.owner == naming.LOCAL_TYPE
            is_set = place.step == first and not place.attribute.startswith("_")
            is_own = is_own or is_set or is_public_container(place, bases)
            if place.kind != naming.INSTANCE or not is_own:
                break
            end, joined = k, joined + 1
    return end


def of_mock(name: str, places: Sequence[Place], at: int) -> str:
    """As its user would write it: `CLIENT.send.call_args_list`, not the private attributes."""
    if is_never_stopped(places):
        name = patched(places) or NAMELESS_PATCH
    for place in places[at:]:
        if place.attribute in AUTOSPECCED and not place.owner.startswith(MOCK):
            return f"{name}.call_args_list"
        if not place.owner.startswith(MOCK) or place.owner.startswith(PATCH):
            continue
        if place.attribute in MOCK_RECORDS:
            return f"{name}{'.' + place.call if place.call else ''}.call_args_list"
        if place.attribute in MOCK_AWAITS:
            return f"{name}.await_args_list"
        if place.attribute == "_mock_children":
            child = naming.last_key(place.text).strip("'")
            name += f".{child}" if child else ""  # else the table of children itself grew
        elif not place.attribute.startswith("_") and place is not places[at]:
            name += f".{place.attribute}"
        elif place.attribute.endswith("return_value"):
            name += ".return_value"
        elif place.attribute in ("_mock_side_effect", "_mock_wraps"):
            return name + place.attribute.removeprefix("_mock").replace("_", ".", 1)
    return name
