"""Verdicts: does a holder gain with each test, was it filled once, is it bookkeeping?"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from reftrack.choosing import Choice
from reftrack.heap import Filling
from reftrack.model import HolderKind, ScopeKind, Verdict
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

GROWING_TESTS = 3
GROWING_INSTANCES = 2
"""Each test has an instance of its own: two kept ones are enough to say that they add up."""

GROWING_BYTES_PER_TEST_OF_LIBRARY = 16 << 10
GROWING_BYTES_PER_TEST_OF_USER = 1 << 10
"""Less than this per test is no leak worth a word; libraries fill many small caches bit by bit."""

STEADY_TESTS = 100
STEADY_OF_LIBRARY = 1 << 10, 1 << 20
STEADY_OF_USER = 1 << 7, 1 << 16
"""So many tests that leave so much each, and so much in all, grow as well, if what tests leave does
not tail off."""

SPARSE = 3
"""A cache that is filled bit by bit gains with fewer than one test in so many, and little by
little: that a test finds in it what it needs is not seen."""

SMALL_WHEN_FULL = 1 << 20
"""A cache with a bound that comes to no more than this when it is full eats up nobody's memory."""

GROWN = 16 << 10
"""The table of a library's registry grows by itself, with entries that are there for a while."""

STRAY = 64
"""Strays from free lists come to less than this part of what tests leave that add to a holder."""

FEW, QUIET, QUIETER = 6, 10, 3
"""A cache by key is warm where so few tests have filled it, and so many of the same module, and so
many times as many as these, ran after them and added nothing."""

MOST = 0.75
"""Strays aside, tests add to a holder in a stretch of the run that this part of them lie in."""

PART = 8
"""Of several full caches each has at least this part of what a test pushes out of them all."""

PUT_THERE: tuple[HolderKind, ...] = ("mock", "thread", "callback")
"""A library keeps these, but none as a cache of its own: each test has put there what it left."""


class Left(NamedTuple):
    """What one scope left with a holder."""

    scope: int
    kind: ScopeKind
    bytes: int
    nth: int = 0  # test of the run
    later: int = 0  # tests of its module that ran after it


class Pushed(NamedTuple):
    """What a test released of earlier ones, of which next to nothing is left: a cache at its bound
    shows so."""

    bytes: int
    newest: int  # the scope of the latest of these


def judge(
    choice: Choice,
    left: Sequence[Left],
    pushed_out: Mapping[int, Pushed],
    without: Collection[str] = (),
    filling: Filling | None = None,
) -> Verdict:
    """The verdict on a holder; `filling` is that of a functools cache, or of a bounded deque.

    `pushed_out` has what each test released of earlier ones; `without` the names of rules that are
    switched off.
    """
    if choice.collateral:
        return "collateral"
    if choice.rule is not None and choice.rule.verdict and choice.rule.name not in without:
        return choice.rule.verdict
    if choice.kind == "c-reference":
        return "unexplained"
    if choice.owner == "runner" and (choice.rule is None or choice.rule.verdict is None):
        return "runner"
    if is_bounded(choice, left, pushed_out, filling) or _is_small_when_full(left, filling):
        return "once"
    return "growing" if _adds_up(choice, left) else "once"


def _adds_up(choice: Choice, left: Sequence[Left]) -> bool:
    """Did enough tests, and half of those that left anything here, leave what counts?"""
    tests = [row for row in left if row.kind == "test"]
    of_instances = choice.kind == "testcase-attribute"
    enough = GROWING_INSTANCES if of_instances else GROWING_TESTS
    least, steady = GROWING_BYTES_PER_TEST_OF_USER, STEADY_OF_USER
    put_there = choice.kind in PUT_THERE or (choice.rule is not None and choice.rule.put_there)
    if put_there and choice.owner == "library" and sum(row.bytes for row in tests) < GROWN:
        return False
    of_library = "library" in (choice.owner, choice.filled_by) and not put_there
    if of_library and not of_instances:
        least, steady = GROWING_BYTES_PER_TEST_OF_LIBRARY, STEADY_OF_LIBRARY
    if _is_steady(tests, *steady) or (not of_library and _is_filled_around(left)):
        return True
    added = [row for row in tests if row.bytes >= least]
    if len(added) < enough or 2 * len(added) < len(_without_strays(tests, added)):
        return False
    return of_instances or not (_is_sparse(added, least) or _is_warm(choice, added))


def _without_strays(tests: Sequence[Left], added: Sequence[Left]) -> list[Left]:
    usual = sorted(row.bytes for row in added)[len(added) // 2] if added else 0
    return [row for row in tests if STRAY * row.bytes >= usual]


def _is_filled_around(left: Sequence[Left]) -> bool:
    """Do classes or modules, one after the other, leave much in the same place?"""
    around = [row for row in left if row.kind in ("class", "module")]
    added = [row for row in around if row.bytes >= GROWING_BYTES_PER_TEST_OF_LIBRARY]
    return len(added) >= GROWING_TESTS


def _is_steady(tests: Sequence[Left], least: int, least_of_all: int) -> bool:
    """Do the later tests, of many, leave three quarters of what the earlier ones do, at least? A
    cache finds more and more of what it is asked for."""
    added = [row for row in tests if row.bytes >= least]
    total = sum(row.bytes for row in added)
    if len(added) < STEADY_TESTS or total < least_of_all:
        return False
    middle = (min(row.nth for row in added) + max(row.nth for row in added)) / 2
    later = sum(row.bytes for row in added if row.nth > middle)
    return 4 * later >= 3 * (total - later)


def _is_sparse(added: Sequence[Left], least: int) -> bool:
    """Did few of the tests in the stretch in which most of these lie add anything, and that little?
    What one more test adds, far from the others, makes them no fewer."""
    rows = sorted(added, key=lambda row: row.nth)
    count = max(1, round(MOST * len(rows)))
    stretches = (rows[k : k + count] for k in range(len(rows) - count + 1))
    densest = min(stretches, key=lambda rows: rows[-1].nth - rows[0].nth)
    run = densest[-1].nth - densest[0].nth + 1
    return SPARSE * count < run and sum(row.bytes for row in densest) < least * run


def _is_warm(choice: Choice, added: Sequence[Left]) -> bool:
    """Did the tests that came later find in it what they needed?"""
    quiet = max(added, key=lambda row: row.nth).later
    return choice.keyed and len(added) <= FEW and quiet >= max(QUIET, QUIETER * len(added))


def is_bounded(
    choice: Choice,
    left: Sequence[Left],
    pushed_out: Mapping[int, Pushed],
    filling: Filling | None = None,
) -> bool:
    """Is it a cache that is full? What a runner keeps of tests is none: that one of them released
    about as much of another's, as garbage in cycles goes in whatever test is next, is chance."""
    if choice.kind == "testcase-attribute" and choice.keeper is None:
        return False
    return at_bound(left, pushed_out, filling)


def at_bound(
    left: Sequence[Left], pushed_out: Mapping[int, Pushed], filling: Filling | None = None
) -> bool:
    """Is this a cache that is full? Then each test's object outlives it, until a later test's
    pushes it out: the tests that left most of it, and most of those that left something, released
    about as much of earlier ones'. Where these are all from before its oldest entry, it may be one
    full cache of several. A functools cache or a deque tells by itself."""
    if filling is not None:
        return filling.most is not None and filling.entries >= filling.most
    tests = [row for row in left if row.kind == "test"]
    oldest = min((row.scope for row in _without_strays(tests, tests)), default=0)
    swapped = [row for row in tests if _swapped(row, oldest, pushed_out.get(row.scope))]
    return (
        len(tests) > 1
        and 2 * len(swapped) >= len(tests)
        and 2 * sum(row.bytes for row in swapped) >= sum(row.bytes for row in tests)
    )


def _swapped(row: Left, oldest: int, pushed: Pushed | None) -> bool:
    if pushed is None or pushed.bytes < row.bytes // 2:
        return False
    return pushed.bytes <= (PART if pushed.newest < oldest else 2) * row.bytes


def _is_small_when_full(left: Sequence[Left], filling: Filling | None) -> bool:
    """Nothing is known of a cache whose entries grow: more tests left something than it has."""
    added = sum(row.bytes >= GROWING_BYTES_PER_TEST_OF_USER for row in left)
    if filling is None or filling.most is None or filling.entries < max(1, added):
        return False
    return sum(row.bytes for row in left) * filling.most < SMALL_WHEN_FULL * filling.entries
