"""Heaps to look at: each consists of what tests have leaked, the suites' beside libraries."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

from reftrack import _reftrack
from reftrack.grouping import Charged
from rows import note

LIBRARIES = (
    "networkx",
    "sympy",
    "sympy.physics.units",
    "sympy.stats",
    "pandas",
    "django.db.models",
)
RECORDS = 1_000
"""Of each leaking test."""

KEPT: dict[str, Any] = {}
"""Where the tests of a suite keep what they leak."""

scopes: dict[int, Charged] = {}
"""Of the ledger's scopes those whose survivors are looked for."""


def begin_test(name: str) -> None:
    """What is made from now on is that test's; without a ledger nobody's."""
    if not _reftrack.recording_now():
        return
    number = _reftrack.new_scope()
    _reftrack.enter_scope(number)
    scopes[number] = Charged("test", f"heaps.HeapTest.test_{name}")


class Node:
    def __init__(self, label: str, children: list[Node]) -> None:
        self.label = label
        self.children = children


def suite(tests: int) -> None:
    """What a test suite's process looks like: libraries, and records that each of its tests adds to
    one list. Each record is a survivor that has to be named by itself."""
    for _ in leaking_tests(tests):
        records = KEPT.setdefault("records", [])
        records.extend(Node(f"record {i}", []) for i in range(RECORDS))


def suite_lists(tests: int) -> None:
    """The same, with a list of each test's own: it is what has to be named."""
    for test in leaking_tests(tests):
        KEPT[f"test {test}"] = [Node(f"record {i}", []) for i in range(RECORDS)]


def leaking_tests(count: int) -> Iterator[int]:
    scopes.clear()
    for test in range(count):
        begin_test(f"number_{test}")
        yield test


def load_libraries(shape: str) -> None:
    """What is there before the tests of a suite: no test's."""
    if not shape.startswith("suite"):
        return
    missing = [name for name in LIBRARIES if find_spec(name.partition(".")[0]) is None]
    if missing:
        note(f"{shape}: a smaller heap, without {', '.join(missing)}")
    for name in LIBRARIES:
        if name not in missing:
            import_module(name)
    if find_spec("django") is not None:
        settings = import_module("django.conf").settings
        if not settings.configured:  # tools that ask all objects things ask these, too
            settings.configure()


def trees(size: int) -> object:
    """Trees of instances, four children to a node: an instance, its list and its label each."""
    level = [Node(f"leaf {i}", []) for i in range(size // 4 + 1)]
    while len(level) > 1:
        level = [Node(f"inner {i}", level[i : i + 4]) for i in range(0, len(level), 4)]
    return level[0]


def chain(size: int) -> object:
    """A linked list: as deep as it has nodes."""
    head: list[Any] = []
    for _ in range(size - 1):
        head = [head]
    return head


def star(size: int) -> object:
    """One list that holds everything: as wide as it has nodes."""
    return [[] for _ in range(size)]


def web(size: int) -> object:
    """Lists that refer to 16 others each, at random: many edges, most of them back or across."""
    generator = random.Random(size)
    nodes: list[list[Any]] = [[] for _ in range(size)]
    for node in nodes:
        node.extend(generator.choices(nodes, k=16))
    return nodes


def registry(size: int) -> object:
    """One dict to which each of many tests adds a list with a string."""
    found: dict[str, list[str]] = {}
    scopes.clear()
    for k in range(size):
        begin_test(f"number_{k}")
        found[f"test {k}"] = [str(k)]
    return found


class Shape(NamedTuple):
    """`sizes` are those that are measured unless others are asked for; `leaks` is the class whose
    instances are made."""

    build: Callable[[int], object]
    sizes: tuple[int, ...]
    peer_size: int  # the same beside other tools; 0: they do not run
    leaks: type


SHAPES = {
    "suite": Shape(suite, (100,), 100, Node),
    "suite-lists": Shape(suite_lists, (100,), 0, Node),
    "chain": Shape(chain, (100_000, 1_000_000, 10_000_000), 100_000, list),
    "star": Shape(star, (100_000, 1_000_000, 10_000_000), 100_000, list),
    "web": Shape(web, (100_000, 1_000_000), 100_000, list),
    "trees": Shape(trees, (10_000, 100_000, 1_000_000, 10_000_000), 0, Node),
    "registry": Shape(registry, (10_000, 100_000), 0, list),
}


def build(shape: str, size: int, frames: int | None) -> None:
    """Make a heap, held by this module, with a ledger of its own that keeps so many frames, or
    without one."""
    load_libraries(shape)
    if frames is not None:
        _reftrack.start(frames)
    begin_test("everything")
    heap = SHAPES[shape].build(size)
    if heap is not None:
        KEPT["heap"] = heap


def container() -> object:
    """An object that keeps what leaked, or a part of it."""
    return next(iter(KEPT.values()))


def sample() -> object:
    """One of the objects that leaked."""
    kept = container()
    return kept[-1] if type(kept) is list and kept else kept
