"""Random graphs of objects, as others see them: networkx's dominators, the collector's referrers
and referents, and what tracemalloc has less once an object has gone."""

from __future__ import annotations

import gc
import random
import tracemalloc
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import networkx as nx  # type: ignore[import-untyped]  # it has no types
import pytest

import reftrack
from reftrack import _reftrack
from reftrack.heap import Look
from scoped import Within, groups, look, module
from test_cuts import Node, Slotted, follow, refer

UNIT = 64_000
"""What nodes weigh is a multiple of it, which tells it from what the interpreter takes besides."""


@pytest.fixture
def started() -> Iterator[None]:
    _reftrack.start(4)
    yield
    _reftrack.stop()


@pytest.fixture
def heap() -> Iterator[Any]:
    with module("random_graph") as made:
        yield made


# ---- dominators ----

SHAPES: dict[str, Callable[[random.Random, int], nx.DiGraph]] = {
    "sparse": lambda dice, n: nx.gnp_random_graph(n, 1.5 / n, seed=dice, directed=True),
    "dense": lambda dice, n: nx.gnp_random_graph(n, 6 / n, seed=dice, directed=True),
    "tree": lambda dice, n: nx.gn_graph(n, seed=dice).reverse(),
    "tree with shortcuts": lambda dice, n: shortcuts(dice, nx.gn_graph(n, seed=dice).reverse()),
    "hubs": lambda dice, n: nx.DiGraph(nx.scale_free_graph(n, seed=dice)),
    "layers": lambda dice, n: layers(dice, n),
    "ring with chords": lambda dice, n: shortcuts(dice, nx.cycle_graph(n, nx.DiGraph)),
}


def shortcuts(dice: random.Random, graph: nx.DiGraph) -> nx.DiGraph:
    for _ in range(len(graph) // 5):
        graph.add_edge(*dice.sample(list(graph), 2))
    return graph


def layers(dice: random.Random, count: int) -> nx.DiGraph:
    """Each node leads to some of the next layer's, now and then back: loops of several entries."""
    graph = nx.DiGraph()
    graph.add_nodes_from(range(count))
    for node in range(count):
        below = range(node // 5 * 5 + 5, min(node // 5 * 5 + 10, count))
        graph.add_edges_from((node, each) for each in below if dice.random() < 0.4)
        if dice.random() < 0.1:
            graph.add_edge(node, dice.randrange(count))
    return graph


class Weighed:
    __slots__ = ("leads_to", "weight")


def build(heap: Any, graph: nx.DiGraph, weights: list[int], entries: list[int]) -> list[Within]:
    """Objects that refer to each other as the graph says, each made in a scope of its own."""
    nodes: list[Any] = []
    scopes = []
    for weight in weights:
        with Within() as scope:
            node: Any = Weighed()
            node.weight = bytearray(weight * UNIT)
            nodes.append(node)
        scopes.append(scope)
    for number, node in enumerate(nodes):
        node.leads_to = [nodes[each] for each in graph.successors(number)]
    heap.entries = [nodes[number] for number in entries]
    return scopes


@pytest.mark.usefixtures("started")
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("shape", SHAPES)
def test_retained_sizes_are_those_of_networkxs_dominators(heap: Any, shape: str, seed: int) -> None:
    dice = random.Random(f"{shape} {seed}")
    count = 100
    graph = SHAPES[shape](dice, count)
    weights = [dice.randint(1, 3) for _ in range(count)]
    roots = [node for node in graph if graph.in_degree(node) == 0]
    entries = sorted({0, *dice.sample(range(count), 2), *roots[:5]})
    scopes = build(heap, graph, weights, entries)

    graph.add_edges_from(("root", node) for node in entries)
    dominator = nx.immediate_dominators(graph, "root")
    retained = {node: weights[node] for node in dominator if node != "root"}
    reached = nx.single_source_shortest_path_length(graph, "root")
    below = nx.DiGraph((above, node) for node, above in dominator.items() if node != "root")
    for node in reversed(list(nx.topological_sort(below))):
        if node != "root" and dominator[node] != "root":
            retained[dominator[node]] += retained[node]

    assert len(retained) > count / 10
    seen = look(*scopes)
    for number, scope in enumerate(scopes):
        if number not in retained:
            assert scope.live < UNIT  # no one refers to it: collected
            continue
        top = max(groups(seen, scope), key=lambda group: group.retained_bytes)
        assert round(top.retained_bytes / UNIT) == retained[number]
        assert sum(step.type.endswith("Weighed") for step in top.path) == reached[number]
    # Before 3.13.3 a tuple of the last `with`, reused since, may be said to be of its scope.
    large = {group[0] for group in seen.groups if group[1] >= UNIT}
    assert len(retained) == len(large)


# ---- referrers ----


MAKERS: list[Callable[[], object]] = [
    lambda: [None] * 20,
    lambda: dict.fromkeys(range(20)),
    Node,
    Slotted,
]
"""None of them is all from a free list, of which the ledger knows nothing."""


def random_objects(dice: random.Random, scopes: list[Within]) -> list[Any]:
    """Containers and instances that refer to each other, each made in a scope of its own."""
    nodes: list[Any] = []
    for _ in range(dice.randint(5, 40)):
        with Within() as scope:
            node: Any = dice.choice(MAKERS)()
        nodes.append(node)
        scopes.append(scope)
    for _ in range(dice.randint(10, 120)):
        refer(dice.choice(nodes), dice.choice(nodes), dice)
    return nodes


def referents(o: object, kept: set[int]) -> Iterator[object]:
    """Of the nodes, those that an object refers to, and those that its own dict does."""
    for each in gc.get_referents(o):
        if id(each) in kept:
            yield each
        elif type(o) is Node and type(each) is dict:
            yield from (inner for inner in gc.get_referents(each) if id(inner) in kept)


def reachable(roots: list[object], kept: set[int], without: int) -> set[int]:
    """The nodes that the roots lead to, not by way of one of them, as the collector tells it."""
    waiting = deque(root for root in roots if id(root) != without)
    found = {id(root) for root in waiting}
    while waiting:
        for each in referents(waiting.popleft(), kept):
            if id(each) not in found and id(each) != without:
                found.add(id(each))
                waiting.append(each)
    return found


def referrers(o: object, kept: set[int]) -> set[int]:
    """The nodes that refer to an object, as the collector tells it."""
    found = set()
    for each in gc.get_referrers(o):
        if id(each) in kept:
            found.add(id(each))
        elif type(each) is dict:  # an instance's, or a module's
            owners = [owner for owner in gc.get_referrers(each) if id(owner) in kept]
            found |= {id(owner) for owner in owners if type(owner) is Node}
    return found


def told_referrers(seen: Look, number: int, target: object) -> set[int]:
    """All that reftrack finds to refer to the object of a group: each time the edge to it is cut,
    and another path is asked for."""
    found = set()
    edges: list[Any] = []
    step: int | None = seen.groups[number][3]
    while step is not None:
        above, at = follow(seen, step) or (None, None)
        assert at is target
        assert id(above) not in found  # that edge is cut
        found.add(id(above))
        edges.append(step)
        step = seen.cut(edges, [number]).still_held.get(number)
    return found


@pytest.mark.usefixtures("started")
@pytest.mark.parametrize("seed", range(30))
def test_each_referrer_is_the_collectors_and_none_is_missed(heap: Any, seed: int) -> None:
    """Given a random graph, when the edges to a survivor are cut one after the other, each time
    that by which it is held, then these were its referrers, all that can be reached without it."""
    dice = random.Random(seed)
    scopes: list[Within] = []
    nodes = random_objects(dice, scopes)
    kept = {id(node) for node in nodes}
    roots = dice.sample(nodes, 3)
    heap.a, heap.b, heap.c = roots
    chosen = dice.choice(nodes)
    scope = scopes[next(number for number, node in enumerate(nodes) if node is chosen)]
    del nodes, roots
    expected = told = None

    _reftrack.pause()
    gc.collect()
    without = reachable([heap.a, heap.b, heap.c], kept, without=id(chosen))
    expected = referrers(chosen, kept) & without
    if any(chosen is root for root in (heap.a, heap.b, heap.c)):
        expected.add(id(vars(heap)))
    number_of_chosen = id(chosen)
    del chosen
    seen = look(scope)
    held = bool(seen.groups)
    if held:
        (group,) = seen.groups
        at: Any = (follow(seen, group[3]) or (None, None))[1]
        assert id(at) == number_of_chosen
        told = told_referrers(seen, 0, at)
    seen.close()
    _reftrack.resume()

    assert held == bool(expected)
    if held:
        assert told == expected


# ---- sizes ----


@pytest.mark.parametrize("seed", range(30))
def test_a_retained_size_is_what_tracemalloc_has_less_when_the_object_goes(
    heap: Any, seed: int
) -> None:
    """Without a ledger: sizes are what the types say, and tracemalloc counts on its own."""
    dice = random.Random(seed)
    tracemalloc.start()
    try:
        nodes: list[Any] = []
        for _ in range(dice.randint(5, 40)):
            nodes.append(dice.choice((list, dict, Node, Slotted))())
            for _ in range(dice.randint(0, 2)):
                refer(nodes[-1], dice.choice((bytes, bytearray))(dice.randint(600, 5000)), dice)
        for _ in range(dice.randint(5, 60)):
            refer(dice.choice(nodes), dice.choice(nodes), dice)
        heap.others = dice.sample(nodes, dice.randint(0, 2))
        heap.target = dice.choice(
            [node for node in nodes if all(node is not o for o in heap.others)]
        )
        nodes.clear()
        gc.collect()
        said = reftrack.retained_size(heap.target)
        expected_held = any(heap.target is each for each in closure(heap.others))
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        del heap.target
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    if expected_held:
        assert before - after < 1000
    else:
        assert said == pytest.approx(before - after, rel=0.05, abs=600)


def closure(roots: list[Any]) -> list[Any]:
    """All that is reached from there, by the collector's account."""
    found: dict[int, Any] = {}
    waiting = list(roots)
    while waiting:
        at = waiting.pop()
        if id(at) not in found and gc.is_tracked(at) and not isinstance(at, type):
            found[id(at)] = at
            waiting += gc.get_referents(at)
    return list(found.values())
