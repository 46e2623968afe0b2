"""What is known of frameworks: tables of small pure rules.

A rule says how a place is recognised, by whose attribute it is; what the holder is then called, and
what helps. Where no rule fits, the plain path names the holder (see `choosing`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from reftrack import naming
from reftrack.errors import UsageError
from reftrack.naming import Bases, Place
from reftrack.rules.bounded import BOUNDED
from reftrack.rules.frameworks import END_THREAD, FRAMEWORKS
from reftrack.rules.rule import ANY, Rule
from reftrack.rules.steady import STEADY

__all__ = [
    "ANY",
    "BOUNDED",
    "END_THREAD",
    "FRAMEWORKS",
    "RULES",
    "STEADY",
    "Rule",
    "known_key",
    "last_match",
    "named",
    "root_of",
    "rule_for",
    "words",
]

RULES = (*FRAMEWORKS, *BOUNDED, *STEADY)
OF_KEYS = tuple(rule for rule in STEADY if rule.keys)
"""A runner's part of a place that another rule is about."""

KEYS = tuple({rule.keys for rule in RULES if rule.keys})
WITH_ROOTS = tuple(rule for rule in RULES if rule.root)
RUNNER_INTERNALS = STEADY[-1]
INTERNED_STRINGS = BOUNDED[-1]


def named(names: Collection[str]) -> frozenset[str]:
    """Rules that give a verdict, by their names; "all" stands for every one. Raises UsageError."""
    known = frozenset(rule.name for rule in RULES if rule.verdict)
    if "all" in names:
        return known
    for name in names:
        if name not in known:
            raise UsageError(
                f"there is no rule {name} that keeps something quiet",
                hint="The first two lists of reftrack rules have those.",
            )
    return frozenset(names)


def rule_for(place: Place, bases: Bases, rules: Iterable[Rule] = RULES) -> Rule | None:
    """The first rule that recognises a place."""
    attribute = place.attribute
    key = naming.first_key(place.text).removeprefix("b").strip("'")
    for rule in rules:
        if rule.attributes and attribute not in rule.attributes:
            continue
        if key.startswith(rule.keys) and _fits(rule, place, bases):
            return rule
    return None


def known_key(label: object) -> str:
    """Which `Rule.keys` a key begins with; empty where it does with none."""
    text = label.decode(errors="replace") if type(label) is bytes else label
    if type(text) is not str or not text.startswith(KEYS):
        return ""
    return next(keys for keys in KEYS if text.startswith(keys))


def root_of(place: Place, bases: Bases) -> str:
    """Where a path that leads through this place begins for its reader; empty where it does at its
    own root."""
    rule = rule_for(place, bases, WITH_ROOTS)
    return rule.root if rule is not None else ""


def last_match(
    places: Sequence[Place], bases: Bases, rules: Iterable[Rule] = OF_KEYS + FRAMEWORKS + BOUNDED
) -> tuple[int, Rule] | None:
    """The last of the places that a rule recognises, and the rule."""
    rules = tuple(rules)
    for k in range(len(places) - 1, -1, -1):
        rule = rule_for(places[k], bases, rules)
        if rule is not None:
            return k, rule
    return None


def _fits(rule: Rule, place: Place, bases: Bases) -> bool:
    if not rule.owners:
        return bool(rule.attributes)
    return any(naming.is_a(place.owner, o, bases) for o in rule.owners)


def words(template: str, places: Sequence[Place], at: int) -> str:
    """A rule's title or fix for the place `at`."""
    place = places[at]
    before = places[at - 1] if at > 0 else None
    return template.format(
        text=naming.without_subscripts(place.text),
        attribute=place.attribute,
        called=ANY,
        before=naming.without_subscripts(before.text) if before else place.owner.rsplit(".", 1)[-1],
    )
