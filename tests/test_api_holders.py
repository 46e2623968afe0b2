"""reftrack.holders, retained_size and assert_released: questions about objects in hand."""

from __future__ import annotations

import asyncio
import functools
import gc
import sys
import threading
import weakref
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from typing import Any, ClassVar
from unittest import mock

import pytest

import reftrack
import scoped
from reftrack import _reftrack, choosing, heap, tracing
from reftrack.model import Holder


class Order:
    def __init__(self, size: int = 1000) -> None:
        self.data = bytearray(size)


class Shop:
    current: object = None


class Service:
    order: object = None


SHOP: dict[str, object] = {}
SERVICE = Service()


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    yield
    SHOP.clear()
    Shop.current = None
    SERVICE.__dict__.clear()


def names(found: list[Holder]) -> list[str]:
    return [holder.name.removeprefix(f"{__name__}.") for holder in found]


def only(found: list[Holder]) -> Holder:
    """To be given what `holders` says: a function that asks for its caller is another one."""
    (one,) = found
    return one


# ---- holders ----


def test_what_only_the_caller_has_is_held_by_its_variable() -> None:
    order = Order()
    found = only(reftrack.holders(order))
    assert (found.name, found.kind) == (
        "order in test_what_only_the_caller_has_is_held_by_its_variable()",
        "frame",
    )


def test_what_nobody_has_has_no_holder() -> None:
    found = reftrack.holders(Order())
    assert found == []
    found = reftrack.holders([Order(), Order()])
    assert found == []


def test_module_global_and_path() -> None:
    SHOP["last"] = order = Order()
    found = only(reftrack.holders(order))
    assert found.name == f"{__name__}.SHOP"
    assert found.kind == "module-global"
    assert found.owner in ("your test", "your code")
    assert found.path == [f"{__name__}.SHOP['last']"]
    assert found.objects == 1
    assert found.types[0].type == f"{__name__}.Order"
    assert found.retained_bytes > 1000


def test_class_attribute() -> None:
    Shop.current = order = Order()
    found = only(reftrack.holders(order))
    assert (found.name, found.kind) == ("Shop.current", "class-attribute")


def test_instance_attribute_of_a_global() -> None:
    SERVICE.order = order = Order()
    assert names(reftrack.holders(order)) == ["SERVICE.order"]


def test_cache() -> None:
    order = Order()

    @functools.lru_cache
    def latest(number: int) -> object:
        return order_of()

    def order_of() -> object:
        return weak()

    weak = weakref.ref(order)
    latest(1)
    Shop.current = latest
    assert [holder.kind for holder in reftrack.holders(order)] == ["cache"]


def test_closure() -> None:
    def made(order: object) -> Callable[[], object]:
        return lambda: order

    order = Order()
    SHOP["callback"] = made(order)
    assert [holder.kind for holder in reftrack.holders(order)] == ["closure"]


def test_a_variable_that_a_function_shares_is_held_by_the_function() -> None:
    order = Order()

    def told() -> object:
        return order

    found = only(reftrack.holders(order))
    assert (found.name, found.kind) == ("order in the closure of told()", "closure")


def test_thread() -> None:
    ready, end = threading.Event(), threading.Event()
    known: list[weakref.ref[Order]] = []

    def work() -> None:
        order = Order()
        known.append(weakref.ref(order))
        ready.set()
        end.wait()

    thread = threading.Thread(target=work)
    thread.start()
    ready.wait()
    try:
        found = only(reftrack.holders(known[0]()))
        assert found.kind == "thread"
        assert found.name.startswith("order in ")
    finally:
        end.set()
        thread.join()


def test_c_reference() -> None:
    import ctypes

    order = Order()
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(order))
    try:
        found = only(reftrack.holders(order))
        assert found.kind == "c-reference"
        assert found.verdict == "unexplained"
    finally:
        ctypes.pythonapi.Py_DecRef(ctypes.py_object(order))


def test_every_independent_holder_is_named_and_each_names_the_others() -> None:
    order = Order()
    SHOP["a"] = order
    Shop.current = [order]
    SERVICE.order = order
    found = reftrack.holders(order)
    assert set(names(found)) == {"SHOP", "Shop.current", "SERVICE.order"}
    for holder in found:
        assert len(holder.together) == 2
        assert holder.retained_bytes < 1000
        assert holder.together_bytes > 1000


def test_one_holder_that_has_it_twice_is_one() -> None:
    order = Order()
    SHOP["a"], SHOP["b"] = order, {"deep": order}
    assert names(reftrack.holders(order)) == ["SHOP"]
    assert reftrack.holders(order)[0].retained_bytes > 1000


def test_a_container_of_the_callers_is_a_holder() -> None:
    order = Order()
    basket = {"order": order}
    assert names(reftrack.holders(order)) == [
        "basket in test_a_container_of_the_callers_is_a_holder()"
    ]
    assert basket


def test_several_objects_come_in_a_list_which_holds_nothing_itself() -> None:
    orders = [Order(), Order(), Order()]
    SHOP["some"] = orders[:2]
    Shop.current = orders[2]
    first, second = reftrack.holders(orders)
    assert (names([first]), first.objects) == (["SHOP"], 2)
    assert (names([second]), second.objects) == (["Shop.current"], 1)


def test_thousands_that_lie_alike_take_one_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    choose = mock.Mock(wraps=choosing.choose)
    monkeypatch.setattr(choosing, "choose", choose)
    SHOP.update((str(k), Order(1)) for k in range(3000))
    found = only(reftrack.holders(list(SHOP.values())))
    assert (found.name, found.objects) == (f"{__name__}.SHOP", 3000)
    assert choose.call_count < 10


def test_who_holds_the_list_holds_what_is_in_it() -> None:
    orders = [Order(), Order()]
    SHOP["orders"] = orders
    (found,) = reftrack.holders(orders)
    assert (names([found]), found.objects) == (["SHOP"], 2)


def test_a_coroutine_that_asks_does_not_hold() -> None:
    async def asks() -> list[Holder]:
        order = Order()
        Shop.current = order
        await asyncio.sleep(0)
        return reftrack.holders(order)

    assert names(asyncio.run(asks())) == ["Shop.current"]


def test_a_generator_that_asks_does_not_hold() -> None:
    def asks() -> Iterator[list[Holder]]:
        order = Order()
        Shop.current = order
        yield reftrack.holders(order)

    assert names(next(asks())) == ["Shop.current"]


def test_an_object_in_a_cycle_of_its_own_is_held_from_outside_only() -> None:
    order: Any = Order()
    order.itself = [order]
    assert [h.kind for h in reftrack.holders(order)] == ["frame"]
    SHOP["a"] = order
    assert names(reftrack.holders(order)) == ["SHOP"]


@pytest.mark.parametrize("obj", [None, 1, "text", 10**30, (), sys, Order, len, 1.5])
def test_objects_of_any_kind_can_be_asked_about(obj: object) -> None:
    SHOP["obj"] = obj
    assert isinstance(reftrack.holders([obj]), list)


def test_an_empty_container_is_refused() -> None:
    with pytest.raises(reftrack.UsageError, match=r"empty list\n.*holders\(\[container\]\)"):
        reftrack.holders([])


class Touchy:
    """Whose every method says that it was called."""

    called: ClassVar[list[str]] = []
    __slots__ = ("__weakref__",)

    def _call(name: str) -> Any:  # type: ignore[misc]  # called while the class is made, without self
        def method(*_: object) -> Any:
            Touchy.called.append(name)
            raise RuntimeError(name)

        return method

    __eq__ = _call("eq")
    __hash__ = _call("hash")
    __repr__ = _call("repr")
    __sizeof__ = _call("sizeof")
    __bool__ = _call("bool")
    __len__ = _call("len")
    __getattr__ = _call("getattr")
    __class__ = property(_call("class"))


class Meta(type):
    def __instancecheck__(cls, _: object) -> bool:
        raise RuntimeError("instancecheck")

    def __subclasscheck__(cls, _: object) -> bool:
        raise RuntimeError("subclasscheck")

    def __eq__(cls, _: object) -> bool:
        raise RuntimeError("eq")

    def __hash__(cls) -> int:
        raise RuntimeError("hash")

    def mro(cls) -> list[type]:
        return type.mro(cls)


class Odd(metaclass=Meta):
    pass


def test_no_code_of_the_objects_runs() -> None:
    touchy = Touchy()
    SHOP["touchy"] = touchy
    assert names(reftrack.holders(touchy)) == ["SHOP"]
    assert reftrack.retained_size(touchy) > 0
    with pytest.raises(AssertionError, match="Touchy is not released"):
        reftrack.assert_released(touchy)
    with pytest.raises(AssertionError, match="1 instance of Touchy"):
        reftrack.assert_released(Touchy)
    assert Touchy.called == []
    odd = Odd()
    with pytest.raises(AssertionError, match="1 instance of Odd"):
        reftrack.assert_released(Odd)
    assert reftrack.holders(odd)
    assert reftrack.holders([Odd])


def test_it_needs_no_ledger_and_leaves_none() -> None:
    before = _reftrack.recording_now()
    reftrack.holders(Order())
    reftrack.retained_size(Order())
    assert _reftrack.recording_now() == before
    if not before:
        with pytest.raises(RuntimeError, match="not started"):
            _reftrack.new_scope()


# ---- retained_size ----


def freed(make: Callable[[], object]) -> tuple[int, int]:
    """What reftrack says of an object, and what the ledger says that it really freed."""
    gc.collect()  # empties the lists of free objects: one of these would be no new block
    _reftrack.start(4)
    scope = scoped.Within()
    try:
        with scope:
            made = [make()]
        gc.collect()
        said = reftrack.retained_size(made[0])
        before = scope.live
        made.clear()
        gc.collect()
        return said, before - scope.live
    finally:
        _reftrack.stop()


class Slots:
    __slots__ = ("a", "b")

    def __init__(self) -> None:
        self.a, self.b = bytes(5000), bytearray(3000)


class Node:
    def __init__(self, depth: int) -> None:
        self.parent: Node | None = None
        self.children = [Node(depth - 1) for _ in range(3)] if depth else []
        for child in self.children:
            child.parent = self
        self.payload = bytes(100 + depth)


class Text(str):
    """With a dict of its own."""


def text() -> Text:
    made = Text("long text" * 100)
    made.note = bytes(2000)  # type: ignore[attr-defined]  # in the dict that it is about
    return made


def linked() -> list[object]:
    at: list[object] = []
    for _ in range(5000):
        at = [at, bytes(50)]
    return at


MAKERS: dict[str, Callable[[], object]] = {
    "attributes": lambda: Order(10_000),
    "slots": Slots,
    "tree with cycles": lambda: Node(4),
    "dict": lambda: {number: bytes(number) for number in range(300)},
    "list": lambda: [bytes(number) for number in range(300)],
    "deque": lambda: deque(bytes(100) for _ in range(500)),
    "ordered": lambda: OrderedDict((number, bytes(100)) for number in range(500)),
    "set": lambda: {bytes([a, b]) for a in range(20) for b in range(20)},
    "text": text,
    "linked": linked,
    "shared inside": lambda: (lambda part: [part, part, [part]])(bytes(20_000)),
    "exception": lambda: ValueError(bytes(4000)),
}


@pytest.mark.parametrize("name", MAKERS)
def test_retained_size_is_what_goes(name: str) -> None:
    said, went = freed(MAKERS[name])
    assert said == pytest.approx(went, rel=0.03, abs=200)


@pytest.mark.parametrize("name", MAKERS)
def test_retained_size_without_a_ledger_is_about_the_same(name: str) -> None:
    made = MAKERS[name]()
    alone = reftrack.retained_size(made)
    del made
    _, went = freed(MAKERS[name])
    assert alone == pytest.approx(went, rel=0.1, abs=300)


def test_shared_parts_are_not_counted() -> None:
    shared = bytes(50_000)
    SHOP["shared"] = shared
    order = Order()
    order.part = shared  # type: ignore[attr-defined]
    assert 1000 < reftrack.retained_size(order) < 3000
    SHOP.clear()
    assert 1000 < reftrack.retained_size(order) < 3000  # the variable here has it
    del shared
    assert reftrack.retained_size(order) > 50_000


def test_what_is_there_for_good_counts_itself_alone() -> None:
    assert reftrack.retained_size(None) == sys.getsizeof(None)
    assert reftrack.retained_size(1) == sys.getsizeof(1)
    assert reftrack.retained_size("a") == sys.getsizeof("a")
    assert reftrack.retained_size(int) < 20_000  # its methods, not itself
    assert reftrack.retained_size(len) < 200


def test_a_class_keeps_what_only_it_has() -> None:
    class Local:
        data = bytes(30_000)

    assert 30_000 < reftrack.retained_size(Local) < 40_000


def test_a_module_keeps_what_only_it_has() -> None:
    with scoped.module() as module:
        module.data = bytes(40_000)  # type: ignore[attr-defined]
        assert 40_000 < reftrack.retained_size(module) < 45_000


def test_numpy_arrays_with_their_data() -> None:
    numpy = pytest.importorskip("numpy")
    array = numpy.zeros(100_000, dtype="u1")
    assert 100_000 < reftrack.retained_size(array) < 101_000
    view = array[10:20]
    assert reftrack.retained_size(view) < 1000
    SHOP["array"] = array
    assert names(reftrack.holders(array))[0] == "SHOP"


# ---- assert_released ----


def test_released_is_said_of_what_only_the_test_has() -> None:
    order = Order()
    reftrack.assert_released(order)


def test_the_text_names_holder_path_and_line() -> None:
    order = Order()
    SHOP["last"] = order
    with pytest.raises(AssertionError) as caught:
        reftrack.assert_released(order)
    *lines, frees = str(caught.value).splitlines()
    assert lines == [
        "Order is not released",
        f"  held by   module {__name__} -> {__name__}.SHOP",
        f"  path      {__name__}.SHOP['last']",
    ]
    assert frees.startswith("  frees     1.")


def test_no_instance_of_a_class_is_alive() -> None:
    class Derived(Order):
        pass

    reftrack.assert_released(Order)
    SHOP["d"] = Derived()
    with pytest.raises(AssertionError, match=r"1 instance of .*Derived is not released\n.*SHOP"):
        reftrack.assert_released(Order)
    SHOP.clear()
    reftrack.assert_released((Order, Derived))


def test_instances_of_a_metaclass_are_classes() -> None:
    class Meta(type):
        pass

    reftrack.assert_released(Meta)
    SHOP["class"] = Meta("Made", (), {})
    with pytest.raises(AssertionError, match=r"1 instance of .*Meta is not released") as raised:
        reftrack.assert_released(Meta)
    assert f"{__name__}.SHOP['class']" in str(raised.value)


def test_every_class_there_is_has_a_path() -> None:
    """Also Python's own, of which no size is known, and some of which only C code has."""
    classes = tuple(_reftrack.instances((type,)))
    seen = heap.look_at(tracing.choose("native"), classes, None, aside=False)
    assert len(seen.groups) > 100
    assert all(seen.path(step) for *_, step, _, _ in seen.groups)
    seen.close()


def test_instances_that_the_collector_does_not_list_are_found() -> None:
    class Number(int):
        __slots__ = ()

    SHOP["n"] = Number(12345)
    with pytest.raises(AssertionError, match="Number is not released"):
        reftrack.assert_released(Number)


def test_garbage_is_collected_first() -> None:
    order: Any = Order()
    order.itself = order
    del order
    reftrack.assert_released(Order)


def test_a_weak_reference_is_asked_for_what_it_refers_to() -> None:
    order = Order()
    known = weakref.ref(order)
    SHOP["a"] = order
    del order
    with pytest.raises(AssertionError, match="SHOP"):
        reftrack.assert_released(known)
    SHOP.clear()
    reftrack.assert_released(known)


def test_several_are_released_together_or_not() -> None:
    orders = [Order(), Order()]
    reftrack.assert_released(orders)
    SHOP["one"] = orders[0]
    with pytest.raises(AssertionError, match=r"\(1 of them\)"):
        reftrack.assert_released(orders)


def test_nothing_to_release_is_a_mistake() -> None:
    with pytest.raises(reftrack.UsageError, match="empty tuple"):
        reftrack.assert_released(())


def test_a_broken_finalizer_does_not_matter() -> None:
    class Broken:
        def __del__(self) -> None:
            raise RuntimeError("broken")

    broken = Broken()
    SHOP["b"] = broken
    assert names(reftrack.holders(broken)) == ["SHOP"]
    broken.__class__ = type("Fixed", (), {})
