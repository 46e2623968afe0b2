"""The lines that allocated what a holder keeps, as the user's own code has them."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from functools import cache

from reftrack import owners
from reftrack.heap import Counted
from reftrack.model import Allocation, Frame, Verdict
from reftrack.tracing import Line, enclosing_function, source_lines
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

LISTED = 20
"""Types and allocating stacks listed per holder."""

SMALL = 64 << 10
LISTED_OF_SMALL = 3
"""The same for a holder of less than SMALL bytes: a suite has thousands of them."""

STACKS_READ = 200
STACKS_READ_OF_SMALL = 20
"""Stacks whose lines are read per holder, the largest first; many come down to the same lines."""


def stacks_read(size: int) -> int:
    """How many stacks to ask for, of a holder of so many bytes."""
    return STACKS_READ if size >= SMALL else STACKS_READ_OF_SMALL


def listed(
    stacks: Counted, total: int, lines: Callable[[int], tuple[Line, ...]]
) -> list[Allocation]:
    """Stacks that come down to the same lines of the user's code, as one."""
    return all_listed(stacks, lines, LISTED if total >= SMALL else LISTED_OF_SMALL)


def all_listed(
    stacks: Counted, lines: Callable[[int], tuple[Line, ...]], most: int | None = None
) -> list[Allocation]:
    """The same, of any size; at most so many."""
    by_lines: dict[tuple[Line, ...], Allocation] = {}
    for stack, size, objects in stacks:
        allocation = by_lines.setdefault(lines(stack), Allocation(0, 0, []))
        allocation.bytes += size
        allocation.objects += objects
    count = len(by_lines) if most is None else most
    largest = heapq.nlargest(count, by_lines.items(), lambda item: item[1].bytes)
    for shown, allocation in largest:
        allocation.traceback = [_frame(line) for line in shown]
    return [allocation for _, allocation in largest]


def worth_telling(sites: list[Allocation], total: int, verdict: Verdict) -> list[Allocation]:
    """Of what a runner keeps, and it is little, the largest alone: a suite of hundreds of classes
    has thousands of such holders, and their tracebacks would be half of its record."""
    return sites[:1] if verdict == "runner" and total < SMALL else sites


def from_users_code(lines: Sequence[Line]) -> Sequence[Line]:
    """Without the runner's and launcher's frames outside the user's own."""
    own = [k for k, (file, _, _) in enumerate(lines) if owners.is_own_file(file)]
    lines = lines[own[-1] + 1 :] if own else lines
    for k, (file, _, _) in enumerate(lines):
        if not owners.is_library_file(file):
            return lines[k:]
    return lines


@cache
def _frame(line: Line) -> Frame:
    file, function, number = line
    name = function.rsplit(".", 1)[-1] or enclosing_function(file, number)
    return Frame(file, number, name, source_line(file, number))


def source_line(file: str, number: int) -> str:
    lines = source_lines(file)
    return lines[number - 1].strip() if 0 < number <= len(lines) else ""


def forget() -> None:
    """Source files may change before the next look."""
    for known in (source_lines, enclosing_function, _frame):
        known.cache_clear()
