"""Functions that stand in for others: nobody can tell, but by what they do."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import FunctionType
from typing import Any, cast

import pytest

from reftrack.runners.standing import can_be_stood_in_for, stand_in, stands_in


def plain(self: Any, result: Any = None) -> object:
    """Mine."""
    return self, result


def of_every_kind(
    a: int, /, b: Any, c: Any = 3, *d: int, e: int, f: Any = (6,), **g: Any
) -> object:
    return a, b, c, d, e, f, g


def with_a_bare_star(a: int, *, b: int = 2) -> object:
    return a, b


@pytest.mark.parametrize("function", [plain, of_every_kind, with_a_bare_star])
def test_it_is_described_as_the_one_it_stands_in_for(function: Any) -> None:
    made = stand_in(function, lambda _: function)

    assert type(made) is FunctionType
    assert inspect.signature(made) == inspect.signature(function)
    assert inspect.getfullargspec(made) == inspect.getfullargspec(function)
    assert (made.__name__, made.__qualname__) == (function.__name__, function.__qualname__)
    assert (made.__module__, made.__doc__) == (function.__module__, function.__doc__)
    assert inspect.getsource(made) == inspect.getsource(function)


def test_it_passes_on_all_that_it_is_given() -> None:
    made: Callable[..., object] = stand_in(cast(Any, of_every_kind), lambda _: of_every_kind)

    assert made(1, 2, e=5) == (1, 2, 3, (), 5, (6,), {})
    assert made(1, 2, 0, 4, 4, e=5, f=0, h=7) == (1, 2, 0, (4, 4), 5, 0, {"h": 7})
    assert made(1, b=2, e=5, a=9) == (1, 2, 3, (), 5, (6,), {"a": 9})
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'e'"):
        made(1, 2)


def test_a_function_whose_parameters_no_source_could_name_takes_any() -> None:
    code = plain.__code__
    odd = plain.__code__.replace(co_varnames=("self", "not a name", *code.co_varnames[2:]))
    function = FunctionType(odd, globals(), "odd", (None,))

    made = stand_in(function, lambda _: function)

    assert made(1, 2) == (1, 2)


def test_what_runs_later_than_it_is_called_is_left_alone() -> None:
    async def later() -> None: ...

    assert not can_be_stood_in_for(later)
    assert not can_be_stood_in_for(stand_in(cast(Any, plain), lambda _: plain))
    assert can_be_stood_in_for(plain)
    assert not stands_in(plain)
