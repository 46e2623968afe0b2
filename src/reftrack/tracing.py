"""Where allocations and their tracebacks come from: the native ledger, or tracemalloc beside it.

Both keep sizes and scopes in the ledger. They differ in the source of the allocating lines: the
ledger's own stacks, or tracemalloc's traces, asked for by the true address of a block (its
`get_object_traceback` gives None for class instances on 3.11, cpython#101430).
"""

from __future__ import annotations

import linecache
import re
import sys
import tracemalloc
from collections.abc import Callable, Sequence
from functools import lru_cache
from io import FileIO
from types import ModuleType
from typing import Literal, Protocol

from reftrack import _reftrack
from reftrack.errors import BackendError
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

Line = tuple[str, str, int]
"""(file, function, line number); tracemalloc knows no function: `enclosing_function` finds it."""

_CLASS = re.compile(r"\s*class\s+(\w+)")
_DEFINITION = re.compile(r"\s*(?:async\s+)?def\s+(\w+)")

Stacks = list[tuple[tuple[str, int], ...] | None] | None


class Backend(Protocol):
    """A source of charged allocations."""

    @property
    def name(self) -> Literal["native", "tracemalloc"]: ...

    def start(self, frames: int, libraries: tuple[str, ...] = ()) -> None:
        """Begin to record, with up to `frames` frames each; of the imports of `libraries`, which
        have folders, less. Raises BackendError."""

    def stop(self) -> None: ...

    def reader(self, stacks: Stacks) -> Callable[[int], list[Line]]:
        """Reads the stacks of the last look at the heap: their frames, most recent call last."""


class Native:
    """The ledger with its own stacks."""

    name: Literal["native"] = "native"

    def __init__(self) -> None:
        self._frames = 16

    def start(self, frames: int, libraries: tuple[str, ...] = ()) -> None:
        self._frames = frames
        start_ledger(frames, libraries)

    def stop(self) -> None:
        _reftrack.stop()

    def reader(self, stacks: Stacks) -> Callable[[int], list[Line]]:
        known: dict[int, Line] = {}
        return lambda stack: _reftrack.stack_frames(stack, self._frames, known)


class Tracemalloc:
    """The ledger for sizes and scopes, tracemalloc for the lines: slower, exact for objects that
    come from free lists."""

    name: Literal["tracemalloc"] = "tracemalloc"

    def __init__(self) -> None:
        self._started_by_us = False

    def start(self, frames: int, libraries: tuple[str, ...] = ()) -> None:
        if not tracemalloc.is_tracing():
            tracemalloc.start(frames)
            self._started_by_us = True
            # What waits in free lists it would never know: a collection empties them.
            _reftrack.collect()
        start_ledger(frames, libraries)

    def stop(self) -> None:
        _reftrack.stop()
        if self._started_by_us:
            tracemalloc.stop()
            self._started_by_us = False

    def reader(self, stacks: Stacks) -> Callable[[int], list[Line]]:
        def lines(stack: int) -> list[Line]:
            trace = stacks[stack] if stacks is not None and stack < len(stacks) else None
            return [(file, "", line) for file, line in reversed(trace or ())]

        return lines


def start_ledger(frames: int, libraries: tuple[str, ...]) -> None:
    try:
        _reftrack.start(frames, libraries)
    except MemoryError as error:
        raise BackendError(str(error), hint="free some memory, then run again") from None


def choose(name: Literal["auto", "native", "tracemalloc"]) -> Backend:
    """The backend of that name; `auto` is tracemalloc where the process already traces."""
    if name == "tracemalloc" or (name == "auto" and tracemalloc.is_tracing()):
        return Tracemalloc()
    return Native()


def follow_arrays() -> bool:
    """Be told of numpy's arrays that die, as soon as the program has imported it."""
    numpy = sys.modules.get("numpy")
    array = vars(numpy).get("ndarray") if type(numpy) is ModuleType else None
    if array is not None:
        _reftrack.follow_arrays(array)
    return array is not None


def as_traceback(lines: Sequence[Line]) -> tracemalloc.Traceback:
    """The same frames as `tracemalloc.Traceback`, most recent call last."""
    frames = tuple((file, line) for file, _, line in reversed(lines))
    return tracemalloc.Traceback(frames, len(frames))


@lru_cache(maxsize=4096)
def enclosing_function(file: str, line: int) -> str:
    """The name of the innermost function around a line, by indentation; tracemalloc keeps no names.

    Cheap on purpose: what is allocated here is traced as well.
    """
    lines = source_lines(file)
    if not 0 < line <= len(lines):
        return "<module>"
    depth = _indentation(lines[line - 1])
    for text in reversed(lines[: line - 1]):
        if text.strip() and _indentation(text) < depth:
            depth = _indentation(text)
            if match := _DEFINITION.match(text):
                return match[1]
    match = _DEFINITION.match(lines[line - 1])
    return match[1] if match and ":" in lines[line - 1] else "<module>"


def enclosing_class(file: str, line: int) -> str:
    """The name of the class in whose method a line stands, by indentation; empty without one."""
    lines = source_lines(file)
    depth = _indentation(lines[line - 1]) if 0 < line <= len(lines) else 0
    is_method = depth > 0 and _DEFINITION.match(lines[line - 1]) is not None
    for text in reversed(lines[: line - 1]):
        if not depth:
            break
        if text.strip() and _indentation(text) < depth:
            depth = _indentation(text)
            if is_method and (match := _CLASS.match(text)):
                return str(match[1])
            is_method = is_method or _DEFINITION.match(text) is not None
    return ""


def _indentation(text: str) -> int:
    return len(text) - len(text.lstrip())


@lru_cache(maxsize=64)
def source_lines(file: str) -> list[str]:
    """The lines of a source file, none where it cannot be read. Suites patch `open`, not FileIO."""
    if file.startswith("<"):
        return _lines_in_memory(file)
    try:
        with FileIO(file) as stream:
            return stream.read().decode("utf-8", "replace").splitlines()
    except (OSError, ValueError):
        return _lines_in_memory(file)


def _lines_in_memory(file: str) -> list[str]:
    """What was typed at a prompt or into a notebook is in no file."""
    known = linecache.cache.get(file)
    if type(known) is not tuple or len(known) != 4 or type(known[2]) is not list:
        return []
    return [line.rstrip("\n") for line in known[2] if type(line) is str]
