"""What functions mention: names and texts in their code, and in data that belongs to them.

Nothing is asked for anything: what refers to what is told by the collector.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Collection, Iterable
from types import CodeType, ModuleType

from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

_LONGEST = 200
"""Characters of a text that may be a name, or have some in it."""

_DEEPEST, _MOST = 8, 1000
"""Steps into data, and objects that are looked at in all; `mock.patch()` as a decorator has its
target seven steps below the function."""

_WORD = re.compile(r"\w+")
_name_of = type.__dict__["__name__"].__get__


def in_code(code: CodeType) -> set[str]:
    """Names and texts in a function's code, and in that of functions within it."""
    found = {*code.co_names, *code.co_freevars}
    pending = list(code.co_consts)
    for const in pending:
        if type(const) is CodeType:
            found |= in_code(const)
        elif type(const) is str:
            found |= _words(const)
        elif type(const) in (tuple, frozenset):
            pending += const
    return found


def in_data(roots: Iterable[object], namespaces: Collection[int]) -> set[str]:
    """Texts in these objects and in what they refer to, and the names of classes there. Code is no
    data, nor is what modules have: `namespaces` are the id() of their dicts."""
    found: set[str] = set()
    level, seen = list(roots), set[int]()
    for _ in range(_DEEPEST):
        following: list[object] = []
        for each in level:
            if id(each) in seen or len(seen) > _MOST:
                continue
            seen.add(id(each))
            if type(each) is str:
                found |= _words(each)
            elif issubclass(type(each), type):
                found.add(_name_of(each))
            elif type(each) not in (CodeType, ModuleType) and id(each) not in namespaces:
                following += gc.get_referents(each)
        level = following
    return found


def _words(text: str) -> set[str]:
    """The text, and its parts where it is no prose: "app.Case.user", "{0.user}"."""
    is_prose = len(text) > _LONGEST or " " in text or "\n" in text
    return {text} if is_prose else {text, *_WORD.findall(text)}
