"""Who refers to an instance: its runner and itself, or anybody else."""

from __future__ import annotations

import functools
import gc
import types
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from reftrack.holding import Known, Weak, is_held

PROGRAM: list[Any] = []


@pytest.fixture(autouse=True)
def program() -> Iterator[None]:
    yield
    PROGRAM.clear()


class Kept:
    """Stands for a test that is over; a runner keeps it."""

    __slots__ = ("__dict__", "__weakref__")

    def method(self) -> None:
        pass


class Node(types.SimpleNamespace):
    pass


def held(prepare: Callable[[Any], object]) -> bool:
    """Is an instance held by others than a runner, which has it in its list?"""
    runner = [Kept()]
    prepare(runner[0])
    return is_held(Weak(runner[0]), lambda instance: Known([instance], [runner], []))


def client_of(instance: Any) -> Node:
    instance.client = client = Node(test=instance, data=[bytearray(9)])
    return client


def weakly(instance: Any) -> object:
    instance.weak = weak = weakref.ref(instance)
    return weak


def caught(instance: Any) -> BaseException:
    """An exception that was caught in a method: its frames refer to the instance."""

    def test(self: Any) -> None:
        raise ValueError

    try:
        test(instance)
    except ValueError as error:
        return error.with_traceback(error.__traceback__.tb_next)  # type: ignore[union-attr]
    raise AssertionError


def values(self: Any) -> Iterator[Any]:
    yield self


def suspended(instance: Any) -> Iterator[Any]:
    generator = values(instance)
    next(generator)
    return generator


OWN: dict[str, Callable[[Any], object]] = {
    "nothing": lambda test: None,
    "an attribute that is itself": lambda test: setattr(test, "me", test),
    "its own bound method": lambda test: setattr(test, "callback", test.method),
    "a partial": lambda test: setattr(test, "callback", functools.partial(print, test)),
    "a lambda": lambda test: setattr(test, "callback", lambda: test),
    "a client": client_of,
    "a generator": lambda test: setattr(test, "values", suspended(test)),
    "an exception": lambda test: setattr(test, "error", caught(test)),
    "a weak reference": lambda test: setattr(test, "weak", weakref.ref(test)),
    "a client's weak proxy": lambda test: setattr(test, "client", Node(up=weakref.proxy(test))),
    "what it shares": lambda test: setattr(test, "shared", PROGRAM),
}
OTHERS: dict[str, Callable[[Any], object]] = {
    "itself": PROGRAM.append,
    "its bound method": lambda test: PROGRAM.append(test.method),
    "its attributes": lambda test: PROGRAM.append(vars(test)),
    "its client's attributes": lambda test: PROGRAM.append(vars(client_of(test))),
    "its client": lambda test: PROGRAM.append(client_of(test)),
    "a weak reference": lambda test: PROGRAM.append(weakref.ref(test)),
    "a weak reference that it has as well": lambda test: PROGRAM.append(weakly(test)),
    "a weak reference to its client": lambda test: PROGRAM.append(weakref.ref(client_of(test))),
    "a weak reference with a callback": lambda test: PROGRAM.append(weakref.ref(test, print)),
    "a weak method": lambda test: PROGRAM.append(weakref.WeakMethod(test.method)),
    "a generator": lambda test: PROGRAM.append(suspended(test)),
    "an exception": lambda test: PROGRAM.append(caught(test)),
    "a class": lambda test: PROGRAM.append(type("C", (), {"test": test})),
}


@pytest.mark.parametrize("name", OWN)
def test_what_hangs_on_the_instance_alone_does_not_hold_it(name: str) -> None:
    assert not held(OWN[name])


@pytest.mark.parametrize("name", OTHERS)
def test_what_the_program_has_does(name: str) -> None:
    assert held(OTHERS[name])


def test_a_large_container_is_not_looked_into() -> None:
    def beside(test: Any) -> None:
        test.rows = [[n] for n in range(10_000)]
        client_of(test)

    def inside(test: Any) -> None:
        test.rows = [[test] for _ in range(10_000)]

    assert not held(beside)
    assert held(inside)  # nothing is let go of on a guess


def test_garbage_holds_until_it_is_collected() -> None:
    def garbage(test: Any) -> None:
        node = Node(test=test)
        node.cycle = node

    gc.disable()
    try:
        runner = [Kept()]
        garbage(runner[0])
        weak = Weak(runner[0])
        assert is_held(weak, lambda test: Known([test], [runner], []))
        gc.collect()
        assert not is_held(weak, lambda test: Known([test], [runner], []))
    finally:
        gc.enable()


def test_leads_explain_what_only_they_have_in_a_cycle() -> None:
    runner = [Kept()]
    info = Node(error=caught(runner[0]))
    info.cycle = info
    weak, lead = Weak(runner[0]), Weak(info)
    del info

    assert not is_held(weak, lambda test: Known([test], [runner], [lead()]))
    PROGRAM.append(vars(lead())["error"])
    assert is_held(weak, lambda test: Known([test], [runner], [lead()]))
