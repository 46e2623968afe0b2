"""The edge at which a holder lets go: what is to be cut, to see what goes."""

from __future__ import annotations

from collections.abc import Sequence

from reftrack import naming
from reftrack.finding import Found
from reftrack.heap import Part, Step
from reftrack.naming import Bases, Place
from reftrack.remedies import IMMUTABLE
from reftrack.traits import can_be_emptied
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

NOWHERE = -1
"""In place of the index of a step: there is no such edge."""


def to_cut(
    path: Sequence[Step],
    places: Sequence[Place],
    found: Found,
    end: int,
    first: int,
    anchor: int,
    bases: Bases,
) -> tuple[int, Part | None]:
    """The edge to be cut, by the index of what it leads to, and what is cut with it.

    What the name leads to may have been there before any test, and may have other names, in other
    modules: it stays, and what tests have put into it goes.
    """
    named = places[found.at]
    if named.attribute == "__dict__":
        return NOWHERE, None  # the table that grew goes with its object, and is not all in it
    if named.kind == naming.CACHE and found.rule is None:
        return named.step, "cache"
    if found.kind == "fixture" and first > 0:
        return _cut_of_fixture(path, named.step, first, bases)
    if first < 0 and anchor == len(path) - 1:
        first = len(path)  # the container itself grew
    if anchor < first < named.step and first > 0:
        return first, "entries"  # of one test there may be several, as of a test its sub-tests
    if first <= named.step or found.kind == "testcase-attribute":
        return named.step, None  # the test lets go of it; what it leads to may be others' as well
    if places[end].step == first:
        return first, None
    at = _around(path, first, named.step)
    if path[at].type == naming.CACHE_TYPE:
        return at + 1, "cache"
    if path[at].edge != "dict" and can_be_emptied(path[at].type, bases):
        return at, "contents"
    if path[at].type in IMMUTABLE or at + 1 == len(path) or path[at + 1].edge == "ref":
        return named.step, None  # nothing in it can be let go of by itself
    return at + 1, "entries"


def _around(path: Sequence[Step], first: int, least: int) -> int:
    """The index of what has the object at `first` in it, past tuples and the like."""
    at = first - 1
    while at > least and path[at].type in IMMUTABLE:
        at -= 1
    return at


def _cut_of_fixture(
    path: Sequence[Step], named: int, first: int, bases: Bases
) -> tuple[int, Part | None]:
    """Below the name's step lies the value, beside those of other fixtures of the test. A list or
    dict from a free list bears no date: what is in it seems to be all that the fixture made."""
    value = named + 1
    at = _around(path, first, value)
    if value <= at and path[at].edge != "dict" and can_be_emptied(path[at].type, bases):
        return at, "contents"
    if value <= at and path[at].type in IMMUTABLE:
        return value, None
    return max(first, named), None
