"""The heap graph: every survivor is found, by the shortest path, with the bytes that it retains."""

from __future__ import annotations

import array
import asyncio
import atexit
import builtins
import collections
import contextvars
import ctypes
import functools
import gc
import io
import itertools
import random
import sys
import threading
import types
from collections.abc import Callable, Coroutine, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any, NamedTuple

import numpy as np
import pytest

from reftrack import _reftrack, tracing
from reftrack.heap import Look
from scoped import Group, Within, edges, groups, holders, look, module
from support import plain

SIZE = 50_000
Heap = Any  # a module of which the tests set any attribute
Make = Callable[[Heap], None]


@pytest.fixture(autouse=True)
def started() -> Iterator[None]:
    _reftrack.start(16)
    yield
    _reftrack.stop()


@pytest.fixture
def heap() -> Iterator[Heap]:
    with module() as made:
        yield made


def blob() -> bytearray:
    return bytearray(SIZE)


def assert_all_found(seen: Look, scope: Within) -> None:
    """Every live byte of the scope belongs to a group, none to an unknown owner."""
    assert [o for o in seen.orphans if o.scope == scope.id] == []
    assert sum(group.bytes for group in groups(seen, scope)) == scope.live


def run(tmp_path: Path, source: str) -> str:
    """A script's output; it must not crash."""
    script = tmp_path / "script.py"
    script.write_text(dedent(source))
    done = plain(script, cwd=tmp_path, env={"PYTHONPATH": str(Path(__file__).parent)})
    assert done.returncode == 0, done.stderr or f"ended by signal {-done.returncode}"
    return done.stdout


# ---- every survivor is found, whatever holds it ----


class Slotted:
    __slots__ = ("big", "other")
    big: object


class Plain:
    big: object

    def method(self) -> None: ...


class Pair(NamedTuple):
    left: object
    right: object


@dataclass
class Record:
    big: object = None


class ListChild(list[object]):
    big: object


class DictChild(dict[str, object]):
    big: object


def in_instance(kind: Callable[[], object]) -> Make:
    def make(heap: Heap) -> None:
        heap.x = kind()
        heap.x.big = blob()

    return make


def in_materialized_dict(heap: Heap) -> None:
    heap.x = Plain()
    heap.x.big = blob()
    assert vars(heap.x)


def in_slot_of_subclass(heap: Heap) -> None:
    heap.x = type("Sub", (Slotted,), {"__slots__": ("third",)})()
    heap.x.big = blob()


def in_class(heap: Heap) -> None:
    heap.x = type("Made", (), {"big": blob()})


def in_closure(heap: Heap) -> None:
    big, other = blob(), 1
    heap.x = lambda: (other, big)


def in_default(heap: Heap) -> None:
    def made(value: object = blob()) -> None: ...

    heap.x = made


def in_keyword_default(heap: Heap) -> None:
    def made(*, value: object = blob()) -> None: ...

    heap.x = made


def in_bound_self(heap: Heap) -> None:
    owner = Plain()
    owner.big = blob()
    heap.x = owner.method


def in_function_attribute(heap: Heap) -> None:
    heap.x = lambda: None
    heap.x.big = blob()


def in_generator(heap: Heap) -> None:
    def rows() -> Iterator[int]:
        big = blob()
        yield len(big)

    heap.x = rows()
    next(heap.x)


def in_coroutine(heap: Heap) -> None:
    class Pause:
        def __await__(self) -> Generator[None, None, None]:
            yield

    async def work() -> int:
        big = blob()
        await Pause()
        return len(big)

    heap.x = work()
    heap.x.send(None)


def in_cache(heap: Heap) -> None:
    heap.x = functools.lru_cache(maxsize=None)(lambda key: blob())
    heap.x(1)


def in_bounded_cache(heap: Heap) -> None:
    heap.x = functools.lru_cache(maxsize=5)(lambda key: blob())
    heap.x(1)


def in_object_array(heap: Heap) -> None:
    heap.x = np.empty((3, 4), dtype=object)
    heap.x[1, 2] = blob()


def in_array_behind_a_view(heap: Heap) -> None:
    made = np.empty(10, dtype=object)
    made[3] = blob()
    heap.x = made[::3]


def in_constant(heap: Heap) -> None:
    namespace: dict[str, object] = {}
    exec(f"def made(): return {b'x' * SIZE!r}", namespace)
    heap.x = namespace.pop("made")


def in_exception(heap: Heap) -> None:
    heap.x = ValueError(1, blob())


def in_traceback(heap: Heap) -> None:
    def fail() -> None:
        big = blob()
        raise ValueError(len(big))

    try:
        fail()
    except ValueError as error:
        heap.x = error


KINDS: dict[str, tuple[Make, list[tuple[str, object]]]] = {
    "list": (lambda m: setattr(m, "x", [None, blob()]), [("index", 1)]),
    "untracked tuple": (lambda m: setattr(m, "x", (1, blob())), [("index", 1)]),
    "untracked dict": (lambda m: setattr(m, "x", {"k": blob()}), [("key", "k")]),
    "nested untracked": (
        lambda m: setattr(m, "x", ({"k": (blob(),)},)),
        [("index", 0), ("key", "k"), ("index", 0)],
    ),
    "tuple key": (lambda m: setattr(m, "x", {("a", 1): blob()}), [("key", ("a", 1))]),
    "text key": (lambda m: setattr(m, "x", {"k" * SIZE: 1}), [("keys", None)]),
    "text key of a list": (lambda m: setattr(m, "x", {"k" * SIZE: []}), [("keys", None)]),
    "key itself": (lambda m: setattr(m, "x", {bytes(SIZE): 1}), [("keys", None)]),
    "set": (lambda m: setattr(m, "x", {bytes(SIZE)}), [("member", None)]),
    "frozenset": (lambda m: setattr(m, "x", frozenset({bytes(SIZE)})), [("member", None)]),
    "nothing between": (lambda m: setattr(m, "x", blob()), []),
    "text": (lambda m: setattr(m, "x", "x" * SIZE), []),
    "wide text": (lambda m: setattr(m, "x", "\u4e00" * (SIZE // 2)), []),
    "integer": (lambda m: setattr(m, "x", 1 << (SIZE * 15 // 2)), []),
    "array": (lambda m: setattr(m, "x", array.array("b", bytes(SIZE))), []),
    "stream": (lambda m: setattr(m, "x", io.BytesIO(bytes(SIZE))), [("ref", None)]),
    "slots": (in_instance(Slotted), [("attr", "big")]),
    "slot of a base": (in_slot_of_subclass, [("attr", "big")]),
    "instance": (in_instance(Plain), [("attr", "big")]),
    "instance with a dict": (in_materialized_dict, [("attr", "big")]),
    "dataclass": (in_instance(Record), [("attr", "big")]),
    "attribute of a list": (in_instance(ListChild), [("attr", "big")]),
    "attribute of a dict": (in_instance(DictChild), [("attr", "big")]),
    "namedtuple": (lambda m: setattr(m, "x", Pair(1, blob())), [("index", 1)]),
    "namespace": (lambda m: setattr(m, "x", types.SimpleNamespace(k=blob())), [("attr", "k")]),
    "class": (in_class, [("attr", "big")]),
    "closure": (in_closure, [("closure", ("big", "other")), ("index", 0), ("cell", None)]),
    "default": (in_default, [("attr", "__defaults__"), ("index", 0)]),
    "keyword default": (in_keyword_default, [("attr", "__kwdefaults__"), ("key", "value")]),
    "bound self": (in_bound_self, [("attr", "__self__"), ("attr", "big")]),
    "function attribute": (in_function_attribute, [("attr", "big")]),
    "partial": (
        lambda m: setattr(m, "x", functools.partial(print, blob())),
        [("attr", "args"), ("index", 0)],
    ),
    "generator": (in_generator, [("local", "big")]),
    "coroutine": (in_coroutine, [("local", "big")]),
    "map": (
        lambda m: setattr(m, "x", map(len, [blob()])),
        [("ref", None), ("index", 0), ("ref", None), ("index", 0)],
    ),
    "deque": (lambda m: setattr(m, "x", collections.deque([blob()])), [("ref", None)]),
    "OrderedDict": (
        lambda m: setattr(m, "x", collections.OrderedDict(k=blob())),
        [("key", "k")],
    ),
    "defaultdict": (
        lambda m: setattr(m, "x", collections.defaultdict(list, k=blob())),
        [("key", "k")],
    ),
    "lru_cache": (in_cache, [("ref", None), ("key", 1)]),
    "bounded lru_cache": (in_bounded_cache, [("ref", None)]),
    "object array": (in_object_array, [("index", (1, 2))]),
    "view of an object array": (in_array_behind_a_view, [("attr", "base"), ("index", 3)]),
    "memoryview": (
        lambda m: setattr(m, "x", memoryview(blob())),
        [("ref", None), ("ref", None)],
    ),
    "constant": (
        in_constant,
        # The first was the docstring, or None, until 3.14 (CO_HAS_DOCSTRING, cpython/code.h).
        [("attr", "__code__"), ("attr", "co_consts"), ("index", int(sys.version_info < (3, 14)))],
    ),
    "exception": (in_exception, [("attr", "args"), ("index", 1)]),
    "traceback": (
        in_traceback,
        [("attr", "__traceback__"), ("attr", "tb_next"), ("attr", "tb_frame"), ("local", "big")],
    ),
}


if sys.version_info >= (3, 15):
    KINDS["frozendict"] = (
        lambda m: setattr(m, "x", vars(builtins)["frozendict"](k=blob())),
        [("key", "k")],
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_survivor_is_found_with_its_path(heap: Heap, kind: str) -> None:
    make, expected = KINDS[kind]
    with Within() as scope:
        make(heap)
    seen = look(scope)
    assert_all_found(seen, scope)
    group = groups(seen, scope)[0]
    assert SIZE * 0.98 <= group.bytes < SIZE * 1.2
    assert group.path[0].edge == "modules"
    assert group.path[1].name == heap.__name__
    assert edges(group) == [("attr", "x"), *expected]


CONTAINERS: dict[str, tuple[Callable[[list[Any]], object], str]] = {
    "list": (list, "index"),
    "tuple": (tuple, "index"),
    "dict": (lambda values: dict(enumerate(values)), "key"),
    "defaultdict": (lambda values: collections.defaultdict(list, enumerate(values)), "key"),
}


@pytest.mark.parametrize("kind", CONTAINERS)
def test_each_of_many_survivors_in_one_container_has_its_own_label(heap: Heap, kind: str) -> None:
    make, edge = CONTAINERS[kind]
    holding = [Slotted() for _ in range(100)]
    heap.x = make(holding)
    with Within() as scope:
        for k, each in enumerate(holding):
            each.big = bytes(1000 + k)
    holding.clear()
    del each
    seen = look(scope)
    found = {group.bytes: edges(group) for group in groups(seen, scope)}
    for k in range(100):
        assert found[sys.getsizeof(bytes(1000 + k))] == [("attr", "x"), (edge, k), ("attr", "big")]


def test_a_dict_that_is_made_of_an_objects_attributes_is_the_objects(heap: Heap) -> None:
    class Row:
        def __init__(self) -> None:
            self.value = [self]

    heap.x = [Row() for _ in range(300)]
    with Within() as scope:
        for each in heap.x:
            vars(each)
    del each
    seen = look(scope)
    assert_all_found(seen, scope)
    assert {step.edge for group in groups(seen, scope) for step in group.path[-1:]} == {"dict"}


def test_the_time_of_a_look_grows_with_a_registry_as_its_size_does(heap: Heap) -> None:
    def explained(tests: int) -> float:
        heap.x = {}
        wanted = bytearray(_reftrack.new_scope() + 1)
        for k in range(tests):
            with Within():
                heap.x[f"test {k}"] = bytearray(100)
            wanted.append(1)
        return min(_reftrack.explain(bytes(wanted), "", tests, False).seconds for _ in range(3))

    # Four times as many would take sixteen times as long if each were searched for.
    assert explained(16_000) < 9 * explained(4000)


def test_each_of_many_survivors_that_are_keys_is_told_as_one(heap: Heap) -> None:
    heap.x = dict.fromkeys(range(100))
    with Within() as scope:
        for k in range(20):
            heap.x[bytes(1000 + k)] = k
    seen = look(scope)
    [group] = [g for g in groups(seen, scope) if g.bytes > 20_000]
    assert edges(group) == [("attr", "x"), ("keys", None)]


def test_many_survivors_that_the_collector_does_not_list_are_all_found(heap: Heap) -> None:
    heap.history = []
    heap.table = {}
    with Within() as scope:
        heap.history.extend(k * 1.5 for k in range(100_000))
        heap.table.update((k, str(k)) for k in range(1000, 21_000))
        heap.pairs = [(k, (k, k + 0.5)) for k in range(10_000)]
    seen = look(scope)
    assert_all_found(seen, scope)
    found: dict[object, int] = collections.Counter()
    for group in groups(seen, scope):
        found.update({label: group.bytes for _, label in edges(group)[:1]})
    assert found["history"] >= 100_000 * 24 + 100_000 * 8
    assert found["table"] >= 20_000 * (28 + 53)
    assert found["pairs"] >= 10_000 * 100


def test_all_blocks_of_a_long_deque_are_its_own(heap: Heap) -> None:
    with Within() as scope:
        heap.x = collections.deque([None] * 300_000)
    assert_all_found(look(scope), scope)


def test_objects_in_a_field_of_a_structured_array_are_found(heap: Heap) -> None:
    heap.x = np.empty(3, dtype=[("number", int), ("object", object)])
    with Within() as scope:
        heap.x["object"][1] = blob()
    assert_all_found(look(scope), scope)


@pytest.mark.xfail(
    sys.version_info < (3, 14),
    reason="the 24 bytes of atexit's own record of it are no object's; 3.14 has a tuple instead",
)
def test_arguments_of_an_atexit_callback_are_found() -> None:
    with Within() as scope:
        atexit.register(len, blob())
    try:
        assert_all_found(look(scope), scope)
    finally:
        atexit.unregister(len)


def test_what_a_code_object_caches_is_its_own() -> None:
    def called() -> bytearray:
        return bytearray(1)

    called()
    with Within() as scope:
        assert called.__code__.co_code
    assert_all_found(look(scope), scope)


def test_frozen_objects_are_found(heap: Heap) -> None:
    with Within() as scope:
        heap.x = [Slotted()]
        heap.x[0].big = blob()
    gc.freeze()
    try:
        seen = look(scope)
    finally:
        gc.unfreeze()
    assert_all_found(seen, scope)
    assert edges(groups(seen, scope)[0]) == [("attr", "x"), ("index", 0), ("attr", "big")]


def test_unreachable_frozen_garbage_is_told_from_what_is_held() -> None:
    def make() -> None:
        one, two = Plain(), Plain()
        one.big, two.big = [two, blob()], one

    with Within() as scope:
        make()
        gc.freeze()
    try:
        seen = look(scope)
    finally:
        gc.unfreeze()
    assert_all_found(seen, scope)
    assert groups(seen, scope)[0].path[0].edge == "garbage"
    [holder] = holders(seen, scope)[:1]
    assert "unreachable" in holder.root
    gc.collect()
    assert scope.live < 1000


# ---- roots ----


def test_a_local_of_a_running_frame_holds_what_nothing_else_does() -> None:
    with Within() as scope:
        mine = [blob()]
    seen = look(scope)
    assert_all_found(seen, scope)
    group = groups(seen, scope)[0]
    assert [(step.edge, step.label) for step in group.path] == [
        ("frame", __file__),
        ("local", "mine"),
        ("index", 0),
    ]
    assert group.path[0].name == f"{__name__}.{sys._getframe().f_code.co_qualname}"
    del mine


@pytest.mark.skipif(sys.version_info < (3, 14), reason="an argument has a reference of its own")
def test_an_argument_is_held_by_the_variable_that_it_is_borrowed_from() -> None:
    """`LOAD_FAST_BORROW`: the callee's `argument` and the caller's stack are not counted."""

    def asked(argument: object) -> tuple[Look, object]:
        return look(scope), argument

    with Within() as scope:
        made = [blob()]
    mine = made  # which is sure to be bound, as what a `with` block binds is not
    del made
    seen, _ = asked(mine)

    (group,) = groups(seen, scope)
    assert [(step.edge, step.label) for step in group.path[1:]] == [("local", "mine"), ("index", 0)]
    assert group.path[0].name == f"{__name__}.{sys._getframe().f_code.co_qualname}"
    del mine, _


@pytest.mark.parametrize("lost", [0, 1])
def test_what_a_suspended_generator_has_borrowed_hides_no_reference_of_c_codes(lost: int) -> None:
    """Given one that waits with a variable on its stack as well: from 3.14 on that reference is not
    counted, and gen_traverse() (Objects/genobject.c) shows it all the same."""

    class Blob(bytearray): ...

    def waits() -> Generator[int, int, None]:
        big = Blob(SIZE)
        yield id(big)
        print(big, (yield 0))

    with Within() as scope:
        generator = waits()
        address = next(generator)
        for _ in range(lost):
            ctypes.pythonapi.Py_IncRef(ctypes.cast(address, ctypes.py_object))
        next(generator)
    seen = look(scope)

    (holder,) = (h for h in holders(seen, scope) if h.survived_bytes >= SIZE)
    assert holder.name.startswith("generator in ")
    assert (holder.retained_bytes >= SIZE) == (lost == 0)
    generator.close()


def test_a_local_of_another_threads_running_frame_holds() -> None:
    started, done = threading.Event(), threading.Event()

    def work() -> None:
        big = blob()
        started.set()
        done.wait()
        big.clear()

    with Within() as scope:
        thread = threading.Thread(target=work)
        thread.start()
        started.wait()
    seen = look(scope)
    group = groups(seen, scope)[0]
    done.set()
    thread.join()
    assert [step.edge for step in group.path] == ["thread", "local"]
    assert group.path[1].label == "big"
    assert group.path[0].name is not None
    assert group.path[0].name.endswith("work")


def test_a_local_of_a_running_generator_holds() -> None:
    found: list[tuple[Look, Within]] = []

    def rows() -> Iterator[int]:
        with Within() as scope:
            big = blob()
        found.append((look(scope), scope))
        yield len(big)

    running = rows()
    next(running)
    seen, scope = found[0]
    assert_all_found(seen, scope)
    assert [(s.edge, s.label) for s in groups(seen, scope)[0].path][-1] == ("local", "big")


@pytest.mark.parametrize("count", [1, 2, 5])
def test_references_that_c_code_holds_are_named_with_their_number(count: int) -> None:
    class Blob(bytearray): ...

    def make() -> ctypes.py_object[Any]:
        made = ctypes.py_object(Blob(SIZE))
        for _ in range(count):
            ctypes.pythonapi.Py_IncRef(made)
        return made

    make()  # ctypes keeps what it looks up
    with Within() as scope:
        make()
    seen = look(scope)
    group = groups(seen, scope)[0]
    assert group.bytes >= SIZE
    assert [(step.edge, step.label) for step in group.path] == [("c", count)]
    plural = "s" if count > 1 else ""
    assert f"C code holds {count} reference{plural} to" in holders(seen, scope)[0].root


@pytest.mark.parametrize("of", ["object", "Base"])
def test_the_registry_of_a_classs_subclasses_is_the_classs_own(heap: Heap, of: str) -> None:
    heap.Base = type("Base", (), {})
    base = object if of == "object" else heap.Base
    heap.kept = type("Kept", (heap.Base,), {})  # an empty registry goes
    with Within() as scope:
        made = [type("K", (base,), {}) for _ in range(15_000)]
        del made
    seen = look(scope)
    name = "object" if of == "object" else "heap_under_test.Base"
    largest = holders(seen, scope)[0]
    assert (largest.name, largest.verdict) == (f"{name}.__subclasses__()", "once")
    assert largest.fix == ""
    assert largest.survived_bytes > 15_000 * 24
    assert groups(seen, scope)[0].path[0].edge == "modules"


def test_a_subclass_is_not_held_by_the_registry_of_its_base(heap: Heap) -> None:
    heap.Base = type("Base", (), {})
    with Within() as scope:
        heap.sub = type("Sub", (heap.Base,), {"big": blob()})
    seen = look(scope)
    assert holders(seen, scope)[0].name == "heap_under_test.sub"


def test_what_the_interpreter_interns_is_its_own() -> None:
    with Within() as scope:
        made = [sys.intern(f"interned by a test {i}") for i in range(200_000)]
        immortal = sys.getrefcount(made[0]) > 1 << 30
        del made
    found = {holder.name: holder for holder in holders(look(scope), scope)}
    table = found["the interpreter's table of interned strings"]
    assert table.survived_bytes >= 200_000 * 16
    assert (table.verdict, table.root, table.fix) == ("once", "the interpreter", "")
    assert ("strings interned for good" in found) is immortal
    if immortal:
        # One may be where the last call left it.
        assert found["strings interned for good"].objects >= 199_999
    unowned = found.get("memory that no Python object owns")
    assert unowned is None or unowned.survived_bytes < SIZE


def test_memory_that_looks_like_no_table_stays_unowned() -> None:
    words = ctypes.c_void_p * 1000
    with Within() as scope:
        ctypes.pythonapi.PyMem_Malloc.restype = ctypes.c_void_p
        block = ctypes.pythonapi.PyMem_Malloc(ctypes.c_size_t(ctypes.sizeof(words)))
        ctypes.memset(block, 0x41, ctypes.sizeof(words))
    seen = look(scope)
    ctypes.pythonapi.PyMem_Free(ctypes.c_void_p(block))
    assert [(o.bytes, o.interned) for o in seen.orphans if o.bytes > 7000] == [(8000, "")]


def test_what_is_written_to_a_text_stream_is_the_streams(heap: Heap) -> None:
    """3.11 has it in a list that stringio_traverse() (stringio.c) does not show."""
    heap.log = io.StringIO()
    with Within() as scope:
        heap.log.write("x" * SIZE)
    seen = look(scope)

    assert_all_found(seen, scope)
    assert {h.name for h in holders(seen, scope)} == {"heap_under_test.log"}


def test_an_address_in_an_objects_memory_is_the_last_thing_to_go_by(heap: Heap) -> None:
    """Given a word that is no reference, and at that address a dict that C code alone holds: what
    is in the dict and has a name elsewhere is held by that name, however long the way."""
    box: list[object] = []
    inner = {"box": box}
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(inner))
    heap.word = itertools.count(id(inner))
    heap.far = {"a": {"b": {"c": {"d": box}}}}
    with Within() as scope:
        box.append(blob())
    del box, inner
    seen = look(scope)

    assert {h.name for h in holders(seen, scope)} == {"heap_under_test.far"}


def test_what_the_interpreter_holds_is_not_looked_for_by_its_address(heap: Heap) -> None:
    with Within() as scope:
        box = [blob()]
        atexit.register(len, box)
    (given,) = (found for found in gc.get_referrers(box) if type(found) is tuple)
    heap.word = itertools.count(id(given))
    del box, given
    seen = look(scope)

    large = {h.name for h in holders(seen, scope) if h.retained_bytes > 1000}
    assert large == {"atexit callbacks"}
    atexit.unregister(len)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="there is no sys.monitoring")
def test_a_callback_of_sys_monitoring_is_held_by_the_interpreter() -> None:
    monitoring = vars(sys)["monitoring"]
    with Within() as scope:
        monitoring.register_callback(4, monitoring.events.LINE, functools.partial(len, blob()))
    seen = look(scope)

    large = {h.name for h in holders(seen, scope) if h.retained_bytes > 1000}
    assert large == {"sys.monitoring"}
    monitoring.register_callback(4, monitoring.events.LINE, None)


@pytest.mark.parametrize("kind", ["frame", "coroutine"])
def test_what_a_frame_has_unused_is_no_reference(heap: Heap, kind: str) -> None:
    """Given a frame that is over, or waits, and in it the address of what its stack had once, where
    now something is that C code alone holds."""
    heap.kept = over = frame_that_is_over() if kind == "frame" else waiting_coroutine()
    with Within() as scope:
        made = [blob()]
    words = (ctypes.c_size_t * (over.__sizeof__() // 8)).from_address(id(over))
    words[len(words) - 1] = id(made)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(made))
    del made, over
    seen = look(scope)

    assert {h.name for h in holders(seen, scope)} == {"C code holds 1 reference to list"}


def frame_that_is_over() -> types.FrameType:
    frame = sys._getframe()
    return [frame, *map(str, (1, 2))][0]  # type: ignore[return-value]  # a stack with some room


def waiting_coroutine() -> Coroutine[None, None, None]:
    @types.coroutine
    def wait() -> Iterator[None]:
        yield

    async def waits() -> None:
        await wait()
        print([1, 2, *map(str, (1, 2, 3))])

    begun = waits()
    begun.send(None)
    return begun


def test_what_a_frame_has_as_well_goes_by_the_survivors_name(heap: Heap) -> None:
    """Given a survivor that leads, by older containers which a frame has, too, to another one."""
    kept: list[object] = [None]
    older = {"in": kept}
    with Within() as scope:
        made = [older, blob()]
        kept[0] = blob()
    heap.kept = made
    del made
    seen = look(scope)

    found = {h.name for h in holders(seen, scope) if h.retained_bytes > 1000}
    assert found == {"heap_under_test.kept"}
    assert_all_found(seen, scope)


LEAKED: dict[str, Callable[[], object]] = {
    "bytes": lambda: bytes(SIZE),
    "bytearray": blob,
    "str": lambda: "\N{SNOWMAN}" * SIZE,
    "list": lambda: [[blob()]],
    "tuple": lambda: tuple(range(1000, 1000 + SIZE)),
    "dict": lambda: dict.fromkeys(map(str, range(5000)), 1.5),
    "ndarray": lambda: pytest.importorskip("numpy").array([blob(), [blob()], None], dtype=object),
}


@pytest.mark.parametrize("type_name", LEAKED)
def test_an_object_to_which_c_code_has_lost_its_last_reference_is_named(type_name: str) -> None:
    def make() -> None:
        made = ctypes.py_object(LEAKED[type_name]())
        ctypes.pythonapi.Py_IncRef(made)

    make()
    kept = [{str(k): k} for k in range(100)]  # else the dict is one of the free list's
    with Within() as scope:
        make()
    seen = look(scope)

    assert_all_found(seen, scope)
    assert {h.name for h in holders(seen, scope) if h.retained_bytes > 1000} == {
        f"C code holds 1 reference to {type_name}"
    }
    del kept


def test_what_a_hidden_tuple_has_in_it_is_the_tuples() -> None:
    def make() -> None:
        made = ctypes.py_object(((1.5, "x" * SIZE), tuple(range(1000, 1100)), bytes(SIZE)))
        ctypes.pythonapi.Py_IncRef(made)

    make()
    with Within() as scope:
        make()
    seen = look(scope)

    assert_all_found(seen, scope)
    assert {group.path[0].type for group in groups(seen, scope)} == {"tuple"}


def test_a_context_variable_holds_through_its_context() -> None:
    variable: contextvars.ContextVar[object] = contextvars.ContextVar("variable")
    with Within() as scope:
        token = variable.set(blob())
    seen = look(scope)
    variable.reset(token)
    group = groups(seen, scope)[0]
    assert group.bytes >= SIZE
    assert "_contextvars.Context" in [step.type for step in group.path]


def test_what_a_context_variable_holds_is_a_contexts() -> None:
    variable: contextvars.ContextVar[object] = contextvars.ContextVar("variable")
    with Within() as scope:
        token = variable.set(blob())
    found = holders(look(scope), scope)
    variable.reset(token)
    assert found[0].kind == "context"


def test_a_task_that_waits_is_held_by_its_loop() -> None:
    async def wait() -> None:
        big = blob()
        await asyncio.sleep(60)
        big.clear()

    loop = asyncio.new_event_loop()
    loop.set_debug(False)  # it would have linecache keep the sources of all frames
    with Within() as scope:
        task = loop.create_task(wait())
        loop.run_until_complete(asyncio.sleep(0))
    seen = look(scope)
    task.cancel()
    loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
    loop.close()
    group = groups(seen, scope)[0]
    assert group.bytes >= SIZE
    assert group.path[-1].label == "big"


# ---- shortest paths ----


def test_a_module_names_a_survivor_rather_than_a_running_frame(heap: Heap) -> None:
    with Within() as scope:
        mine = blob()
        heap.far = [[[[mine]]]]
    seen = look(scope)
    assert groups(seen, scope)[0].path[0].edge == "modules"
    del mine


def test_a_path_through_a_traceback_is_the_last_resort(heap: Heap) -> None:
    def fail(value: object) -> None:
        raise ValueError

    with Within() as scope:
        big = Slotted()
        big.big = blob()
        try:
            fail(big)
        except ValueError as error:
            heap.error = error
        heap.far = {"a": ({"b": [big]},)}
        del big
    group = groups(look(scope), scope)[0]
    assert edges(group)[0] == ("attr", "far")
    del heap.far
    gc.collect()
    group = groups(look(scope), scope)[0]
    assert edges(group)[0] == ("attr", "error")


class Node:
    """Six references that have a name each, and a scope of its own."""

    __slots__ = ("e0", "e1", "e2", "e3", "e4", "e5", "pad")


def random_graph(heap: Heap, seed: int, count: int) -> tuple[list[list[int]], list[Within]]:
    """Nodes in the module's list `roots`, each allocated in a scope of its own."""
    choose = random.Random(seed)
    targets = [
        sorted(choose.sample(range(count), choose.choice([0, 1, 1, 2, 2, 3, 6])))
        for _ in range(count)
    ]
    entries = sorted(choose.sample(range(count), 3))
    targets.append(entries)  # the last is the root
    nodes = []
    scopes = []
    for _ in range(count):
        with Within() as scope:
            node: Any = Node()
            node.pad = bytearray(choose.randrange(5000))
        nodes.append(node)
        scopes.append(scope)
        del node
    for k in range(count):
        for place, target in enumerate(targets[k]):
            setattr(nodes[k], f"e{place}", nodes[target])
    heap.roots = [nodes[k] for k in entries]
    return targets, scopes


def reached(targets: list[list[int]], without: int | None = None) -> dict[int, int]:
    """Node -> length of the shortest path from the root, where node `without` is gone."""
    root = len(targets) - 1
    lengths = {root: 0}
    queue = collections.deque([root])
    while queue:
        at = queue.popleft()
        for target in targets[at]:
            if target not in lengths and target != without:
                lengths[target] = lengths[at] + 1
                queue.append(target)
    return lengths


@pytest.mark.parametrize("seed", range(6))
def test_paths_are_shortest_and_retained_sizes_are_what_cutting_a_node_frees(
    heap: Heap, seed: int
) -> None:
    """Against the definition: what cannot be reached once the node is gone."""
    targets, scopes = random_graph(heap, seed, count=150)
    seen = look(*scopes)
    lengths = reached(targets)
    live = [scope.live for scope in scopes]
    for k, scope in enumerate(scopes):
        found = groups(seen, scope)
        if k not in lengths:
            assert live[k] < 2000  # unreachable: collected
            continue
        lost = lengths.keys() - reached(targets, without=k).keys()
        top = max(found, key=lambda group: group.retained_bytes)
        expected = sum(live[node] for node in lost)
        assert abs(top.retained_bytes - expected) <= 64 * len(lost)  # Python's own integers
        node_steps = [step for step in top.path if step.type.endswith(".Node")]
        assert len(node_steps) == lengths[k]
    assert len(lengths) > 100


STRUCTURES: dict[str, Make] = {
    name: KINDS[name][0]
    for name in (
        "list",
        "nested untracked",
        "slots",
        "instance with a dict",
        "class",
        "closure",
        "generator",
        "bounded lru_cache",
        "object array",
        "OrderedDict",
        "traceback",
    )
}
STRUCTURES["a tree"] = lambda m: setattr(
    m, "x", {k: [(float(j), {j: str(j + 1000)}) for j in range(20)] for k in range(200)}
)
STRUCTURES["a web"] = lambda m: setattr(m, "x", [[*web(), *web()] for _ in range(50)])


def web() -> list[Plain]:
    nodes = [Plain() for _ in range(20)]
    for k, node in enumerate(nodes):
        node.big = [nodes[k * 7 % 20], nodes[k - 1], bytearray(k * 10)]
    return nodes


@pytest.mark.parametrize("structure", STRUCTURES)
def test_retained_bytes_are_what_is_freed_when_the_edge_is_cut(heap: Heap, structure: str) -> None:
    make = STRUCTURES[structure]
    make(heap)  # what is made once only: caches, free lists
    with Within() as scope:
        make(heap)
    seen = look(scope)
    assert_all_found(seen, scope)
    [holder] = [
        found
        for found in holders(seen, scope)
        if found.name.startswith(f"{heap.__name__}.x") or found.kind == "cache"
    ]
    before = scope.live
    del heap.x
    gc.collect()
    freed = before - scope.live
    assert holder.retained_bytes == pytest.approx(freed, rel=0.02, abs=200)
    assert holder.survived_bytes == pytest.approx(freed, rel=0.02, abs=200)


def test_what_two_holders_share_is_retained_by_neither(heap: Heap) -> None:
    with Within() as scope:
        heap.one = Slotted()
        heap.two = Slotted()
        heap.one.big = heap.two.big = blob()
        heap.one.other, heap.two.other = bytearray(10_000), bytearray(20_000)
    seen = look(scope)
    found = {label: g for g in groups(seen, scope) for _, label in edges(g)[:1]}
    assert 10_000 <= found["one"].retained_bytes < 11_000
    assert 20_000 <= found["two"].retained_bytes < 21_000
    assert_all_found(seen, scope)


def test_each_attribute_of_a_module_is_a_group_and_each_container_is_one(heap: Heap) -> None:
    heap.items = []
    with Within() as scope:
        heap.one, heap.two = blob(), blob()
        heap.items += [bytearray(1000) for _ in range(100)]
    seen = look(scope)
    found = collections.Counter(label for g in groups(seen, scope) for _, label in edges(g)[:1])
    assert found["one"] == found["two"] == found["items"] == 1


def test_an_object_whose_own_block_grew_in_a_later_scope_is_charged_for_what_was_added(
    heap: Heap,
) -> None:
    later = Within()

    def items() -> Iterator[int]:
        yield from range(8)
        with later:  # tuple() goes on here with a tuple that was there before
            yield from range(50_000)

    heap.kept = tuple(items())
    seen = look(later)
    assert_all_found(seen, later)
    assert {group[0] for group in seen.groups} == {later.id}
    assert sum(group.bytes for group in groups(seen, later)) >= 8 * 50_000


def test_an_old_container_that_grew_is_told_with_the_scopes_that_made_it_grow(heap: Heap) -> None:
    heap.items = []
    scopes = [Within() for _ in range(3)]
    for scope in scopes:
        with scope:
            heap.items.extend([None] * 20_000)
    seen = look(*scopes)
    for scope in scopes:
        group = max(groups(seen, scope), key=lambda group: group.bytes)
        assert edges(group)[0] == ("attr", "items")
        assert 100_000 < group.bytes < 300_000


def test_what_two_tests_filled_and_others_touched_is_not_called_growing(heap: Heap) -> None:
    """Three tests at least, and half of those that left anything, left what counts."""
    heap.kept = []
    scopes = []
    for size in (60_000, 20_000, 1, 1):
        with Within() as scope:
            heap.kept.append(bytearray(size))
        scopes.append(scope)
    [found] = [h for h in holders(look(*scopes), *scopes) if h.name == f"{heap.__name__}.kept"]
    assert found.verdict == "once"
    with Within() as scope:
        heap.kept.append(bytearray(30_000))
    scopes.append(scope)
    [found] = [h for h in holders(look(*scopes), *scopes) if h.name == f"{heap.__name__}.kept"]
    assert found.verdict == "growing"


def test_classes_of_one_name_in_two_modules_are_two_holders() -> None:
    with module("one_of_two") as one, module("other_of_two") as other:
        for place in (one, other):
            vars(place)["Same"] = type("Same", (), {"__module__": place.__name__})
        with Within() as scope:
            for place in (one, other):
                vars(place)["Same"].kept = blob()
        found = [h for h in holders(look(scope), scope) if h.name == "Same.kept"]
    assert {holder.root for holder in found} == {"module one_of_two", "module other_of_two"}


# ---- lines ----


@pytest.mark.parametrize("backend", [tracing.Native(), tracing.Tracemalloc()], ids=lambda b: b.name)
def test_each_survivor_has_the_line_that_allocated_it(heap: Heap, backend: tracing.Backend) -> None:
    _reftrack.stop()
    backend.start(16)
    try:
        with Within() as scope:
            heap.plain = [Plain() for _ in range(100)]
            heap.slotted = [Slotted() for _ in range(100)]
            heap.blobs = [bytearray(1000) for _ in range(100)]
        here = sys._getframe().f_lineno - 1
        seen = look(scope, backend=backend)
        found = groups(seen, scope)
        lines = {stack: seen.lines(stack) for group in found for stack, _, _ in group.stacks}
    finally:
        backend.stop()
    for back, attribute in enumerate(("blobs", "slotted", "plain")):
        [group] = [group for group in found if edges(group)[:1] == [("attr", attribute)]]
        stack, _, objects = max(group.stacks, key=lambda counted: counted[2])
        assert objects in (100, 101)  # the list itself, where its line is known
        file, _, line = lines[stack][-1]
        assert (file, line) == (__file__, here - back)


# ---- looking changes nothing ----


def test_a_look_charges_nothing_and_can_be_taken_again(heap: Heap) -> None:
    with Within() as scope:
        heap.x = [Plain() for _ in range(1000)]
    before = _reftrack.counters(scope.id)
    with scope:
        first = _reftrack.explain(bytes([0] * scope.id + [1]), "", 100, False)
    assert _reftrack.counters(scope.id)[1] - before[1] < 100  # the answer's own, at most
    second = _reftrack.explain(bytes([0] * scope.id + [1]), "", 100, False)
    assert first.groups[0][1] == second.groups[0][1]


@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_is_left_as_it_was(heap: Heap, enabled: bool) -> None:
    was = gc.isenabled()
    (gc.enable if enabled else gc.disable)()
    try:
        _reftrack.explain(b"", "", 1, False)
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if was else gc.disable)()


def test_groups_beyond_the_limit_are_summed(heap: Heap) -> None:
    heap.lists = [[] for _ in range(10)]
    with Within() as scope:
        for k, each in enumerate(heap.lists):
            each.append(bytearray(1000 * (k + 1)))
        del each
    gc.collect()
    wanted = bytes([0] * scope.id + [1])
    every = _reftrack.explain(wanted, "", 1000, False)
    some = _reftrack.explain(wanted, "", 3, False)
    assert [group[1] for group in some.groups] == [group[1] for group in every.groups][:3]
    assert every.others == (0, 0, 0)
    assert some.others[0] == len(every.groups) - 3
    assert some.others[1] == sum(group[1] for group in every.groups[3:])


calls: list[str] = []


def counted(name: str, value: object = None) -> Callable[..., Any]:
    def hook(*_: object, **__: object) -> Any:
        calls.append(name)
        raise RuntimeError(f"{name} was called: {value}")

    return hook


HOOKS = [
    "__eq__",
    "__hash__",
    "__repr__",
    "__str__",
    "__getattr__",
    "__getattribute__",
    "__sizeof__",
    "__len__",
    "__iter__",
    "__bool__",
    "__format__",
    "__dir__",
    "__contains__",
    "__getitem__",
    "__index__",
    "__reduce__",
    "__ne__",
    "__lt__",
]


def nasty_class(*bases: type, name: str = "Nasty") -> Any:
    """A class of which any use is counted, and raises."""
    meta = type(
        "Meta",
        (type,),
        {
            hook: counted(f"Meta.{hook}")
            for hook in ("__repr__", "__getattribute__", "__getattr__", "__eq__", "__len__")
        }
        | {"__hash__": type.__hash__, "__instancecheck__": counted("Meta.__instancecheck__")},
    )
    body: dict[str, object] = {hook: counted(hook) for hook in HOOKS}
    body["__class__"] = property(counted("__class__"))
    if not bases:
        body["__dict__"] = property(counted("__dict__"))
    return meta(name, bases, body)


def test_no_code_of_the_program_runs(heap: Heap) -> None:
    new, set_attribute = object.__new__, object.__setattr__
    nasty = nasty_class()

    def fill() -> None:
        for _ in range(20):
            made = new(nasty)
            heap.instances.append(made)
        lazy = types.ModuleType("lazy_under_test")
        vars(lazy)["__getattr__"] = counted("module.__getattr__")
        vars(lazy)["big"] = blob()
        sys.modules["lazy_under_test"] = lazy
        odd = type.__call__(nasty_class(types.ModuleType, name="OddModule"), "odd_under_test")
        object.__getattribute__(odd, "__dict__")["big"] = blob()
        sys.modules["odd_under_test"] = odd
        for base in (list, dict, set, bytearray, str, int, Exception):
            holder = base.__new__(nasty_class(base))
            set_attribute(holder, "big", blob())
            heap.instances.append(holder)
        hashed = type("Hashed", (), {"__hash__": lambda _: 1, "__eq__": counted("key.__eq__")})
        heap.by_key[hashed()] = blob()
        heap.keys.add(hashed())
        heap.properties = type("P", (), {"value": property(counted("property")), "d": Descriptor()})
        heap.owner = heap.properties()
        vars(heap.owner)["big"] = blob()

    class Descriptor:
        __get__ = counted("__get__")

    heap.instances, heap.by_key, heap.keys = [], {}, set()
    try:
        with Within() as scope:
            fill()
        calls.clear()
        seen = look(scope)
        found = holders(seen, scope)
        assert calls == []
        assert sum(holder.survived_bytes for holder in found) == scope.live
    finally:
        sys.modules.pop("lazy_under_test", None)
        sys.modules.pop("odd_under_test", None)


@pytest.mark.parametrize("key", ["__name__", "__module__"])
def test_no_comparison_of_a_namespaces_own_keys_runs(heap: Heap, key: str) -> None:
    class Key(str):
        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            calls.append("Key.__eq__")
            return str.__eq__(self, other)

    odd = sys.modules["odd_under_test"] = types.ModuleType("odd_under_test")
    vars(odd).clear()
    vars(odd)[Key("__name__")] = "odd_under_test"
    made = type("Made", (), {Key("__module__"): "m"}) if key == "__module__" else Plain
    try:
        with Within() as scope:
            vars(odd if key == "__name__" else heap)["x"] = [made(), blob()]
        calls.clear()
        look(scope)
        assert calls == []
    finally:
        del sys.modules["odd_under_test"]


def test_a_look_leaves_no_dict_snapshot_or_frame_behind(heap: Heap) -> None:
    heap.x = Plain()
    heap.x.big = blob()

    def rows() -> Iterator[int]:
        value = blob()
        yield len(value)

    heap.rows = rows()
    next(heap.rows)
    gc.collect()
    references, objects = sys.getrefcount(heap.x), len(gc.get_objects())
    for _ in range(3):
        _reftrack.explain(b"\1\1", "", 10, False)
    gc.collect()
    references -= sys.getrefcount(heap.x)
    objects -= len(gc.get_objects())
    assert references == 0
    assert abs(objects) < 20


# ---- shapes ----

DEEP = """
import sys
from reftrack import _reftrack
from scoped import Within, groups, holders, look, module

class Node:
    __slots__ = ("next",)

def chain(n):
    last = None
    for _ in range(n):
        node = Node()
        node.next = last
        last = node
    return last

def nested(n, make):
    last = None
    for _ in range(n):
        last = make(last)
    return last

_reftrack.start(4)
with module() as heap:
    with Within() as scope:
        heap.x = {expression}
    seen = look(scope)
    found = holders(seen, scope)
    size = scope.live
    assert sum(g.bytes for g in groups(seen, scope)) == size
    assert found[0].survived_bytes > 0.99 * size, found
    assert abs(found[0].retained_bytes - size) < 0.01 * size
    assert sum(len(text) for text in found[0].path) < 100_000
    print(found[0].name, size > {least})
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("expression", "least"),
    [
        ("chain(1_000_000)", 40_000_000),
        ("nested(1_000_000, lambda last: (last,))", 40_000_000),
        ("[float(k) for k in range(1_000_000)]", 30_000_000),
        ("nested(1_000_000, lambda last: [last])", 50_000_000),
        ("nested(1_000_000, lambda last, one=str(scope.id) * 9: [last, one])", 50_000_000),
    ],
    ids=["linked list", "nested tuples", "flat list", "nested lists", "a leaf that all share"],
)
def test_a_million_objects_in_a_row_are_one_holder(
    tmp_path: Path, expression: str, least: int
) -> None:
    source = DEEP.replace("{expression}", expression).replace("{least}", str(least))
    assert run(tmp_path, source).split() == ["heap_under_test.x", "True"]


def test_a_running_recursion_of_thousands_of_frames_is_no_hindrance(heap: Heap) -> None:
    found: list[Group] = []

    def descend(depth: int) -> None:
        if depth:
            return descend(depth - 1)
        with Within() as scope:
            heap.x = blob()
        found.extend(groups(look(scope), scope)[:1])
        return None

    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        descend(9000)
    finally:
        sys.setrecursionlimit(limit)
    assert found[0].bytes >= SIZE
    assert edges(found[0]) == [("attr", "x")]


def test_the_anchor_stands_on_the_path_that_is_told_of_a_list_that_many_tests_made(
    heap: Heap,
) -> None:
    """The middle of a very long path is one step; what is said of it goes by the steps told."""
    scopes = [Within() for _ in range(400)]
    for scope in scopes:
        with scope:
            heap.x = [getattr(heap, "x", None), blob()]

    seen = look(*scopes)

    for scope in scopes:
        largest = max(groups(seen, scope), key=lambda group: group.bytes)
        assert -1 < largest.anchor < len(largest.path)
    deepest = max(groups(seen, scopes[0]), key=lambda group: group.bytes)
    assert len(deepest.path) - 3 <= deepest.anchor  # its list, or none before its own bytes


def test_the_root_of_all_paths_is_made_by_no_scope(heap: Heap) -> None:
    """Also where nothing is told, so that no step has an object."""
    with Within() as empty:
        pass
    with Within() as scope:
        heap.x = blob()

    for seen in (look(empty), look(scope)):
        assert seen.made_by(0) == 0
        with pytest.raises(ValueError, match="no step"):
            seen.made_by(len(seen.steps))
