"""What goes when edges are cut: told from the graph, and the same as what really goes."""

from __future__ import annotations

import functools
import gc
import random
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from reftrack import _reftrack, cuts, grouping, retention
from reftrack.heap import Cut, Edge, Look
from scoped import Within, groups, look, module

SIZE = 50_000
BLOB_BYTES = bytearray(SIZE).__sizeof__()  # 3.15 has them in a bytes object
NEAR = 600
"""Bytes that may lie between what is foretold and what goes: objects from free lists, which the
ledger does not know, and the tests' own."""


@pytest.fixture(autouse=True)
def started() -> Iterator[None]:
    _reftrack.start(16)
    yield
    _reftrack.stop()


@pytest.fixture
def heap() -> Iterator[Any]:
    with module() as made:
        yield made


class Node:
    one: object
    two: object


class Slotted:
    __slots__ = ("one", "two")


def blob() -> bytearray:
    return bytearray(SIZE)


def step_to(seen: Look, *labels: object) -> int:
    """The step of the path whose labels end so."""
    for number in range(1, len(seen.steps)):
        found = [step.label for step in seen.path(number) if step.label is not None]
        if tuple(found[-len(labels) :]) == labels:
            return number
    raise AssertionError(labels)


def really(cut: Callable[[], object]) -> int:
    """The bytes that go when the edges are really cut."""
    _reftrack.pause()
    try:
        gc.collect()  # what lies on free lists is still in the ledger
        before = _reftrack.live_bytes()
        cut()
        gc.collect()
        return before - _reftrack.live_bytes()
    finally:
        _reftrack.resume()


# ---- what was there before the tests ----


@pytest.mark.parametrize(
    ("before", "add"),
    [
        (["old"], lambda items: items.append(blob())),
        ({"old": len}, lambda items: items.update(new=blob())),
        ({"old": [len]}, lambda items: items.update(new=blob())),
        ({len, print}, lambda items: items.add(bytes(SIZE))),
        ([], lambda items: items.extend(("constant", blob()))),
        ({}, lambda items: items.update(constant=[blob()], other=blob())),
        (set(), lambda items: items.add(bytes(SIZE))),
    ],
    ids=["list", "dict", "dict of lists", "set", "empty list", "empty dict", "empty set"],
)
def test_a_container_with_entries_from_before_the_tests_is_told(
    heap: Any, before: Any, add: Callable[[Any], None]
) -> None:
    had_entries = bool(before)
    heap.x = before
    with Within() as scope:
        add(before)
    del before
    seen = look(scope)

    assert (step_to(seen, "x") in seen.older) == had_entries


def test_members_that_went_out_of_a_set_are_no_entries(heap: Any) -> None:
    heap.x = {"old"}
    heap.x.clear()
    heap.x.update({"older"})
    heap.x.discard("older")
    with Within() as scope:
        heap.x.add(bytes(SIZE))
    seen = look(scope)

    assert step_to(seen, "x") not in seen.older


# ---- one edge ----


def test_cutting_the_only_edge_frees_all_behind_it(heap: Any) -> None:
    with Within() as scope:
        heap.x = [blob(), [blob()]]
    seen = look(scope)

    cut = seen.cut([step_to(seen, "x")], [0])

    assert cut.still_held == {}
    assert cut.bytes == cut.survivor_bytes == really(lambda: setattr(heap, "x", None))


def test_what_something_else_holds_stays(heap: Any) -> None:
    with Within() as scope:
        shared = blob()
        heap.x = [shared, blob()]
    heap.y = {"other": shared}
    del shared
    seen = look(scope)
    sample = next(k for k, group in enumerate(groups(seen, scope)) if group.bytes > SIZE)

    cut = seen.cut([step_to(seen, "x")], [sample])

    assert cut.bytes == pytest.approx(SIZE, abs=NEAR)
    if cut.still_held:
        assert [step.label for step in seen.path(cut.still_held[sample])][-1] == "other"


def test_another_path_is_told_around_the_cut(heap: Any) -> None:
    with Within() as scope:
        heap.x = blob()
    heap.y = [[[heap.x]]]
    seen = look(scope)

    cut = seen.cut([step_to(seen, "x")], [0])

    assert cut.bytes == 0
    assert [s.label for s in seen.path(cut.still_held[0])][-4:] == ["y", 0, 0, 0]
    cut = seen.cut([step_to(seen, "x"), seen.numbers(cut.still_held[0])[-4]], [0])
    assert cut.still_held == {}
    assert cut.survivor_bytes == BLOB_BYTES
    lists = 3 * sys.getsizeof([])  # maybe from a free list, and then in no figures
    assert cut.bytes - really(lambda: vars(heap).update(x=None, y=None)) in (0, lists)


def test_all_references_between_two_objects_are_one_edge(heap: Any) -> None:
    with Within() as scope:
        heap.x = [blob()] * 5
    seen = look(scope)

    assert seen.cut([step_to(seen, "x", 0)]).bytes == BLOB_BYTES


def test_a_path_through_what_has_died_since_is_left_out(heap: Any) -> None:
    with Within() as scope:
        heap.x = blob()
    heap.y = [[heap.x]]
    seen = look(scope)
    edge = step_to(seen, "x")
    heap.y = None
    gc.collect()
    junk = [[k] for k in range(1000)]

    assert seen.cut([edge], [0]).still_held == {}
    del junk


def test_a_running_frame_is_another_holder(heap: Any) -> None:
    def waiting() -> tuple[Cut, list[Any]]:
        mine = heap.x
        seen = look(scope)
        cut = seen.cut([step_to(seen, "x")], [0])
        assert mine is not None
        return cut, [s.label for s in seen.path(cut.still_held[0])]

    with Within() as scope:
        heap.x = blob()

    cut, labels = waiting()

    assert cut.bytes == 0
    assert labels[-1] == "mine"


def test_a_thread_that_ended_since_is_no_other_holder(heap: Any) -> None:
    ready, go = threading.Event(), threading.Event()

    def waiting() -> None:
        mine = heap.x
        ready.set()
        go.wait()
        assert mine is not None

    with Within() as scope:
        heap.x = blob()
    thread = threading.Thread(target=waiting)
    thread.start()
    ready.wait()
    seen = look(scope)
    edge = step_to(seen, "x")
    held = seen.cut([edge], [0]).still_held
    assert [s.label for s in seen.path(held[0])][-1] == "mine"
    go.set()
    thread.join()

    assert seen.cut([edge], [0]).still_held == {}


# ---- caches ----


@pytest.mark.parametrize("bound", [None, 5])
def test_all_entries_of_a_cache_are_one_cut(heap: Any, bound: int | None) -> None:
    @functools.lru_cache(maxsize=bound)
    def total(key: object) -> object:
        return blob()

    heap.total = total
    del total
    heap.total("warm")
    heap.total.cache_clear()
    with Within() as scope:
        for k in range(4):
            heap.total(("key", k))
    seen = look(scope)
    largest = groups(seen, scope)[0]
    wrapper = next(k for k, step in enumerate(largest.path) if "lru_cache" in step.type)
    edge = seen.numbers(seen.groups[0][3])[wrapper + 1]

    cut = seen.cut([(edge, "cache")])

    assert cut.bytes == pytest.approx(really(heap.total.cache_clear), abs=NEAR)
    assert cut.survivor_bytes == pytest.approx(cut.bytes, abs=600)


def test_a_cache_met_again_on_a_way_around_is_still_cut_as_a_whole(heap: Any) -> None:
    @functools.lru_cache
    def total(key: object) -> object:
        return blob()

    heap.total = total
    heap.other = [[total]]
    del total
    with Within() as scope:
        heap.total.kept = heap.total("key")
    seen = look(scope)
    path = seen.numbers(seen.groups[0][3])
    wrapper = next(k for k, n in enumerate(path) if "lru_cache" in seen.step(n).type)
    entries: Edge = (path[wrapper + 1], "cache")

    held = seen.cut([path[wrapper], entries], [0]).still_held

    assert "kept" in [step.label for step in seen.path(held[0])]
    kept = seen.numbers(held[0])[-1]
    assert seen.cut([entries, kept]).survivor_bytes > SIZE


# ---- containers that were there before ----


def test_a_list_whose_head_is_older_than_its_items_is_counted_once(heap: Any) -> None:
    """Given lists from the free list, whose own blocks no scope has, when what they are in is
    emptied, then their items count, and no estimate of them besides."""
    heap.x = {}
    _reftrack.stop()
    spare: list[list[int]] = [[] for _ in range(70)]
    _reftrack.start(16)
    spare.clear()
    with Within() as scope:
        for k in range(20):
            heap.x[k] = Node()
            heap.x[k].one = [heap.x] * 1000
    seen = look(scope)
    container = seen.numbers(seen.groups[0][3])[3]

    foretold = seen.cut([(container, "contents")])

    assert foretold.bytes == pytest.approx(really(heap.x.clear), abs=4000)


def test_of_a_container_with_much_in_it_only_what_tests_put_in_is_cut(heap: Any) -> None:
    heap.x = [blob() for _ in range(20)]
    heap.y = Node()
    heap.y.one = heap.x
    with Within() as scope:
        heap.x.append(blob())
    seen = look(scope)

    (holder,) = retention.holders(seen, {scope.id: grouping.Charged("test", "t")}, cut=1).holders

    assert holder.name.endswith("heap_under_test.x")
    assert holder.retained_bytes == pytest.approx(BLOB_BYTES, abs=NEAR)
    assert holder.together == []


# ---- what cannot be cut ----


def test_roots_and_unknown_steps_are_refused(heap: Any) -> None:
    with Within() as scope:
        heap.x = blob()
    seen = look(scope)
    edge = step_to(seen, "x")
    for wrong in (0, -1, 10**9, 1, (edge, "cache")):
        with pytest.raises(ValueError, match="step"):
            seen.cut([wrong])
    with pytest.raises(ValueError, match="no group 1000"):
        seen.cut([edge], [1000])

    assert seen.cut([edge]).bytes == BLOB_BYTES


def test_after_close_nothing_is_cut(heap: Any) -> None:
    with Within() as scope:
        heap.x = blob()
    seen = look(scope)
    edge = step_to(seen, "x")

    seen.close()
    seen.close()

    with pytest.raises(ValueError, match="freed"):
        seen.cut([edge])
    assert seen.groups


def test_without_a_ledger_nothing_is_cut(heap: Any) -> None:
    with Within() as scope:
        heap.x = blob()
    seen = look(scope)
    edge = step_to(seen, "x")

    _reftrack.stop()

    with pytest.raises(ValueError, match="not started"):
        seen.cut([edge])


# ---- random graphs ----


def random_graph(random: random.Random, scopes: list[Within]) -> list[Any]:
    """Objects of every kind that refer to each other at random, made in two scopes."""
    nodes: list[Any] = []
    for _ in range(random.randint(5, 60)):
        with random.choice(scopes):
            nodes.append(random.choice((list, dict, Node, Slotted))())
    for _ in range(random.randint(5, 150)):
        with random.choice(scopes):
            leaf: Any = random.choice((bytes, bytearray))(random.randint(600, 3000))
            target = random.choice(nodes) if random.random() < 0.7 else leaf
            if random.random() < 0.1:
                target = (target, random.choice(nodes))
            refer(random.choice(nodes), target, random)
            del leaf, target
    return nodes


def refer(owner: Any, target: Any, random: random.Random) -> None:
    if isinstance(owner, list):
        # Strings that nothing wanted is near to count where they have one owner.
        times = 1 if isinstance(target, (bytes, bytearray)) else random.randint(1, 3)
        owner.extend([target] * times)
    elif isinstance(owner, dict):
        owner[random.randint(0, 8)] = target
    else:
        setattr(owner, random.choice(("one", "two")), target)


def follow(seen: Look, number: int) -> tuple[Any, Any] | None:
    """The objects of the edge to a step, found by its path; None where it has no plain names."""
    above: Any = None
    at: Any = None
    for step in seen.path(number):
        above = at
        if step.edge == "modules":
            at = sys.modules
        elif step.edge == "dict":
            at = vars(at)
        elif step.edge in ("key", "index") and step.label is not None:
            at = at[step.label]
        elif step.edge == "attr":
            at = getattr(at, str(step.label))
        else:
            return None
    return above, at


def sever(owner: Any, target: Any) -> None:
    if isinstance(owner, list):
        for index, item in enumerate(owner):
            if item is target:
                owner[index] = None
    elif isinstance(owner, dict):
        for key, value in owner.items():
            if value is target:
                owner[key] = None
    else:
        for name in ("one", "two"):
            if getattr(owner, name, None) is target:
                setattr(owner, name, None)


@pytest.mark.parametrize("seed", range(60))
def test_what_is_foretold_is_what_goes(seed: int) -> None:
    chance = random.Random(seed)
    with module("graph_under_test") as heap:
        scopes = [Within(), Within()]
        nodes = random_graph(chance, scopes)
        for name in "abc"[: chance.randint(1, 3)]:
            setattr(heap, name, chance.choice(nodes))
        del nodes
        _reftrack.pause()  # what the test itself allocates from here on is no matter
        wanted = scopes if chance.random() < 0.5 else scopes[:1]
        seen = look(*wanted)
        known = [
            number
            for number in range(1, len(seen.steps))
            if [s.name for s in seen.path(number)][1:2] == ["graph_under_test"]
            and len(seen.path(number)) > 3
            and isinstance((follow(seen, number) or (None,))[0], (list, dict, Node, Slotted))
        ]
        edges: list[Edge] = [number for number in known if chance.random() < 3 / max(len(known), 1)]
        gc.collect()  # no pair is to be made of a dead tuple of the scopes'
        foretold = seen.cut(edges, range(len(seen.groups)))
        pairs = [follow(seen, number) for number in edges if isinstance(number, int)]
        seen.close()

        def cut_all() -> None:
            while pairs:
                sever(*(pairs.pop() or (None, None)))

        gc.collect()
        alive = sum(scope.live for scope in wanted)
        went = really(cut_all)
        _reftrack.resume()
        assert foretold.survivor_bytes == alive - sum(scope.live for scope in wanted)
        assert foretold.bytes == pytest.approx(went, abs=NEAR)


def test_more_holders_of_the_same_than_are_looked_for_are_others(heap: Any) -> None:
    """Given twelve lists with the same objects, when the largest is cut, then nobody says that all
    would go with those that were found."""
    names = [f"list_{k}" for k in range(12)]
    for name in names:
        setattr(heap, name, [None] * 4)
    with Within() as scope:
        made = [blob() for _ in range(4)]
        for name in names:
            getattr(heap, name)[:] = made
        del made
    seen = look(scope)

    charged = {scope.id: grouping.Charged("test", "t")}
    found = retention.holders(seen, charged, cut=1, prove=lambda edges: [(None, "") for _ in edges])

    assert found.holders[0].together[-1] == "others"
    assert len(found.holders[0].together) == cuts.MOST + 1
    assert found.holders[0].not_proved == "more hold the same than could be found"


def test_the_search_for_others_ends_in_time(heap: Any) -> None:
    heap.x, heap.y = [None], [None]
    with Within() as scope:
        heap.x[0] = heap.y[0] = blob()
    seen = look(scope)

    charged = {scope.id: grouping.Charged("test", "t")}
    found = retention.holders(
        seen, charged, cut=1, prove=lambda edges: [(None, "") for _ in edges], seconds=-1.0
    )

    assert found.holders[0].together == []
    assert "all the time that there was" in found.holders[0].not_proved
