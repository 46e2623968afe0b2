"""One look at the heap, from the ledger's figures to the line that is kept of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import chain
from typing import NamedTuple

from reftrack import _reftrack, owners, proof, retention
from reftrack.heap import WANTED, WANTED_AROUND, WANTED_IMPORT, Edge, Look, Proved, look
from reftrack.model import COUNTED, Checkpoint, Released, ScopeKind, Survived, Totals
from reftrack.naming import NAMED_BY
from reftrack.process import NativeMemory
from reftrack.retention import Charged
from reftrack.tracing import Backend

CUT = 10
"""Holders of which the final look finds out what goes when they are cut."""


class Timed(NamedTuple):
    """A scope of the run, by the ledger's number, the kind and the runner's id."""

    number: int
    kind: ScopeKind
    id: str


class Asked(NamedTuple):
    """What is asked of a look: is it the `final` one, are its largest holders to be proved, and
    `without` which rules are verdicts given?"""

    final: bool
    prove: bool
    without: Collection[str]


class Looked(NamedTuple):
    """A look's record, and the seconds of it that its proofs took."""

    checkpoint: Checkpoint
    proving: float


def record(
    backend: Backend,
    ended: Sequence[Timed],
    running: Sequence[Timed],
    native: NativeMemory,
    asked: Asked,
    *,
    seconds: float,
    released: list[Released],
    not_released: int,
) -> Looked:
    """Look at the heap: what the scopes that ended left, and who holds it. `seconds` of the run
    have passed; `released` has been let go of, and nothing of `not_released` tests.

    Raises MemoryError where there is no room for the graph.
    """
    charged = charged_scopes(ended, running)
    totals, survived = _figures(ended, running, native, charged)
    seen = look(backend, _wanted(charged), NAMED_BY)
    proofs = Proofs(seen, proof.seconds_for_all(seconds))
    try:
        holders = retention.holders(
            seen,
            charged,
            _pushed_out(charged),
            CUT if asked.final else 0,
            without=asked.without,
            prove=proofs if asked.final and asked.prove else None,
        )
    finally:
        seen.close()
    totals.explained_bytes = retention.explained_bytes(holders, COUNTED)
    checkpoint = Checkpoint(asked.final, seconds, totals, survived, holders, released, not_released)
    return Looked(checkpoint, proofs.seconds)


class Proofs:
    """Proves what a look has seen, and notes how long that took."""

    def __init__(self, seen: Look, limit: float) -> None:
        self.seen, self.limit, self.seconds = seen, limit, 0.0

    def __call__(self, cuts: Sequence[Sequence[Edge]]) -> list[Proved]:
        started = _reftrack.now()
        try:
            return proof.proved(self.seen, cuts, self.limit)
        finally:
            self.seconds = _reftrack.now() - started


def _figures(
    ended: Sequence[Timed],
    running: Sequence[Timed],
    native: NativeMemory,
    charged: dict[int, Charged],
) -> tuple[Totals, list[Survived]]:
    ids = {scope.number: scope.id for scope in chain(ended, running)}
    resident, beside = native.now()
    staying = native.staying()
    rows = (_alive(k, scope, ids, staying.get(k, 0)) for k, scope in enumerate(ended))
    totals = Totals(
        tests=sum(scope.kind == "test" for scope in chain(ended, running)),
        survived_bytes=sum(
            _reftrack.counters(number)[0]
            for number, scope in charged.items()
            if scope.kind in COUNTED
        ),
        resident_bytes=resident,
        native_bytes=beside,
    )
    return totals, [row for row in rows if row is not None]


def _alive(index: int, scope: Timed, ids: dict[int, str], native: int) -> Survived | None:
    """What an ended scope has alive, which scope released most of it, and what went otherwise; None
    if there is nothing to tell."""
    live, blocks, _, _, released_by = _reftrack.counters(scope.number)
    collected = _reftrack.collected_bytes(scope.number)
    if live <= 0 and not released_by and not collected and not native:
        return None
    return Survived(index, live, blocks, ids.get(released_by), collected, native)


def charged_scopes(ended: Iterable[Timed], running: Iterable[Timed]) -> dict[int, Charged]:
    """The scopes whose survivors are explained: those that are over, a test that is about to be,
    and the user's imports."""
    charged = {scope.number: Charged(scope.kind, scope.id) for scope in ended}
    for scope in running:
        if scope.kind == "test":
            charged[scope.number] = Charged(scope.kind, scope.id, is_open=True)
    for number, file in _reftrack.import_scopes():
        if file and not owners.is_library_file(file) and not owners.is_own_file(file):
            charged[number] = Charged("import", owners.module_of_file(file))
    return charged


def _wanted(charged: dict[int, Charged]) -> bytes:
    """A byte per scope of the ledger; see `heap.look`."""
    known = {"import": WANTED_IMPORT, "class": WANTED_AROUND, "module": WANTED_AROUND}
    flags = bytearray(max(charged, default=0) + 1)
    for number, scope in charged.items():
        flags[number] = known.get(scope.kind, WANTED)
    return bytes(flags)


def _pushed_out(charged: dict[int, Charged]) -> dict[int, int]:
    """The bytes of earlier tests that each scope released, where next to nothing of them is left: a
    cache at its bound shows so."""
    released: dict[int, int] = {}
    for number, scope in charged.items():
        if scope.kind == "test":
            live, _, _, _, by = _reftrack.counters(number)
            left = _reftrack.left_bytes(number)
            if by and live * 10 < left:
                released[by] = released.get(by, 0) + left
    return released
