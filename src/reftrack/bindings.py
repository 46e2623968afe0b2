"""Whether a container has something in it where its name is bound, as far as the source says so."""

from __future__ import annotations

from re import compile as pattern

from reftrack import sources
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

_EMPTY = r"(?:\{\}|\[\]|[\w.]+\((?:list|dict|set)?\))\s*(?:[#;].*)?"

_NOTHING = (
    r"\s*(?:\)|$|\d|maxlen\b|maxsize\b|lambda\b|-|"
    r"(?:list|dict|set|int|str|float|bytes|tuple|bool|None|\[\]|\(\)|\{\}|'\w'|\"\w\")"
    r"\s*(?:\)|,\s*maxlen))"
)
"""Arguments of a call that put nothing into a container: none, a factory, a size, a type's code."""

_OF_SIZE = ("queue", "_queue", "asyncio.queues")
"""Modules whose containers are given no more than a size."""

_SETTING = r"\s*\w+\s*="
"""An argument with a name is an entry of a dict's, but how one of the user's own is to be."""


def starts_empty(owner: str, name: str) -> bool:
    """Is it a container that nothing is in where it is bound?"""
    found = sources.bound(owner, name)
    return bool(found) and all(map(pattern(_EMPTY).fullmatch, found))


def has_key(owner: str, text: str) -> bool:
    """Does the source of a module or class have the text that is the first key in a name such as
    `app.TABLE['key'][0]`? A container under it may be as old as that."""
    key = pattern(r"[^\[]*\[(?:'([^'\\]*)'|\"([^\"\\]*)\")\]").match(text)
    if key is None:
        return False
    word = key[1] or key[2] or ""
    return any(f"'{word}'" in line or f'"{word}"' in line for line in sources.lines_of(owner))


def starts_filled(owner: str, name: str, value: str) -> bool:
    """Is it a container with something in it, where it is bound first: a literal, or a call of its
    type, which is called `value`?"""
    first = next(iter(sources.bound(owner, name)), "")
    if first.startswith(("[", "{")):
        return not pattern(_EMPTY).fullmatch(first)
    module, _, type_name = value.rpartition(".")
    call = pattern(r"(?:\w+\.)*(\w+)\((.*)").match(first)
    if call is None or call[1] != type_name or module in _OF_SIZE:
        return False
    if pattern(_NOTHING).match(call[2]):
        return False
    return module in ("", "collections") or not pattern(_SETTING).match(call[2])
