"""Verdicts from figures made by hand: what adds up, what was filled once, what is bookkeeping."""

from __future__ import annotations

import pytest

from reftrack import rules, verdicts
from reftrack.choosing import Choice
from reftrack.heap import Filling
from reftrack.model import HolderKind, Owner, ScopeKind
from reftrack.verdicts import Left, Pushed

KIB = 1 << 10


def choice(kind: HolderKind = "module-global", owner: Owner = "your code") -> Choice:
    return Choice("app.CACHE", kind, owner, "module app", ["app.CACHE[*]"], ["app.CACHE[*]"])


def left(*sizes: int, kind: ScopeKind = "test") -> list[Left]:
    return [Left(scope, kind, size) for scope, size in enumerate(sizes, 10)]


def pushed(rows: list[Left], kib: int, newest: int = 100) -> dict[int, Pushed]:
    return {row.scope: Pushed(kib * KIB, newest) for row in rows}


def test_a_holder_to_which_three_tests_add_is_growing() -> None:
    assert verdicts.judge(choice(), left(*[2 * KIB] * 3), {}) == "growing"
    assert verdicts.judge(choice(), left(*[2 * KIB] * 2), {}) == "once"


def test_two_kept_instances_are_enough_since_each_test_has_one() -> None:
    kept = choice("testcase-attribute", "your test")
    assert verdicts.judge(kept, left(2 * KIB, 2 * KIB), {}) == "growing"
    assert verdicts.judge(kept, left(2 * KIB), {}) == "once"


def test_trifles_do_not_add_up() -> None:
    assert verdicts.judge(choice(), left(*[100] * 500), {}) == "once"


def test_strays_do_not_make_a_cache_that_two_tests_filled_grow_or_one_that_grows_stop() -> None:
    assert verdicts.judge(choice(), left(9 * KIB, 9 * KIB, *[64] * 3), {}) == "once"
    assert verdicts.judge(choice(), left(*[9 * KIB] * 5, *[64] * 5), {}) == "growing"


def test_libraries_fill_caches_bit_by_bit_also_under_a_name_of_the_users() -> None:
    small, large = left(*[4 * KIB] * 5), left(*[20 * KIB] * 5)
    assert verdicts.judge(choice(owner="library"), small, {}) == "once"
    assert verdicts.judge(choice(owner="library"), large, {}) == "growing"
    engine = choice()._replace(filled_by="library")
    assert verdicts.judge(engine, small, {}) == "once"


def test_what_a_test_keeps_on_its_instance_is_its_own_also_in_a_librarys_object() -> None:
    graph = choice("testcase-attribute", "your test")._replace(filled_by="library")
    assert verdicts.judge(graph, left(*[7 * KIB] * 5), {}) == "growing"


def every(nth: int, *sizes: int) -> list[Left]:
    """Each `nth` test of a run has left something."""
    return [row._replace(nth=k * nth) for k, row in enumerate(left(*sizes))]


def test_a_cache_to_which_few_tests_of_a_long_run_add_little_does_not_grow() -> None:
    assert verdicts.judge(choice(), every(40, *[9 * KIB] * 5), {}) == "once"
    assert verdicts.judge(choice(), every(2, *[2 * KIB] * 5), {}) == "growing"


def test_what_few_tests_of_a_long_run_add_in_large_pieces_grows() -> None:
    assert verdicts.judge(choice(), every(40, *[900 * KIB] * 5), {}) == "growing"


def test_kept_instances_grow_however_few_they_are() -> None:
    kept = choice("testcase-attribute", "your test")
    assert verdicts.judge(kept, every(400, *[9 * KIB] * 5), {}) == "growing"


@pytest.mark.parametrize("kind", ["mock", "thread", "callback"])
def test_what_tests_put_into_a_library_is_no_cache_of_its_own(kind: HolderKind) -> None:
    """A mock's calls, a thread's arguments, a logger's handlers."""
    put = choice(kind)._replace(filled_by="library")
    assert verdicts.judge(put, left(*[2 * KIB] * 5), {}) == "growing"


def test_classes_and_fixtures_are_no_tests() -> None:
    assert verdicts.judge(choice(), left(*[9 * KIB] * 5, kind="class"), {}) == "once"


def test_a_cache_where_each_test_pushes_out_what_another_left_is_at_its_bound() -> None:
    rows = left(*[100 * KIB] * 3)
    swapped = pushed(rows, 100)
    assert verdicts.judge(choice(), rows, swapped) == "once"
    assert verdicts.at_bound(rows, swapped)


def test_a_release_of_something_else_does_not_hide_a_leak() -> None:
    rows = left(*[100 * KIB] * 3)
    assert verdicts.judge(choice(), rows, pushed(rows[:1], 100)) == "growing"
    assert verdicts.judge(choice(), rows, pushed(rows, 900)) == "growing"


def test_bookkeeping_of_runners_is_the_runners_until_its_rule_is_left_out() -> None:
    rule = next(rule for rule in rules.RULES if rule.name == "pytest-reports")
    reports = choice("instance-attribute", "runner")._replace(rule=rule)
    rows = left(*[20 * KIB] * 5)
    assert verdicts.judge(reports, rows, {}) == "runner"
    assert verdicts.judge(reports, rows, {}, without={"pytest-reports"}) == "growing"


def test_a_bounded_cache_of_a_library_is_never_growing() -> None:
    rule = next(rule for rule in rules.RULES if rule.name == "re-cache")
    patterns = choice("cache", "library")._replace(rule=rule)
    assert verdicts.judge(patterns, left(*[20 * KIB] * 9), {}) == "once"


def test_what_a_runners_frame_pins_is_collateral_and_what_c_holds_unexplained() -> None:
    rows = left(*[9 * KIB] * 5)
    pinned = choice("exception")._replace(collateral=True)
    assert verdicts.judge(pinned, rows, {}) == "collateral"
    assert verdicts.judge(choice("c-reference"), rows, {}) == "unexplained"


def test_what_tests_put_into_a_librarys_registry_is_no_cache_of_its_own_either() -> None:
    rule = next(rule for rule in rules.RULES if rule.name == "linecache-generated")
    source = choice("module-global", "library")._replace(rule=rule, filled_by="library")
    assert verdicts.judge(source, left(*[5 * KIB] * 5), {}) == "growing"


def test_a_cache_is_at_its_bound_when_it_has_all_the_entries_that_it_may_have() -> None:
    rows = left(*[100 * KIB] * 3)
    assert verdicts.at_bound(rows, {}, Filling(3, 3))
    assert verdicts.judge(choice("cache"), rows, {}, filling=Filling(3, 3)) == "once"
    swapped = pushed(rows, 100)
    assert not verdicts.at_bound(rows, swapped, Filling(3, 128))
    assert not verdicts.at_bound(rows, swapped, Filling(3, None))


def test_a_cache_far_from_its_bound_grows_unless_it_is_small_when_full() -> None:
    rows = left(*[4 * KIB] * 5)
    assert verdicts.judge(choice("cache"), rows, {}, filling=Filling(5, 10_000)) == "growing"
    assert verdicts.judge(choice("cache"), rows, {}, filling=Filling(5, 128)) == "once"
    assert verdicts.judge(choice("cache"), rows, {}, filling=Filling(5, None)) == "growing"


def test_a_registry_of_which_a_small_part_is_replaced_is_not_at_its_bound() -> None:
    rows = left(200 * KIB, 2 * KIB, 2 * KIB)
    assert not verdicts.at_bound(rows, pushed(rows, 2))


def test_what_a_library_gets_from_each_of_many_tests_grows_however_small_it_is() -> None:
    cache = choice(owner="library")
    assert verdicts.judge(cache, every(2, *[2 * KIB] * 600), {}) == "growing"
    assert verdicts.judge(cache, every(2, *[2 * KIB] * 60), {}) == "once"


def test_a_librarys_cache_that_finds_more_and_more_does_not_grow() -> None:
    tails_off = [4 * KIB] * 300 + [1 * KIB] * 300
    assert verdicts.judge(choice(owner="library"), every(2, *tails_off), {}) == "once"


def test_a_cache_whose_one_entry_grows_has_no_size_when_full() -> None:
    rows = left(*[4 * KIB] * 5)
    assert verdicts.judge(choice("cache"), rows, {}, filling=Filling(1, 128)) == "growing"


def test_little_by_each_of_many_tests_grows() -> None:
    """Given 300 tests that leave 800 bytes each with the user's own, when nothing tails off, then
    it grows; a warm-up, and the same in few tests, do not."""
    assert verdicts.judge(choice(), every(1, *[800] * 300), {}) == "growing"
    assert verdicts.judge(choice(), every(1, *[800] * 50), {}) == "once"
    assert verdicts.judge(choice(), every(1, *[800] * 150, *[200] * 150), {}) == "once"
    assert verdicts.judge(choice(owner="library"), every(1, *[800] * 300), {}) == "once"


def test_what_one_class_after_the_other_leaves_grows() -> None:
    classes = [verdicts.Left(k, "class", 20 * KIB) for k in range(3)]
    assert verdicts.judge(choice(), classes, {}) == "growing"
    assert verdicts.judge(choice(), classes[:2], {}) == "once"
    assert verdicts.judge(choice(owner="library"), classes, {}) == "once"


def test_each_of_several_full_caches_is_at_its_bound() -> None:
    """Given tests that push out of two caches what tests before the oldest entry have left there,
    then each of the caches is full, for all that it has only a part of it."""
    rows = left(*[150 * KIB] * 3)
    assert verdicts.judge(choice(), rows, pushed(rows, 600, newest=rows[0].scope - 1)) == "once"
    assert verdicts.judge(choice(), rows, pushed(rows, 600, newest=rows[0].scope)) == "growing"
    assert verdicts.judge(choice(), rows, pushed(rows, 9000, newest=rows[0].scope - 1)) == "growing"


def test_strays_of_many_other_tests_do_not_hide_what_grows() -> None:
    kept = choice("testcase-attribute", "your test")
    assert verdicts.judge(kept, left(*[20 * KIB] * 10, *[200] * 12), {}) == "growing"


def test_a_cache_by_key_that_a_modules_first_tests_filled_does_not_grow() -> None:
    rows = [row._replace(nth=k, later=39 - k) for k, row in enumerate(left(*[30 * KIB] * 3))]
    assert verdicts.judge(choice()._replace(keyed=True), rows, {}) == "once"
    assert verdicts.judge(choice(), rows, {}) == "growing"
    few = [row._replace(later=5) for row in rows]
    assert verdicts.judge(choice()._replace(keyed=True), few, {}) == "growing"


def test_the_table_of_a_librarys_registry_is_no_leak() -> None:
    registry = choice("callback", "library")
    assert verdicts.judge(registry, left(*[KIB] * 4), {}) == "once"
    assert verdicts.judge(registry, left(*[5 * KIB] * 4), {}) == "growing"


def test_one_more_test_that_adds_far_from_the_others_makes_no_leak_a_cache() -> None:
    rows = [row._replace(nth=k) for k, row in enumerate(left(*[5 * KIB] * 34))]
    assert verdicts.judge(choice(), rows, {}) == "growing"
    rows.append(Left(99, "test", 5 * KIB, nth=633))
    assert verdicts.judge(choice(), rows, {}) == "growing"


def test_a_dict_to_which_many_tests_have_added_is_no_warm_cache() -> None:
    rows = [row._replace(nth=k, later=1500 - k) for k, row in enumerate(left(*[5 * KIB] * 37))]
    assert verdicts.judge(choice()._replace(keyed=True), rows, {}) == "growing"


def test_what_a_runner_keeps_of_tests_is_no_full_cache() -> None:
    """Given garbage of an earlier test that goes while one of them runs, of about the same size,
    then kept instances still grow."""
    kept = choice("testcase-attribute", "your test")
    rows = left(1000 * KIB, 1000 * KIB)
    assert verdicts.judge(kept, rows, pushed(rows[:1], 1500)) == "growing"
