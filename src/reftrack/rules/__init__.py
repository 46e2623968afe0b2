"""What is known of frameworks: tables of small pure rules.

A rule says how a place is recognised, by whose attribute it is; what the holder is then called, and
what helps. Where no rule fits, the plain path names the holder (see `choosing`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from reftrack import naming
from reftrack.errors import UsageError
from reftrack.naming import Bases, Place
from reftrack.rules.bounded import BOUNDED
from reftrack.rules.frameworks import END_THREAD, FRAMEWORKS
from reftrack.rules.rule import ANY, Rule
from reftrack.rules.steady import STEADY
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

__all__ = [
    "ANY",
    "END_THREAD",
    "FRAMEWORKS",
    "IN_BOUNDED",
    "IN_FRAMEWORKS",
    "IN_STEADY",
    "RULES",
    "Rule",
    "Table",
    "known_key",
    "last_match",
    "named",
    "root_of",
    "rule_for",
    "table",
    "words",
]

RULES = (*FRAMEWORKS, *BOUNDED, *STEADY)

Table = Mapping[str, tuple[Rule, ...]]
"""By attribute the rules that it may have, in their order; under "" those of any attribute."""


def table(rules: Iterable[Rule]) -> Table:
    """Those that recognise places; one without owners and attributes does not."""
    rules = tuple(rule for rule in rules if rule.owners or rule.attributes)
    attributes = {"", *(name for rule in rules for name in rule.attributes)}
    return {
        name: tuple(rule for rule in rules if not rule.attributes or name in rule.attributes)
        for name in attributes
    }


IN_FRAMEWORKS, IN_BOUNDED, IN_STEADY = table(FRAMEWORKS), table(BOUNDED), table(STEADY)
FOR_HOLDERS = table((*(rule for rule in STEADY if rule.keys), *FRAMEWORKS, *BOUNDED))
"""First a runner's part of a place that another rule is about."""

WITH_ROOTS = table(rule for rule in RULES if rule.root)
KEYS = tuple({rule.keys for rule in RULES if rule.keys})
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


def rule_for(place: Place, bases: Bases, rules: Table) -> Rule | None:
    """The first rule that recognises a place."""
    owner = place.owner
    kinds = bases.get(owner, (owner,))
    for rule in rules.get(place.attribute, rules[""]):
        if rule.owners and not any(name in kinds for name in rule.owners):
            continue
        if not rule.keys or _first_key(place).startswith(rule.keys):
            return rule
    return None


def _first_key(place: Place) -> str:
    return naming.first_key(place.text).removeprefix("b").strip("'")


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
    places: Sequence[Place], bases: Bases, rules: Table = FOR_HOLDERS
) -> tuple[int, Rule] | None:
    """The last of the places that a rule recognises, and the rule."""
    for k in range(len(places) - 1, -1, -1):
        rule = rule_for(places[k], bases, rules)
        if rule is not None:
            return k, rule
    return None


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
