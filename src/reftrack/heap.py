"""One look at the heap: what each scope left alive, under which object, by which path."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from reftrack import _reftrack
from reftrack.owners import OWN_FOLDER
from reftrack.tracing import Backend, Line
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

WANTED, WANTED_IMPORT, WANTED_AROUND, KNOWN_ONLY = 1, 2, 3, 4
"""What a scope is to a look: a test or fixture; an import; a class or module, what it made is there
before its tests."""

GROUPS_DESCRIBED = 200_000
"""Groups beyond these, the smallest, are only summed."""


class Step(NamedTuple):
    """One object on a path, and the edge that leads to it.

    The edges: "modules", "frame", "thread", "interpreter", "c", "garbage" (roots; the label is the
    frame's file, what the interpreter has it for, or the number of references that C code holds),
    "key" and "index" (label: the key, or a list with its type's name), "keys", "member", "attr",
    "dict", "slot", "closure" and "defaults" (label: the names of the variables), "cell", "local",
    "context" (label: the variable), "type", "ref"; "gap" stands for the middle of a very long path
    (label: so many objects).
    """

    edge: str
    label: object
    type: str
    name: str | None


Told = tuple[int, str, object, str, str | None]
"""A step with the number of the one before it: the paths are a tree, all from step 0."""

Part = Literal["cache", "entries", "contents"]

Edge = int | tuple[int, Part]
"""An edge, by the number of the step that it leads to. With a part it is more than one: all entries
of the functools "cache" that it starts from; "entries", those, too, that start there and lead to
what a test or fixture made; "contents", all that the container at the step has."""

Proved = tuple[int | None, str]
"""Bytes that went when edges were cut in a copy of the process; or None, and why not."""

Counted = list[tuple[int, int, int]]
"""(scope or stack, bytes, objects), those with most bytes first."""


class Sums(NamedTuple):
    """What holders keep: a list for each figure, with an item per holder."""

    retained: list[int]
    charges: list[Counted]  # by scope
    types: list[list[tuple[str, int, int]]]
    stacks: list[Counted]


class Cut(NamedTuple):
    """What goes when edges are cut."""

    bytes: int
    survivor_bytes: int  # of the scopes that the look was about
    still_held: dict[int, int]  # group -> last step of another path to its sample


class Filling(NamedTuple):
    """How many entries a functools cache or a bounded deque has; `most` that it may have, None
    without a bound."""

    entries: int
    most: int | None


Interned = Literal["", "table", "string"]
"""What a block without an owner is to the interpreter: its table of interned strings, or a string
that it keeps for good (3.12+); else nothing that is known."""


class Orphan(NamedTuple):
    """Blocks that no object on the heap owns."""

    scope: int
    stack: int
    bytes: int
    blocks: int
    interned: Interned = ""


Group = tuple[int, int, int, int, int, int]
"""What one object, the anchor, keeps alive of one scope: (scope, bytes, index of the anchor on the
path, last step of the path, index of the first object on it that a test or fixture made, the scope
of that).

The path leads to the largest of the survivors, or where the anchor is a container that grew, to the
anchor itself. The indexes are -1 where the survivor is a root, and where there is no such object.
"""


class Look(NamedTuple):
    """The answer, and what is needed to read it."""

    scopes: bytes  # what each scope is to the look
    groups: list[Group]  # largest first
    steps: list[Told]
    answer: _reftrack.Explanation
    orphans: list[Orphan]
    bases: dict[str, tuple[str, ...]]
    lines: Callable[[int], list[Line]]  # of a stack; as long as the ledger runs
    nodes: int
    edges: int
    seconds: float
    caches: dict[int, Filling]  # by the number of the step that leads to one
    older: set[int]  # steps to dicts, lists and sets that had entries before any test

    def path(self, number: int) -> list[Step]:
        """The path from a root to a step."""
        return [self.step(at) for at in self.numbers(number)]

    def step(self, number: int) -> Step:
        return Step(*self.steps[number][1:])

    def numbers(self, number: int) -> list[int]:
        """The numbers of the steps of that path."""
        found: list[int] = []
        while number:
            found.append(number)
            number = self.steps[number][0]
        return found[::-1]

    def cut(self, edges: Iterable[Edge], groups: Iterable[int] = ()) -> Cut:
        """What would go if these edges were cut, in exact figures of the ledger where it knows an
        object's blocks. Of the groups (by their index) whose sample is still held, another path to
        it is told, in steps that are added to `steps`.

        Raises ValueError where no edge leads to a step (a root), or after `close`; MemoryError.
        """
        bytes, survivor_bytes, ways = self.answer.cut(edges, groups)
        return Cut(bytes, survivor_bytes, dict(ways))

    def made_by(self, number: int) -> int:
        """The scope, no import, that made the object of a step; 0 for none of those looked at."""
        return self.answer.made_by(number)

    def close(self) -> None:
        """Free the graph, which `cut` needs; all else can still be read."""
        self.answer.close()

    def sums(
        self, holder_of: list[int], owning: Sequence[int], limits: list[int], types: int
    ) -> Sums:
        """What holders keep, by the number of each group's holder; 0 is none.

        `owning` tells of each group whether its holder's edge lies above the anchor: once it is
        cut, all of the anchor goes. Of a holder's types at most `types` are told, of its stacks
        `limits[number]`, those with most bytes.
        """
        return Sums(*self.answer.sums(holder_of, owning, limits, types))


def unseen(number: int, steps: Sequence[Told], seen: Container[int]) -> Iterator[int]:
    """The steps of the path to a step, outermost first, from the first that is not in `seen`."""
    path = []
    while number not in seen:
        path.append(number)
        number = steps[number][0]
    return reversed(path)


def look_at(
    backend: Backend,
    objects: tuple[object, ...],
    given: object,
    *,
    aside: bool,
    named_by: dict[str, tuple[str, ...]] | None = None,
) -> Look:
    """Explain who holds these objects, each of which is a group of the look by itself.

    What reftrack's own frames refer to does not count, nor with `aside` do the variables of the
    frame that called these: those that are one of the objects, or `given`, the container in which
    they were given (or None). It needs no ledger. Raises MemoryError where there is no room for the
    graph.
    """
    traced = backend.name == "tracemalloc"
    answer, scope = _reftrack.explain_objects(objects, given, OWN_FOLDER, aside, traced, named_by)
    return _look(backend, bytes(scope) + bytes([WANTED]), answer)


def look(
    backend: Backend, scopes: bytes, named_by: dict[str, tuple[str, ...]] | None = None
) -> Look:
    """Explain the live blocks of those scopes whose byte in `scopes` is WANTED or the like, not 0.

    `named_by` has, by the name of a type, the attributes that name its objects. Raises MemoryError
    where there is no room for the graph.
    """
    answer = _reftrack.explain(
        scopes, OWN_FOLDER, GROUPS_DESCRIBED, backend.name == "tracemalloc", named_by
    )
    return _look(backend, scopes, answer)


def _look(backend: Backend, scopes: bytes, answer: _reftrack.Explanation) -> Look:
    return Look(
        scopes=scopes,
        groups=answer.groups,
        steps=answer.steps,
        answer=answer,
        orphans=[Orphan(*orphan) for orphan in answer.orphans],
        bases=answer.bases,
        lines=backend.reader(answer.stacks),
        nodes=answer.nodes,
        edges=answer.edges,
        seconds=answer.seconds,
        caches={
            step: Filling(entries, most if most >= 0 else None)
            for step, (entries, most) in answer.caches.items()
        },
        older=answer.older,
    )
