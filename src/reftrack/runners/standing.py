"""Functions that stand in for others, and are called, asked and shown as those would be.

A plain function in a class's namespace is what `inspect`, pydoc and others that read classes expect
there. One that takes `*args` would be another function to who asks for its code's parameters.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

from reftrack.runners import hide_frames
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

# unittest leaves frames whose globals have this name out of the tracebacks that it prints.
__unittest = True

_PASSED_OVER = f"{__file__}:importlib._bootstrap"
"""A file whose frames `warnings` does not count (`_is_internal_frame`, Lib/warnings.py): a warning
with a stack level goes on naming the line that it always named."""

_SUSPENDED = 0x20 | 0x80 | 0x200  # CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR
_VAR_POSITIONAL, _VAR_KEYWORD = 0x04, 0x08
_ANY = "(self, /, *args, **kwargs)", "(self, *args, **kwargs)", "self"

Chosen = Callable[[Any], Callable[..., Any]]
"""What to call, by the first argument: most often the instance."""


def stands_in(attribute: object) -> bool:
    return type(attribute) is FunctionType and attribute.__globals__ is globals()


def can_be_stood_in_for(attribute: object) -> bool:
    """Only for what runs when it is called, and not already."""
    if type(attribute) is not FunctionType or stands_in(attribute):
        return False
    return not attribute.__code__.co_flags & _SUSPENDED


def stand_in(function: FunctionType, chosen: Chosen) -> FunctionType:
    """A function as `function`, that calls what is `chosen` at each call."""
    made: FunctionType = _maker(*_parameters(function.__code__))(chosen, hide_frames)
    functools.update_wrapper(made, function)
    made.__defaults__, made.__kwdefaults__ = function.__defaults__, function.__kwdefaults__
    return made


def _parameters(code: CodeType) -> tuple[str, str, str]:
    """How the function declares its parameters, without their defaults; how to pass them on; and
    the first of them."""
    names = list(code.co_varnames)
    plain = names[: code.co_argcount]
    keyword = names[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    rest = names[code.co_argcount + code.co_kwonlyargcount :]
    declared, passed = list(plain), list(plain)
    if code.co_posonlyargcount:
        declared.insert(code.co_posonlyargcount, "/")
    if code.co_flags & _VAR_POSITIONAL:
        star = f"*{rest.pop(0)}"
        declared.append(star)
        passed.append(star)
    elif keyword:
        declared.append("*")
    declared += keyword
    passed += [f"{name}={name}" for name in keyword]
    if code.co_flags & _VAR_KEYWORD:
        declared.append(f"**{rest[0]}")
        passed.append(declared[-1])
    first = plain[0] if plain else "None"
    return f"({', '.join(declared)})", f"({', '.join(passed)})", first


@functools.lru_cache(maxsize=64)
def _maker(declared: str, passed: str, first: str) -> Callable[..., Any]:
    """Makes functions with these parameters."""
    source = (
        "def make(_reftrack_chosen, _reftrack_hide):\n"
        f"    def stand_in{declared}:\n"
        "        try:\n"
        f"            return _reftrack_chosen({first}){passed}\n"
        "        except BaseException as _reftrack_error:\n"
        "            _reftrack_hide(_reftrack_error)\n"
        "            raise\n"  # which adds no frame: there is none of reftrack's in tracebacks
        "    return stand_in\n"
    )
    made: dict[str, Any] = {}
    try:
        code = compile(source, _PASSED_OVER, "exec", dont_inherit=True)
    except SyntaxError:  # names that no source has: a tool made this function
        return _maker(*_ANY)
    exec(code, globals(), made)
    maker: Callable[..., Any] = made["make"]
    return maker
