"""reftrack's own work in the program: whose errors end there, and what waits until it is done."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reftrack.guard import Apart, when_free
from support import plain


class Outside(Exception):
    pass


def raises_with_frame(number: int, frame: object) -> None:
    raise Outside


def raises_with_any(*given: object) -> None:
    raise Outside


def raises_deeper(*given: object) -> None:
    raises_with_any()


@pytest.fixture
def handle() -> Iterator[Callable[..., object]]:
    before = signal.getsignal(signal.SIGUSR2)
    yield lambda handler: signal.signal(signal.SIGUSR2, handler)
    signal.signal(signal.SIGUSR2, before)


@pytest.mark.parametrize("handler", [raises_with_frame, raises_with_any, raises_deeper])
def test_what_a_signal_handler_raises_is_the_programs(
    handle: Callable[..., object], handler: Callable[..., object]
) -> None:
    notes: list[str] = []
    handle(handler)

    with pytest.raises(Outside), Apart(notes.append):
        os.kill(os.getpid(), signal.SIGUSR2)

    assert notes == []


def test_what_a_function_raises_that_the_program_has_put_in_place_is_noted() -> None:
    notes: list[str] = []

    with Apart(notes.append):
        raises_with_any("sorted", [1, 2])

    assert notes == ["a fault of reftrack: Outside: "]


def test_what_is_asked_for_meanwhile_is_done_once_and_afterwards() -> None:
    done: list[str] = []

    def deed() -> None:
        done.append("begins")
        with Apart(done.append):
            when_free(deed)
            when_free(deed)
        done.append("ends")

    with Apart(done.append):
        when_free(deed)
        when_free(deed)
        assert done == []

    assert done == ["begins", "ends"]
    when_free(deed)
    assert done == ["begins", "ends"] * 2


def test_nothing_on_the_collectors_lists_is_of_a_type_without_a_modules_name() -> None:
    """A suite that looks for its own among all objects goes by `type(object).__module__`."""
    code = (
        "import gc, reftrack._reftrack\n"
        "print([type(o) for o in gc.get_objects() if type(type(o).__module__) is not str])\n"
    )
    assert plain("-c", code, cwd=Path()).stdout == "[]\n"
