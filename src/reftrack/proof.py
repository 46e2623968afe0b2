"""Proof: a holder's edges are really cut in a copy of the process, and what goes is counted."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from io import FileIO

from reftrack import _reftrack
from reftrack.guard import quietly
from reftrack.heap import Edge, Look, Proved
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

SECONDS = 10.0
LEAST_FOR_ALL = 2.0
SHARE = 0.03
"""All proofs of one look may take that share of the run's time, within these bounds."""

SECONDS_EACH = 4.0
LEAST_SECONDS = 0.2

HEADROOM = 2
"""A copy shares all memory with its original until either writes: a collection writes to each
object that the collector knows. A half of the resident memory must be free."""

MIB = 1 << 20

# Bound before any suite can patch `os`.
strerror = os.strerror


def seconds_for_all(run_seconds: float) -> float:
    """What the proofs at the end of a run of so many seconds may take."""
    return min(SECONDS, max(LEAST_FOR_ALL, SHARE * run_seconds))


def proved(seen: Look, cuts: Sequence[Sequence[Edge]], seconds: float = SECONDS) -> list[Proved]:
    """For each list of edges the bytes that went, in a copy of the process, when they were cut; or
    None, and why that could not be found out. All together may take so many `seconds`.

    Raises what a signal handler of the program raises meanwhile.
    """
    end = _reftrack.now() + seconds
    return [_proved(seen, edges, end, seconds) for edges in cuts]


def _proved(seen: Look, edges: Sequence[Edge], end: float, all_seconds: float) -> Proved:
    if not edges:
        return None, "no object refers to it, so there is no edge to cut"
    seconds = min(SECONDS_EACH, end - _reftrack.now())
    if seconds < LEAST_SECONDS:
        return None, f"the proofs before it took {all_seconds:.0f} s"
    if short := _short_of_memory():
        return None, short
    try:
        size, why, detail = _reftrack.prove(seen.answer, edges, seconds, quietly)
    except MemoryError:
        return None, "there was no memory for it"
    return size, "" if size is not None else _words(why, detail, seconds)


def _words(why: str, detail: int | str, seconds: float) -> str:
    error = strerror(detail) if isinstance(detail, int) else ""
    return {
        "platform": "a process can be copied and sealed off on Linux alone (x86-64, ARM64)",
        "interpreters": "there are several interpreters in the process",
        "path": "its path could not be followed again",
        "copy": f"the process could not be copied: {error}",
        "seal": f"the copy of the process could not be sealed off: {error}",
        "edge": f"a reference of an object of type {detail} could not be cut",
        "late": f"the copy of the process was not done within {seconds:.1f} s",
        "crash": f"the copy of the process crashed ({_signal_name(detail)})",
    }.get(why, "the copy of the process ended early")


def _signal_name(number: int | str) -> str:
    try:
        return signal.Signals(int(number)).name
    except ValueError:
        return f"signal {number}"


# ---- memory ----


def _short_of_memory() -> str:
    """Why there is too little of it for a copy; empty where there is enough, or none can tell."""
    resident, _ = _reftrack.footprint()
    free = free_bytes()
    if free is None or resident < 0 or free >= resident // HEADROOM:
        return ""
    return f"{free // MIB} MiB are free, {resident // HEADROOM // MIB + 1} MiB are needed"


def free_bytes() -> int | None:
    """What the system, or the control group, has left; None where neither tells."""
    found = [_number(_read("/proc/meminfo").partition("MemAvailable:")[2], 1024)]
    for line in _read("/proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if not controllers:
            found += _left_in_group("/sys/fs/cgroup", path, ("memory.max", "memory.current"))
        elif "memory" in controllers.split(","):
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes")
            found += _left_in_group("/sys/fs/cgroup/memory", path, names)
    return min((free for free in found if free is not None), default=None)


def _left_in_group(root: str, path: str, names: tuple[str, str]) -> list[int | None]:
    """Of a group and those around it. What files take goes when it is needed."""
    found: list[int | None] = []
    while True:
        limit, used = (_number(_read(f"{root}{path}/{name}")) for name in names)
        files = _number(_read(f"{root}{path}/memory.stat").partition("inactive_file ")[2])
        if limit is not None and used is not None:
            found.append(max(0, limit - used + (files or 0)))
        if path in ("", "/"):
            return found
        path = path.rpartition("/")[0]


def _number(text: str, unit: int = 1) -> int | None:
    first = text.split(None, 1)[:1]
    return int(first[0]) * unit if first and first[0].isdecimal() else None


def _read(path: str) -> str:
    """Suites patch `open`, not FileIO."""
    try:
        with FileIO(path) as stream:
            return stream.read().decode("utf-8", "replace")
    except (OSError, ValueError):
        return ""
