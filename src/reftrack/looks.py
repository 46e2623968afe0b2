"""The looks at the heap in the course of one run: when there is one, and what is written of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from reftrack import (
    _reftrack,
    ignoring,
    lasting,
    looking,
    progress,
    timers,
    tracing,
    windows,
)
from reftrack.budget import Budget
from reftrack.config import Options
from reftrack.journal import no_collection
from reftrack.looking import Asked, Timed
from reftrack.model import COUNTED, Checkpoint, Event, Holder, Late
from reftrack.process import NativeMemory
from reftrack.scopes import Scopes
from reftrack.untouched import BUILTINS

if TYPE_CHECKING:
    from reftrack.curing import Cure

__builtins__ = BUILTINS

TORN_DOWN_LATE = COUNTED - {"test"}
"""Kinds of scopes that end after the last test."""

WORTH_A_LOOK = 64 << 10
"""Bytes that these have left, all together."""


class Looks:
    """`note` tells the reader of the report something, `append` writes a line of the record."""

    def __init__(
        self,
        options: Options,
        without: Collection[str],
        backend: tracing.Backend,
        scopes: Scopes,
        native: NativeMemory,
        cure: Cure | None,
        *,
        note: Callable[[str], None],
        append: Callable[[Event], None],
    ) -> None:
        self._options = options
        self._without = without
        self._backend = backend
        self._scopes = scopes
        self._native = native
        self._cure = cure
        self._note = note
        self._append = append
        self._budget = Budget()
        self._lost = False
        self._tests_seen = -1  # tests that were over at the last final look
        self._scopes_seen = 0  # and all scopes that were
        self._holders: list[Holder] = []  # that it found

    # ---- whether to look ----

    def begin(self) -> None:
        """A scope begins: what is there before the first one is no growth."""
        self._budget.begin(self._native.resident)

    @property
    def is_behind(self) -> bool:
        """Are tests over that no final look has seen?"""
        return self._tests_seen < self._scopes.tests_over()

    @property
    def is_final(self) -> bool:
        """Has the final look seen the test that is open now, as its last?"""
        return self._tests_seen == self._scopes.tests_over()

    def is_due(self, elapsed: float) -> bool:
        """Has memory grown much, and is there time for a look in so many seconds of a run? What the
        final look has seen needs no other."""
        budget, resident = self._budget, self._native.resident
        return (
            not self.is_final
            and budget.has_grown(resident)
            and (budget.has_doubled(resident) or budget.affords_a_look(elapsed))
        )

    def affords_final(self, elapsed: float) -> bool:
        """Is it the first final look, or is there time for one more?"""
        return self._tests_seen < 0 or self._budget.affords_a_look(elapsed)

    # ---- looks ----

    @timers.resting()
    def look(self, elapsed: float, *, final: bool) -> list[Holder]:
        """Collect garbage, explain what is alive of the ended scopes, and record it."""
        if not self._attached():
            return []
        self._scopes.end_leaving()
        if final:
            windows.give_back_all()
        started = _reftrack.now()
        shown = progress.show(self._budget.expected_seconds())
        self._budget.look(self._native.resident)
        if final:
            let_go(self._cure)
        elif _reftrack.collecting():
            _reftrack.collect()
        with no_collection():
            holders, proving = self._record(elapsed, final=final)
        if shown:
            progress.hide()
        self._budget.spend(_reftrack.now() - started, proving)
        if final:
            self._tests_seen = self._scopes.tests_over()
            self._scopes_seen = len(self._scopes.ended)
            self._scopes.looked()
            self._holders = holders
        return holders

    @timers.resting()
    def gone_holders(self) -> list[str]:
        """Of the holders that the final look has found, the keys of those that are gone since,
        where only one more look tells."""
        gone, alive = self._scopes.lost()
        doubtful = lasting.doubtful(self._holders, gone, alive)
        if not doubtful or not self._attached():
            return []
        ids = {
            scope.number: (scope.kind, scope.id)
            for scope in (*self._scopes.ended, *self._scopes.open)
        }
        now: dict[str, dict[lasting.Key, int]] = {}
        try:
            with no_collection():
                shares = looking.shares(self._backend, self._scopes.ended, self._scopes.open)
        except MemoryError:
            return []
        for name, of in shares.items():
            for number, size in of.items():
                if number in ids:
                    kept = now.setdefault(name, {})
                    kept[ids[number]] = kept.get(ids[number], 0) + size
        return lasting.gone_holders(self._holders, doubtful, now)

    def look_at_late(self) -> None:
        """The final look comes before what is wider than a test is torn down: what that leaves has
        its holders from a look of its own, if it is worth one."""
        late = [s for s in self._scopes.ended[self._scopes_seen :] if s.kind in TORN_DOWN_LATE]
        if self._tests_seen < 0 or _left_by(late) < WORTH_A_LOOK or not self._attached():
            return
        _reftrack.collect()
        if _left_by(late) >= WORTH_A_LOOK:
            holders = self._holders_of(late)
            ignoring.mark(holders, self._options.ignore)
            self._append(Late(holders))

    def look_at(self, scope: Timed) -> list[Holder]:
        """Who holds what this scope left, most first. Nothing where there is no memory to look, of
        which a note then tells."""
        try:
            return self._holders_of([scope])
        except MemoryError:
            self._note(f"there was no memory to look at what {scope.id} left: it was not judged")
            return []

    def _record(self, elapsed: float, *, final: bool) -> tuple[list[Holder], float]:
        """Look, and write what was seen; the holders, and the seconds that proofs took."""
        try:
            checkpoint, proving = self._seen(
                elapsed, Asked(final, self._options.prove, self._without)
            )
        except MemoryError:
            self._note("there was no memory to look at the heap: holders are not explained")
            return [], 0.0
        ignoring.mark(checkpoint.holders, self._options.ignore)
        self._append(checkpoint)
        return checkpoint.holders, proving

    def _seen(self, elapsed: float, asked: Asked) -> tuple[Checkpoint, float]:
        return looking.record(
            self._backend,
            self._scopes.ended,
            self._scopes.open,
            self._native,
            asked,
            seconds=elapsed,
            released=[] if self._cure is None else self._cure.rows(),
            not_released=0 if self._cure is None else self._cure.held(),
        )

    @timers.resting()
    def _holders_of(self, scopes: Sequence[Timed]) -> list[Holder]:
        with no_collection():
            return looking.left_by(self._backend, scopes, self._scopes.ended, self._without)

    def _attached(self) -> bool:
        if not self._lost and not _reftrack.attached():
            self._lost = True
            where = self._scopes.ended[-1].id if self._scopes.ended else "the start"
            self._note(
                f"allocations could not be followed after {where}: another tool replaced the "
                "allocators, or memory ran out; the figures are those until then"
            )
        return not self._lost


def let_go(cure: Cure | None) -> None:
    """Collect garbage, and let go of what finished tests hold where that is asked for. What garbage
    held until then is tried again: in 3.12 and 3.13.0 a TestCase that has failed is in a cycle with
    its exception, whose frames lead to the one of `_GeneratorContextManager.__exit__` that has it.
    """
    if cure is not None:
        cure.flush()
    _reftrack.collect()
    if cure is not None and cure.try_again():
        _reftrack.collect()


def _left_by(scopes: Sequence[Timed]) -> int:
    return sum(_reftrack.counters(scope.number)[0] for scope in scopes)
