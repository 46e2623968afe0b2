"""The scopes of a run: entered and left in the ledger, and told to the record as they end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import zip_longest

from reftrack import _reftrack, tracing, windows
from reftrack.collector import CollectorWatch
from reftrack.guard import take_footing
from reftrack.lasting import Key
from reftrack.looking import Timed
from reftrack.model import Event, Phase, Scope, ScopeEnded, ScopeKind, TestBegan, TornDown
from reftrack.process import NativeMemory
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS


class Scopes:
    """Those that are open, outermost first, and those that have ended, in order. `append` writes a
    line of the record."""

    def __init__(self, append: Callable[[Event], None], native: NativeMemory) -> None:
        self.open: list[Timed] = []
        self.ended: list[Timed] = []
        self.collector = CollectorWatch()
        self.follows_arrays = False
        self._append = append
        self._native = native
        self._tests_ended = 0
        self._phases: list[Phase] = []
        self._phase_now: str | None = None
        self._phase_allocated = 0
        self._leaving = 0  # the scope that ended last, until the next one begins
        self._alive: list[int] = []  # at the final look: bytes, by the scope's number

    @property
    def innermost(self) -> Timed:
        return self.open[-1]

    def tests_over(self) -> int:
        """Tests that have ended; one that is still open counts as well."""
        return self._tests_ended + sum(scope.kind == "test" for scope in self.open)

    def where(self) -> str:
        """How far the run has come: "in suite.py::test_x (call)", "after suite.py::test_x"."""
        scope = next((scope for scope in reversed(self.open) if scope.kind != "session"), None)
        if scope is not None and scope.kind == "test":
            return f"in {scope.id}" + (f" ({self._phase_now})" if self._phase_now else "")
        if scope is not None:
            return f"in {scope.kind} {scope.id}"
        over = next((scope for scope in reversed(self.ended) if scope.kind == "test"), None)
        return "before the first test" if over is None else f"after {over.id}"

    def enter(self, kind: ScopeKind, id: str) -> None:
        """Charge what follows to a new scope inside the innermost one."""
        self.end_leaving()
        scope = Timed(_reftrack.new_scope(), kind, id)
        self.open.append(scope)
        _reftrack.enter_scope(scope.number)
        windows.follow(scope.number)
        take_footing()
        if not self.follows_arrays:
            self.follows_arrays = tracing.follow_arrays()
        if kind != "session":
            self.collector.entered()
            self._native.entered()
        if kind == "test":
            self._phases = []
            self._phase_now = None
            self._phase_allocated = 0
            self._append(TestBegan(id))

    def phase(self, name: str) -> None:
        """The innermost scope, a test, enters a phase."""
        self.end_phase()
        self._phase_now = name
        take_footing()

    def leave(self, outcome: str | None) -> Timed:
        """Close the innermost scope, and write its line; returns it."""
        scope = self.open[-1]
        windows.give_back(scope.number)
        self.end_phase()
        self.end_leaving()
        self.open.pop()
        native = self._return_to(self.open[-1], scope) if self.open else 0
        live, blocks, allocated, peak, _ = _reftrack.counters(scope.number)
        if scope.kind == "test" and scope.number < len(self._alive):
            # The last test of pytest's: what comes after the final look is in the report of it.
            live = min(live, self._alive[scope.number])
        self.ended.append(scope)
        self._tests_ended += scope.kind == "test"
        self._leaving = scope.number
        self._append(
            ScopeEnded(
                Scope(
                    id=scope.id,
                    scope=scope.kind,
                    outcome=outcome,
                    allocated_bytes=allocated,
                    peak_bytes=peak,
                    survived_bytes=live,
                    survived_blocks=blocks,
                    phases=self._phases if scope.kind == "test" else [],
                    ended_bytes=live,
                    collected_bytes=_reftrack.collected_bytes(scope.number),
                    native_bytes=native,
                    array_bytes=_reftrack.array_bytes(scope.number),
                )
            )
        )
        return scope

    def _return_to(self, outer: Timed, scope: Timed) -> int:
        """Charge what follows to the scope around one that ended; the process's growth in it."""
        native = self._native.left(len(self.ended))
        self.collector.left(scope.kind, scope.id)
        # The session is no moment to name: what goes between two scopes goes after the first.
        after = scope.number if len(self.open) == 1 else 0
        _reftrack.enter_scope(outer.number, after)
        windows.follow(outer.number)
        return native

    def end_leaving(self) -> None:
        """What a scope leaves is what the next one finds: runners let go of a test after it."""
        if self._leaving:
            _reftrack.end_scope(self._leaving)
            self._leaving = 0

    def end_phase(self) -> None:
        """The phase of the innermost scope, a test, is over, if it is in one."""
        if self._phase_now is None:
            return
        live, _, allocated, _, _ = _reftrack.counters(self.open[-1].number)
        self._phases.append(Phase(self._phase_now, allocated - self._phase_allocated, live))
        self._phase_allocated = allocated
        self._phase_now = None

    def looked(self) -> None:
        """The final look was now: what goes later is torn down."""
        self._alive = _reftrack.alive_by_scope()

    def lost(self) -> tuple[Counter[Key], Counter[Key]]:
        """Since the final look, of scopes of one kind and id together: bytes that have gone of
        them, and bytes that are alive."""
        gone, alive = Counter[Key](), Counter[Key]()
        now = _reftrack.alive_by_scope()
        for scope in (*self.ended, *self.open):
            then = self._alive[scope.number] if scope.number < len(self._alive) else 0
            gone[scope.kind, scope.id] += max(0, then - now[scope.number])
            alive[scope.kind, scope.id] += now[scope.number]
        return gone, alive

    def tell_released(self, holders: list[str]) -> None:
        """What runners tear down last is alive at the final look, and not meant to stay. Of these
        holders, by their keys, all is known to be gone."""
        ids = {scope.number: scope.id for scope in (*self.ended, *self.open)}
        by = {
            index: ids[released_by]
            for index, scope in enumerate(self.ended)
            if scope.kind != "test" and (released_by := _reftrack.counters(scope.number)[4]) in ids
        }
        both = zip_longest(self._alive, _reftrack.alive_by_scope(), fillvalue=0)
        came = [now - then for then, now in both]
        gone = {
            index: -came[scope.number]
            for index, scope in enumerate(self.ended)
            if came[scope.number] < 0
        }
        if by or gone:
            later = sum(bytes for bytes in came if bytes > 0)
            self._append(TornDown(by, gone, later, holders))
