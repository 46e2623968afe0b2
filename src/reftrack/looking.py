"""One look at the heap, from the ledger's figures to the line that is kept of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import msgspec

from reftrack import _reftrack, owners, proof, retention, windows
from reftrack.grouping import Charged
from reftrack.heap import KNOWN_ONLY, WANTED, WANTED_AROUND, WANTED_IMPORT, Edge, Look, Proved, look
from reftrack.model import COUNTED, Checkpoint, Holder, Released, ScopeKind, Survived, Totals
from reftrack.naming import NAMED_BY
from reftrack.process import LARGE, NativeMemory
from reftrack.retention import Shares
from reftrack.tracing import Backend
from reftrack.untouched import BUILTINS
from reftrack.verdicts import Pushed

__builtins__ = BUILTINS

CUT = 10
"""Holders of which the final look finds out what goes when they are cut."""


class Timed(msgspec.Struct, frozen=True, gc=False):
    """A scope of the run, by the ledger's number, the kind and the runner's id. There is one for
    each test to the end, and a suite that often collects pays for what the collector visits."""

    number: int
    kind: ScopeKind
    id: str


class Left(NamedTuple):
    """What is alive of a scope: a fact of the ledger. `grown` is by how much the process has grown
    beside it since the scope began, where that may be arrays: only a look finds these."""

    bytes: int
    blocks: int
    grown: int


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
    if not asked.final:
        _charge_what_runs(charged, running)
        _charge_windows(charged)
    resident, grown = native.now()  # before the look takes memory of its own
    seen = look(backend, _wanted(charged), NAMED_BY)
    # The look has charged the data of the arrays that it came to: that growth is explained.
    beside = max(0, grown - _arrays_since(_first(ended, running), charged))
    staying = _beside_arrays(ended, native.staying(), beside)
    totals, survived = _figures(ended, running, charged, staying, _found(seen))
    totals.resident_bytes, totals.native_bytes = resident, beside
    proofs = Proofs(seen, proof.seconds_for_all(seconds))
    try:
        holders, own = retention.holders(
            seen,
            charged,
            _pushed_out(charged),
            CUT if asked.final else 0,
            without=asked.without,
            prove=proofs if asked.final and asked.prove else None,
            seconds=proof.seconds_for_all(seconds),
        )
    finally:
        seen.close()
    _leave_out(own, ended, charged, totals, survived)
    totals.explained_bytes = retention.explained_bytes(holders, COUNTED)
    checkpoint = Checkpoint(asked.final, seconds, totals, survived, holders, released, not_released)
    return Looked(checkpoint, proofs.seconds)


def shares(backend: Backend, ended: Sequence[Timed], running: Sequence[Timed]) -> Shares:
    """Look at the heap: by the keys of holders, what they keep of each scope.

    Raises MemoryError where there is no room for the graph.
    """
    charged = charged_scopes(ended, running)
    seen = look(backend, _wanted(charged), NAMED_BY)
    try:
        return retention.shares(seen, charged)
    finally:
        seen.close()


def left_by(
    backend: Backend, scopes: Sequence[Timed], ended: Sequence[Timed], without: Collection[str]
) -> list[Holder]:
    """Look at the heap: who holds what these scopes left, most first. Nothing is cut for it. What
    those that have `ended` left before it was not there before the tests.

    Raises MemoryError where there is no room for the graph.
    """
    charged = {
        scope.number: Charged(scope.kind, scope.id, is_open=scope.kind == "test")
        for scope in scopes
    }
    _charge_windows(charged)
    in_pytest = retention.are_pytests((each.kind, each.id) for each in (*scopes, *ended))
    seen = look(backend, _wanted(charged, (each.number for each in ended)), NAMED_BY)
    try:
        return retention.holders(seen, charged, without=without, in_pytest=in_pytest).holders
    finally:
        seen.close()


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
    charged: dict[int, Charged],
    staying: Mapping[int, int],
    found: Mapping[int, int] | None,
) -> tuple[Totals, list[Survived]]:
    ids = {scope.number: scope.id for scope in chain(ended, running)}
    rows = (_alive(k, scope, ids, staying.get(k, 0), found) for k, scope in enumerate(ended))
    totals = Totals(
        tests=sum(scope.kind == "test" for scope in chain(ended, running)),
        survived_bytes=sum(
            _survived(number, found) for number, scope in charged.items() if scope.kind in COUNTED
        ),
    )
    return totals, [row for row in rows if row is not None]


def _found(seen: Look) -> Counter[int] | None:
    """By scope, what the look has found. That is what the ledger has, but for objects from free
    lists: these hang below a survivor of one scope, and their blocks are an earlier one's still.
    None where there was too much to tell all of it."""
    if seen.answer.others[0]:
        return None
    found = Counter[int]()
    for scope, size, *_ in seen.groups:
        found[scope] += size
    for orphan in seen.orphans:
        found[orphan.scope] += orphan.bytes
    return found


def _survived(number: int, found: Mapping[int, int] | None) -> int:
    if found is not None:
        return found.get(number, 0)
    # The counters of the scope around a window have what is in it already.
    return 0 if number in windows.parts() else _reftrack.counters(number)[0]


def _leave_out(
    own: dict[int, int],
    ended: Sequence[Timed],
    charged: dict[int, Charged],
    totals: Totals,
    survived: Sequence[Survived],
) -> None:
    """Take the bytes that reftrack has itself, by scope, out of the figures."""
    totals.survived_bytes -= sum(own[n] for n in own if charged[n].kind in COUNTED)
    for row in survived:
        row.bytes -= own.get(ended[row.index].number, 0)


def _first(ended: Iterable[Timed], running: Iterable[Timed]) -> int:
    """The ledger's number of the first scope of the run: the process's growth counts from there."""
    numbers = (scope.number for scope in chain(ended, running) if scope.kind != "session")
    return min(numbers, default=0)


def _arrays_since(first: int, charged: Iterable[int]) -> int:
    """What arrays of these scopes have, from the first one on: growth of the process as well."""
    return sum(_reftrack.array_bytes(number) for number in charged if number >= first)


def _beside_arrays(
    ended: Sequence[Timed], staying: Mapping[int, int], beside: int
) -> dict[int, int]:
    """Of the growth that each scope brought, what is none of its arrays. One may have taken the
    place of an earlier scope's: in all it is no more than what is left to tell, newest first."""
    found = {}
    for index in sorted(staying, reverse=True):
        grown = min(staying[index] - _reftrack.array_bytes(ended[index].number), beside)
        if grown >= LARGE:
            found[index] = grown
            beside -= grown
    return found


def _alive(
    index: int,
    scope: Timed,
    ids: dict[int, str],
    native: int,
    found: Mapping[int, int] | None,
) -> Survived | None:
    """What an ended scope has alive, which scope released most of it, and what went otherwise; None
    if there is nothing to tell."""
    _, blocks, _, _, released_by = _reftrack.counters(scope.number)
    live = _survived(scope.number, found)
    arrays = _reftrack.array_bytes(scope.number)
    collected = _reftrack.collected_bytes(scope.number)
    if released_by == scope.number:  # right after it was over
        released_by = 0
    if live <= 0 and not released_by and not collected and not native:
        return None
    return Survived(index, live, blocks, ids.get(released_by), collected, native, arrays)


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


def _charge_what_runs(charged: dict[int, Charged], running: Sequence[Timed]) -> None:
    """In the middle of a run what is being set up or torn down counts as well; in a program without
    tests, or before the first, all is the session's."""
    innermost, session = running[-1], running[0]
    if innermost.kind != "session":
        charged[innermost.number] = Charged(innermost.kind, innermost.id, is_open=True)
    if not any(scope.kind == "test" for scope in charged.values()):
        charged[session.number] = Charged(session.kind, session.id, is_open=True)


def _charge_windows(charged: dict[int, Charged]) -> None:
    """What `track()` follows by itself in a scope counts to that before it has ended, too."""
    for inner, outer in windows.parts().items():
        if outer in charged:
            charged[inner] = charged[outer]


def _wanted(charged: dict[int, Charged], others: Iterable[int] = ()) -> bytes:
    """A byte per scope of the ledger, those of `others` that are not asked about among them; see
    `heap.look`."""
    known = {"import": WANTED_IMPORT, "class": WANTED_AROUND, "module": WANTED_AROUND}
    others = list(others)
    flags = bytearray(max([*charged, *others], default=0) + 1)
    for number in others:
        flags[number] = KNOWN_ONLY
    for number, scope in charged.items():
        flags[number] = known.get(scope.kind, WANTED)
    return bytes(flags)


def _pushed_out(charged: dict[int, Charged]) -> dict[int, Pushed]:
    """What each scope released of earlier tests, where next to nothing of them is left."""
    released: dict[int, Pushed] = {}
    for number, scope in charged.items():
        if scope.kind == "test":
            live, _, _, _, by = _reftrack.counters(number)
            left = _reftrack.left_bytes(number)
            _, of_arrays, died_by = _reftrack.arrays_gone(number)
            if of_arrays > left:
                by = died_by
            if by and live * 10 < left + of_arrays:
                before = released.get(by, Pushed(0, 0)).bytes
                released[by] = Pushed(before + left + of_arrays, number)
    return released
