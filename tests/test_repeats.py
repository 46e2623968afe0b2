"""What repetitions say of a holder, from figures made by hand: each counts as one more test."""

from __future__ import annotations

import pytest

from reftrack import repeats
from reftrack.model import Charge, Holder, HolderKind, Repeat, Repeated, Verdict

LEFT = 100_000


def holder(
    verdict: Verdict = "once", tests: int = 1, kind: HolderKind = "cache", root: str = "module m"
) -> Holder:
    charged = [Charge(f"t{n}", "test", LEFT, 1) for n in range(tests)]
    size = LEFT * tests
    found = Holder("h", kind, verdict, "your code", root, [], size, size, 1, [], charged, [])
    found.key = "h"
    return found


def judged(said: Verdict, *kept: int, tests: int = 1, gone: int = 0) -> Verdict:
    found = holder(said, tests)
    found.repeats = [Repeat("t0", list(kept), gone)]
    return repeats.verdict(found)


@pytest.mark.parametrize("said", ["growing", "once"])
def test_it_grows_if_all_repetitions_added(said: Verdict) -> None:
    assert judged(said, 90_000, 90_000) == "growing"


@pytest.mark.parametrize("said", ["growing", "once"])
def test_it_grows_also_by_less_than_the_first_run_left(said: Verdict) -> None:
    """Given a test that fills a cache and adds to a list, or in whose run a table was doubled."""
    assert judged(said, 3_000, 3_000, 3_000) == "growing"
    assert judged(said, 200, 300) == "growing"


@pytest.mark.parametrize("said", ["growing", "once"])
def test_it_was_filled_once_if_none_did(said: Verdict) -> None:
    assert judged(said, 0, 120) == "once"


@pytest.mark.parametrize("said", ["growing", "once"])
@pytest.mark.parametrize("kept", [(90_000,), (0,), (90_000, 0), (0, 0, 90_000)])
def test_a_single_repetition_or_a_mixture_decides_nothing(
    said: Verdict, kept: tuple[int, ...]
) -> None:
    assert judged(said, *kept) == said


def test_what_many_tests_have_shown_few_repetitions_do_not_refute() -> None:
    """Given a cache to which each test adds a part of its own, which another run finds there."""
    assert judged("growing", 0, 0, 0, tests=3) == "once"
    assert judged("growing", 0, 0, 0, tests=4) == "growing"


@pytest.mark.parametrize("said", ["growing", "once"])
def test_what_takes_the_place_of_what_was_there_decides_nothing(said: Verdict) -> None:
    assert judged(said, 90_000, 90_000, gone=LEFT) == said


def test_tests_that_left_a_trifle_say_nothing_of_the_others() -> None:
    found = holder("once", tests=2)
    found.charged[1].bytes = 100
    found.repeats = [Repeat("t0", [90_000, 90_000]), Repeat("t1", [0, 0])]
    assert repeats.verdict(found) == "growing"


# Whose figures they are


def kept(held: Holder, row: Repeated) -> list[list[int]]:
    return [repeat.bytes for repeat in repeats.of_holder(held, {"t0": row})]


def test_a_holder_has_its_own_figures_and_none_of_another() -> None:
    row = Repeated(0, [8, 9], "", {"h": Repeat("t0", [7, 0]), "other": Repeat("t0", [1, 9])})
    assert kept(holder(), row) == [[7, 0]]
    assert kept(holder(), Repeated(0, [8, 9], "", {})) == [[0, 0]]
    assert kept(holder(tests=0), row) == []


def test_that_a_new_object_of_the_runner_has_nothing_says_nothing_of_the_old_one() -> None:
    nothing = Repeated(0, [8, 9], "", {})
    some = Repeated(0, [8, 9], "", {"h": Repeat("t0", [7, 7])})
    for held in (
        holder(kind="fixture"),
        holder(kind="result"),
        holder(root="unittest result.failures"),
        holder(root="pytest Session.items"),
    ):
        assert kept(held, nothing) == []
        assert kept(held, some) == [[7, 7]]


@pytest.mark.parametrize("verdict", ["runner", "collateral", "unexplained"])
def test_other_verdicts_are_not_repeated(verdict: Verdict) -> None:
    row = Repeated(0, [8, 9], "", {"h": Repeat("t0", [7, 7])})
    assert kept(holder(verdict), row) == []
