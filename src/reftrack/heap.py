"""One look at the heap: what each scope left alive, under which object, by which path."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache, partial
from typing import NamedTuple

from reftrack import _reftrack
from reftrack.tracing import Backend, Line

OWN_FOLDER = os.path.dirname(os.path.abspath(__file__)) + os.sep

GROUPS_DESCRIBED = 200_000
"""Groups beyond these, the smallest, are only summed."""


class Step(NamedTuple):
    """One object on a path, and the edge that leads to it.

    The edges: "modules", "frame", "c", "garbage" (roots; the label is the frame's file, or the
    number of references that C code holds), "key" and "index" (label: the key, or a list with its
    type's name), "keys", "member", "attr", "dict", "slot", "closure", "cell", "local", "type",
    "ref"; "gap" stands for the middle of a very long path (label: so many objects).
    """

    edge: str
    label: object
    type: str
    name: str | None


class Row(NamedTuple):
    """Survivors of one type, allocated by one stack."""

    type: str
    stack: int
    objects: int
    bytes: int
    unsure: int


class Retained(NamedTuple):
    """Retained bytes of a group, and the group under which they are counted already, or 0.

    `together` bytes go when all that the anchor refers to goes, not with one edge of it; they are
    not among the group's `retained_bytes`. `outer_together` says the same of the outer group's.
    """

    outer: int
    outer_together: bool
    together: bool
    bytes: int


class Group(NamedTuple):
    """What one object, the anchor, keeps alive of one scope.

    The path leads to the largest of the survivors, or where the anchor is a container that grew, to
    the anchor itself; `anchor` is the anchor's index on it, -1 where the survivor is a root.
    """

    id: int
    scope: int
    bytes: int
    objects: int
    retained_bytes: int
    tops: int
    anchor: int
    path: list[Step]
    rows: list[Row]
    outer: list[Retained]


class Orphan(NamedTuple):
    """Blocks that no object on the heap owns."""

    scope: int
    stack: int
    bytes: int
    blocks: int


class Look(NamedTuple):
    """The answer, and what is needed to read it."""

    groups: list[Group]
    other_groups: int
    other_bytes: int
    orphans: list[Orphan]
    bases: dict[str, tuple[str, ...]]
    lines: Callable[[int], list[Line]]  # of a stack; as long as the ledger runs
    nodes: int
    edges: int
    seconds: float


def look(backend: Backend, scopes: bytes) -> Look:
    """Explain the live blocks of the scopes whose byte in `scopes` is not 0.

    Raises MemoryError where there is no room for the graph.
    """
    answer = _reftrack.explain(scopes, OWN_FOLDER, GROUPS_DESCRIBED, backend.name == "tracemalloc")
    # The answer has one tuple per object, in however many of its paths.
    steps = {id(step): step for group in answer["groups"] for step in group[7]}
    made = {key: Step(*step) for key, step in steps.items()}
    groups = [
        Group(
            *group[:7],
            [made[id(step)] for step in group[7]],
            [Row(*row) for row in group[8]],
            [Retained(*part) for part in group[9]],
        )
        for group in answer["groups"]
    ]
    orphans = [Orphan(*orphan) for orphan in answer["orphans"]]
    return Look(
        groups=groups,
        other_groups=answer["others"][0],
        other_bytes=answer["others"][1],
        orphans=orphans,
        bases=answer["bases"],
        lines=cache(partial(backend.lines, stacks=answer["stacks"])),
        nodes=answer["nodes"],
        edges=answer["edges"],
        seconds=answer["seconds"],
    )
