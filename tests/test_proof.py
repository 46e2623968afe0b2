"""The proof: edges are really cut in a copy of the process, which itself is not touched."""

from __future__ import annotations

import collections
import contextvars
import functools
import gc
import os
import re
import signal
import threading
import time
import types
from collections.abc import Callable, Generator, Iterator
from typing import Any

import numpy as np
import pytest

from reftrack import _reftrack, proof
from reftrack.guard import quietly
from reftrack.heap import Edge, Look
from scoped import Within, groups, look, module
from support import FOR_LINUX

pytestmark = pytest.mark.skipif(not FOR_LINUX, reason="proofs need Linux")

SIZE = 50_000
BLOB_BYTES = bytearray(SIZE).__sizeof__()  # 3.15 has them in a bytes object
SECONDS = 30.0


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
    big: object


class Slotted:
    __slots__ = ("big",)
    big: object


class ListChild(list[object]):
    big: object


def blob() -> bytearray:
    return bytearray(SIZE)


def last_edge(seen: Look, scope: Within) -> int:
    """The edge to the largest survivor."""
    largest = groups(seen, scope)[0]
    return next(g[3] for g in seen.groups if g[0] == scope.id and g[1] == largest.bytes)


def prove(seen: Look, *edges: Edge) -> tuple[int | None, str, int | str]:
    _reftrack.pause()
    gc.collect()
    try:
        return _reftrack.prove(seen.answer, edges, SECONDS, quietly)
    finally:
        _reftrack.resume()


def in_attribute(kind: Callable[[], object]) -> Callable[[Any], None]:
    def make(heap: Any) -> None:
        heap.x = kind()
        heap.x.big = blob()

    return make


def in_class(heap: Any) -> None:
    heap.x = type("Made", (), {"big": blob()})


def in_dict_of_instance(heap: Any) -> None:
    heap.x = Node()
    heap.x.big = blob()
    assert vars(heap.x)


def in_closure(heap: Any) -> None:
    big = blob()
    heap.x = lambda: big


def in_default(heap: Any) -> None:
    def made(value: object = blob()) -> None: ...

    heap.x = made


def in_generator(heap: Any) -> None:
    def rows() -> Generator[int, None, None]:
        big = blob()
        yield len(big)

    heap.x = rows()
    next(heap.x)


def in_traceback(heap: Any) -> None:
    def fail() -> None:
        big = blob()
        raise ValueError(len(big))

    try:
        fail()
    except ValueError as error:
        heap.x = error


def in_exception(heap: Any) -> None:
    heap.x = ValueError(1, blob())


def in_context(heap: Any) -> None:
    heap.x = contextvars.Context()
    heap.y = contextvars.ContextVar[object]("y")
    heap.x.run(heap.y.set, blob())


def in_object_array(heap: Any) -> None:
    heap.x = np.empty((3, 4), dtype=object)
    heap.x[1, 2] = blob()


RECORD = np.dtype([("number", "i1"), ("inner", [("objects", "O", (2,))])])


def in_field_of_record(heap: Any) -> None:
    heap.x = np.zeros(3, RECORD)
    heap.x[1]["inner"]["objects"][1] = blob()


KINDS: dict[str, Callable[[Any], None]] = {
    "module": lambda m: setattr(m, "x", blob()),
    "list": lambda m: setattr(m, "x", [None, blob()]),
    "the same thrice": lambda m: setattr(m, "x", [blob()] * 3),
    "tuple": lambda m: setattr(m, "x", (1, blob())),
    "dict": lambda m: setattr(m, "x", {"k": blob()}),
    "dict with numbers": lambda m: setattr(m, "x", {1: blob()}),
    "key": lambda m: setattr(m, "x", {bytes(SIZE): 1}),
    "text key": lambda m: setattr(m, "x", {"k" * SIZE: 1}),
    "set": lambda m: setattr(m, "x", {bytes(SIZE)}),
    "frozenset": lambda m: setattr(m, "x", frozenset({bytes(SIZE)})),
    "deque": lambda m: setattr(m, "x", collections.deque([1, blob(), 2])),
    "ordered": lambda m: setattr(m, "x", collections.OrderedDict(k=blob())),
    "default dict": lambda m: setattr(m, "x", collections.defaultdict(int, k=blob())),
    "instance": in_attribute(Node),
    "instance with a dict": in_dict_of_instance,
    "slots": in_attribute(Slotted),
    "attribute of a list": in_attribute(ListChild),
    "namespace": lambda m: setattr(m, "x", types.SimpleNamespace(k=blob())),
    "class": in_class,
    "closure": in_closure,
    "default": in_default,
    "partial": lambda m: setattr(m, "x", functools.partial(print, blob())),
    "generator": in_generator,
    "traceback": in_traceback,
    "exception": in_exception,
    "context": in_context,
    "object array": in_object_array,
    "field of a record": in_field_of_record,
    "record of an array": lambda m: setattr(m, "x", np.zeros(SIZE, [("a", "u1")])[1]),
    "view of an array": lambda m: setattr(m, "x", np.zeros(SIZE, "u1")[::2]),
    "iterator": lambda m: setattr(m, "x", iter([blob()])),
    "property": lambda m: setattr(m, "x", property(functools.partial(print, blob()))),
    "weak callback": lambda m: setattr(m, "x", functools.partial(blob().__len__)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_edge_to_a_survivor_can_be_cut(heap: Any, kind: str) -> None:
    with Within() as scope:
        KINDS[kind](heap)
    seen = look(scope)
    path = seen.path(last_edge(seen, scope))
    for number in seen.numbers(last_edge(seen, scope))[3:]:
        before, edge, *_ = seen.steps[number]
        if (edge, seen.steps[before][3]) == ("dict", "type"):
            assert prove(seen, number) == (None, "edge", "type")
            continue
        foretold = seen.cut([number])

        proved = prove(seen, number)

        assert proved[1:] == ("", 0), (path, seen.steps[number])
        assert proved[0] == pytest.approx(foretold.bytes, abs=200), (path, seen.steps[number])
    assert scope.live > SIZE


def test_a_local_of_a_running_frame_can_be_cut(heap: Any) -> None:
    def running() -> None:
        mine = holder()
        seen = look(scope)
        assert [step.label for step in seen.path(last_edge(seen, scope))][-1] == "mine"
        assert prove(seen, last_edge(seen, scope)) == (BLOB_BYTES, "", 0)
        assert len(mine) == SIZE

    def holder() -> bytearray:
        with scope:
            return blob()

    scope = Within()
    running()


@pytest.mark.parametrize("bound", [None, 5])
def test_the_entries_of_a_cache_can_be_cut(heap: Any, bound: int | None) -> None:
    @functools.lru_cache(maxsize=bound)
    def total(key: object) -> object:
        return blob()

    heap.total = total
    del total
    with Within() as scope:
        for k in range(4):
            heap.total(("key", k))
    seen = look(scope)
    path = seen.path(seen.groups[0][3])
    at = next(k for k, step in enumerate(path) if "lru_cache" in step.type)
    edge: Edge = (seen.numbers(seen.groups[0][3])[at + 1], "cache")
    foretold = seen.cut([edge])

    assert prove(seen, edge)[0] == pytest.approx(foretold.bytes, abs=400)
    assert heap.total.cache_info().currsize == 4


CONTAINERS: dict[str, Callable[[], Any]] = {
    "list": list,
    "dict": dict,
    "set": set,
    "ordered": collections.OrderedDict,
    "deque": collections.deque,
    "list's child": ListChild,
}


DEQUES_SPARE = 16 * 528
"""Bytes that an empty deque keeps for later: MAXFREEBLOCKS, Modules/_collectionsmodule.c."""


def put(container: Any, key: int, item: object) -> None:
    if isinstance(container, dict):
        container[key] = item
    else:
        getattr(container, "add" if isinstance(container, set) else "append")(item)


@pytest.mark.parametrize("kind", CONTAINERS)
def test_what_was_put_into_a_container_of_two_names_is_cut_as_one(heap: Any, kind: str) -> None:
    heap.x, heap.y = CONTAINERS[kind](), Node()
    heap.y.one = heap.x
    put(heap.x, 0, bytes(SIZE))
    with Within() as scope:
        for k in range(1, 4):
            put(heap.x, k, bytes(SIZE + k))
    seen = look(scope)
    entries: Edge = (last_edge(seen, scope), "entries")
    foretold = seen.cut([entries], [0])

    assert foretold.still_held == {}
    assert prove(seen, entries) == (foretold.bytes, "", 0)
    assert foretold.bytes == pytest.approx(3 * (SIZE + 33), abs=20)
    assert len(heap.x) == 4


@pytest.mark.parametrize("kind", CONTAINERS)
def test_a_container_that_grew_is_emptied(heap: Any, kind: str) -> None:
    heap.x, heap.y = CONTAINERS[kind](), Node()
    heap.y.one = heap.x
    with Within() as scope:
        for k in range(10_000):
            put(heap.x, k % 250, k % 250)  # numbers that the interpreter has for good
    seen = look(scope)
    edge = last_edge(seen, scope)
    contents: Edge = (edge, "contents")
    foretold = seen.cut([contents], [0])

    assert scope.live > 8_000
    assert prove(seen, contents)[0] == pytest.approx(foretold.bytes, abs=DEQUES_SPARE)
    assert foretold.survivor_bytes == pytest.approx(scope.live, abs=300)
    assert prove(seen, edge)[0] == 0, "the other name keeps it"


def test_what_is_no_container_is_not_emptied(heap: Any) -> None:
    with Within() as scope:
        heap.x = Node()
        heap.x.one = blob()
    seen = look(scope)

    assert prove(seen, (seen.numbers(last_edge(seen, scope))[3], "contents"))[:2] == (None, "edge")


# ---- where there is no proof, it is said why ----


def kept(heap: Any) -> tuple[Look, int]:
    with Within() as scope:
        heap.x = blob()
    seen = look(scope)
    return seen, last_edge(seen, scope)


def test_a_path_that_has_changed_since_is_not_followed(heap: Any) -> None:
    seen, edge = kept(heap)
    heap.x = None

    assert prove(seen, edge) == (None, "path", 0)


def test_little_memory_is_told(heap: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, edge = kept(heap)
    monkeypatch.setattr(proof, "free_bytes", lambda: 3 << 20)

    ((size, reason),) = proof.proved(seen, [[edge]])

    assert size is None
    assert re.fullmatch(r"3 MiB are free, \d+ MiB are needed", reason)


def test_what_the_system_has_free_is_read() -> None:
    assert (proof.free_bytes() or 0) > 1 << 20


def test_all_proofs_have_a_time_in_common(heap: Any) -> None:
    seen, edge = kept(heap)

    assert proof.proved(seen, [[edge]], 0.0) == [(None, "the proofs before it took 0 s")]


@pytest.mark.parametrize(("run", "limit"), [(1, 2.0), (100, 3.0), (3600, 10.0)])
def test_proofs_take_a_small_share_of_a_long_run(run: float, limit: float) -> None:
    assert proof.seconds_for_all(run) == pytest.approx(limit)


def test_nothing_to_cut_is_told(heap: Any) -> None:
    seen, edge = kept(heap)

    without, proved = proof.proved(seen, [[], [edge]])

    assert without == (None, "no object refers to it, so there is no edge to cut")
    assert proved[0] is not None


def test_a_look_that_is_closed_proves_nothing(heap: Any) -> None:
    seen, edge = kept(heap)
    seen.close()

    with pytest.raises(ValueError, match="freed"):
        prove(seen, edge)


def test_no_descriptor_and_no_child_is_left(heap: Any) -> None:
    seen, edge = kept(heap)
    before = os.listdir("/proc/self/fd")

    for _ in range(5):
        assert prove(seen, edge)[1] == ""

    assert os.listdir("/proc/self/fd") == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_figures_of_the_ledger_stay(heap: Any) -> None:
    seen, edge = kept(heap)
    _reftrack.pause()
    before = [_reftrack.counters(scope) for scope in range(3)]

    assert _reftrack.prove(seen.answer, [edge], SECONDS, quietly)[1] == ""

    assert [_reftrack.counters(scope) for scope in range(3)] == before
    _reftrack.resume()
    assert len(heap.x) == SIZE


def test_an_interrupt_ends_the_copy(heap: Any) -> None:
    class Endless:
        def __init__(self) -> None:
            self.big = blob()

        def __del__(self) -> None:
            while os.getpid() != parent:
                time.sleep(1)

    parent = os.getpid()
    with Within() as scope:
        heap.x = Endless()
    seen = look(scope)
    edge = seen.numbers(last_edge(seen, scope))[3]
    timer = threading.Timer(0.5, os.kill, (parent, signal.SIGINT))
    timer.start()

    with pytest.raises(KeyboardInterrupt):
        prove(seen, edge)

    timer.join()
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG | getattr(os, "__WALL", 0x40000000))
