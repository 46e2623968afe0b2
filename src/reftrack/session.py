"""The life cycle of a run, whatever runs it: scopes in, records out."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from reftrack import _reftrack, ignoring, invitation, looking, outlet, progress, rules, tracing
from reftrack.budget import Budget
from reftrack.collector import CollectorWatch
from reftrack.config import Options
from reftrack.guard import Apart, take_footing
from reftrack.journal import Journal, no_collection
from reftrack.limits import MemoryLimit
from reftrack.looking import Asked, Timed
from reftrack.model import (
    Ended,
    Failed,
    Holder,
    Judged,
    Phase,
    Report,
    RunInfo,
    Scope,
    ScopeEnded,
    ScopeKind,
    TestBegan,
    TornDown,
)
from reftrack.process import NativeMemory
from reftrack.records import load
from reftrack.repetition import OneTest, Repetition
from reftrack.retention import Shares

if TYPE_CHECKING:
    from reftrack.curing import Cure


class Session:
    """One run, or the part of it that one process has: `parent` is then the record of the process
    that started this one. Every method is a no-op after `finish`, and in a forked child."""

    def __init__(
        self, options: Options, command: Sequence[str], parent: Path | None = None
    ) -> None:
        self.options = options
        self._parent = parent
        self._without = rules.named(options.without_rules)
        self._backend = tracing.choose(options.backend)
        self._run = RunInfo(
            command=list(command),
            python=platform.python_version(),
            backend=self._backend.name,
            started=datetime.now(UTC).isoformat(timespec="milliseconds"),
            frames=options.frames,
            release=options.release,
            directory=os.getcwd(),
        )
        self._began = _reftrack.now()
        self._open: list[Timed] = []
        self._ended: list[Timed] = []
        self._phases: list[Phase] = []
        self._phase_now: str | None = None
        self._phase_allocated = 0
        self._collector = CollectorWatch()
        self._native = NativeMemory(is_told=self._backend.name == "native")
        self._notes: list[str] = []
        self._failed: list[str] = []
        self._limit = MemoryLimit(options.memory_limit, self)
        self._repetition = Repetition(options.repeat, self.note)
        self._cure = self._new_cure(self._open, self._ended)
        self._cure_again = self._new_cure(self._repetition.opened, self._repetition.ended)
        self._leaving = 0  # the scope that ended last, until the next one begins
        self._lost = False
        self._follows_arrays = False
        self._tests_ended = 0
        self._tests_seen = -1  # tests that were over at the last final look
        self._budget = Budget()

    def _new_cure(self, opened: list[Timed], ended: list[Timed]) -> Cure | None:
        if not self.options.release:
            return None
        from reftrack.curing import Cure

        return Cure(self.options.release_only, opened, ended)

    # ---- start and finish ----

    def start(self) -> None:
        """Open the record and begin to charge, to the scope "session".

        Raises RecordError where the record cannot be written, BackendError where allocations
        cannot be followed, UsageError where there is more memory than its limit already.
        """
        global _current
        self._limit.begin(is_first=self._parent is None)
        self._journal = Journal.create(
            self.options.directory, self._run, msgspec.to_builtins(self.options), self._parent
        )
        self._backend.start(self.options.frames)
        _reftrack.pause()
        try:
            register_fork_hook()
            _current = self
            os.environ[invitation.VARIABLE] = str(self._journal.path)
            self._enter("session", "session")
        finally:
            _reftrack.resume()

    def finish(
        self, exit_status: int | None, judge: Callable[[Report], list[str]] | None = None
    ) -> Report | None:
        """Look at the heap a last time if no runner had it done, and close the record.

        Returns the run as read back from the record; None where there is nothing to report. What
        `judge` says that it failed is added to the record and to the report.
        """
        global _current
        if not self._alive():
            return None
        self._limit.end()
        _reftrack.pause()
        try:
            with Apart(self.note):
                if self._tests_seen < self._tests_over() and not self._is_of_no_use():
                    self._checkpoint(final=True)
                while self._open:
                    self._leave(None)
                self._notes += self._collector.notes()
                self._notes += [] if self._cure is None else self._cure.notes()
            self._journal.append(Ended(self.elapsed(), exit_status, self._notes, self._failed))
            report = load(self._journal.path)
            if judge is not None and (failed := judge(report)):
                self._journal.append(Judged(failed))
                report.failed += failed
            return report
        finally:
            self._journal.close()
            _current = None
            with suppress(Exception):  # the program may have put something odd in its place
                os.environ.pop(invitation.VARIABLE, None)
            _reftrack.resume()
            self._backend.stop()

    def _is_of_no_use(self) -> bool:
        """Has this process joined a run, and then run no test?"""
        return self._parent is not None and not self._tests_over()

    def _alive(self) -> bool:
        return _current is self

    def elapsed(self) -> float:
        """Seconds since the run began."""
        return _reftrack.now() - self._began

    @property
    def directory(self) -> str:
        """The working directory in which the run began."""
        return self._run.directory

    @property
    def path(self) -> Path:
        """The file of the record."""
        return self._journal.path

    # ---- scopes ----

    def enter(self, kind: ScopeKind, id: str) -> None:
        """Charge what follows to a new scope inside the innermost one."""
        if self._alive():
            with Apart(self.note):
                if self._repetition.running:
                    self._repetition.enter(kind, id)
                else:
                    self._enter(kind, id)

    def phase(self, name: str) -> None:
        """The innermost open test enters the phase "setup", "call" or "teardown"."""
        if self._alive() and self._open[-1].kind == "test":
            with Apart(self.note):
                self._end_phase()
                self._phase_now = name
                take_footing()

    def settled(self) -> None:
        """What runs now goes on to run for long: a hint that makes charging cheaper."""
        if self._alive():
            with Apart(self.note):
                take_footing()

    def leave(self, outcome: str | None = None) -> None:
        """Close the innermost scope and write its line; "session" stays open until `finish`."""
        if self._alive() and self._repetition.running:
            with Apart(self.note):
                self._repetition.leave(outcome)
        elif self._alive() and len(self._open) > 1:
            with Apart(self.note):
                self._leave(outcome)
                self._limit.check()
                self._look_if_grown()

    @property
    def stopping(self) -> str:
        """Why the runner is to begin no other test; "" where it may go on."""
        return self._limit.reached

    @property
    def repeating(self) -> bool:
        """Are tests being run again?"""
        return self._repetition.running

    @property
    def cure(self) -> Cure | None:
        """What lets go of finished tests, where that was asked for: one for the run, and one for
        tests that are run again, which no report tells of."""
        return self._cure_again if self._repetition.running else self._cure

    def innermost(self) -> tuple[ScopeKind, str]:
        """Kind and id of the innermost open scope."""
        scope = self._open[-1]
        return scope.kind, scope.id

    def holds(self, kind: ScopeKind) -> bool:
        """Is a scope of this kind open?"""
        opened = self._repetition.opened if self._repetition.running else self._open
        return any(scope.kind == kind for scope in opened)

    def _enter(self, kind: ScopeKind, id: str) -> None:
        self._end_leaving()
        scope = Timed(_reftrack.new_scope(), kind, id)
        self._open.append(scope)
        _reftrack.enter_scope(scope.number)
        take_footing()
        if not self._follows_arrays:
            self._follows_arrays = _follow_arrays()
        if kind != "session":
            self._collector.entered()
            self._native.entered()
            self._budget.begin(self._native.resident)
        if kind == "test":
            self._phases = []
            self._phase_now = None
            self._phase_allocated = 0
            self._journal.append(TestBegan(id))

    def _leave(self, outcome: str | None) -> None:
        scope = self._open[-1]
        if scope.kind == "test":
            self._end_phase()
            if self._tests_seen == self._tests_over():
                # No later look at this last test: its own line says what it left.
                _reftrack.collect()
                self._tell_released()
            self._repetition.ended_test(scope.id, OneTest(scope.number, len(self._ended), outcome))
        live, blocks, allocated, peak, _ = _reftrack.counters(scope.number)
        self._end_leaving()
        self._open.pop()
        native = 0
        if self._open:
            native = self._native.left(len(self._ended))
            self._collector.left(scope.kind, scope.id)
            # The session is no moment to name: what goes between two scopes goes after the first.
            after = scope.number if len(self._open) == 1 else 0
            _reftrack.enter_scope(self._open[-1].number, after)
        self._ended.append(scope)
        self._tests_ended += scope.kind == "test"
        self._leaving = scope.number
        self._journal.append(
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

    def _end_leaving(self) -> None:
        """What a scope leaves is what the next one finds: runners let go of a test after it."""
        if self._leaving:
            _reftrack.end_scope(self._leaving)
            self._leaving = 0

    def _end_phase(self) -> None:
        if self._phase_now is None:
            return
        live, _, allocated, _, _ = _reftrack.counters(self._open[-1].number)
        self._phases.append(Phase(self._phase_now, allocated - self._phase_allocated, live))
        self._phase_allocated = allocated
        self._phase_now = None

    def _tell_released(self) -> None:
        """What runners tear down last is alive at the final look, and not meant to stay."""
        ids = {scope.number: scope.id for scope in (*self._ended, *self._open)}
        by = {
            index: ids[released_by]
            for index, scope in enumerate(self._ended)
            if scope.kind != "test" and (released_by := _reftrack.counters(scope.number)[4]) in ids
        }
        if by:
            self._journal.append(TornDown(by))

    def repeat(self, run_again: Callable[[list[str], int], object]) -> None:
        """Have `run_again` run the tests again that the last final look has reported, if that was
        asked for; see `Repetition.run`."""
        if self._alive():
            self._repetition.run(run_again, self._look_again, self._journal.append)

    # ---- looking at the heap ----

    def checkpoint(self, *, final: bool = False) -> None:
        """Collect garbage, explain what is alive of the ended scopes, and record it.

        A runner calls this with `final` when the last test is over: one that is still open counts
        as ended. A program that runs many suites has each end with a final look; they come out of
        the same budget as the others, and `finish` looks where the last was passed over.
        """
        if self._alive():
            with Apart(self.note):
                if self._repetition.running:
                    self._repetition.look()
                elif not final or self._tests_seen < 0 or self._affordable():
                    self._checkpoint(final=final)

    def look(self) -> Sequence[Holder]:
        """Look now, in the middle of the run, at what has ended and at the test that is open: the
        holders. To be called while the ledger is paused."""
        return self._checkpoint(final=False)

    def so_far(self) -> Report:
        """The run as a look now, written to the record, shows it; as the last one did, while tests
        are run again. To be called while the ledger is paused. Raises RecordError."""
        if not self._repetition.running:
            self._checkpoint(final=False)
        return load(self._journal.path)

    def let_go(self) -> None:
        """Have garbage collected, and let go of what finished tests hold where that is asked for.
        To be called while the ledger is paused."""
        if self._cure is not None:
            self._cure.flush()
        _reftrack.collect()
        if self._cure is not None and self._cure.try_again():
            _reftrack.collect()

    def _look_if_grown(self) -> None:
        budget, resident = self._budget, self._native.resident
        if budget.has_grown(resident) and (budget.has_doubled(resident) or self._affordable()):
            self._checkpoint(final=False)

    def _affordable(self) -> bool:
        return self._budget.affords_a_look(self.elapsed())

    def _checkpoint(self, *, final: bool) -> list[Holder]:
        if not self._attached():
            return []
        self._end_leaving()
        started = _reftrack.now()
        shown = progress.show(self._budget.expected_seconds())
        self._budget.look(self._native.resident)
        if final:
            self.let_go()
        elif _reftrack.collecting():
            _reftrack.collect()
        with no_collection():
            holders, proving = self._record_look(final)
        if shown:
            progress.hide()
        self._budget.spend(_reftrack.now() - started, proving)
        if final:
            self._tests_seen = self._tests_over()
        return holders

    def _record_look(self, final: bool) -> tuple[list[Holder], float]:
        """Look, and write what was seen; the holders, and the seconds that proofs took."""
        asked = Asked(final, self.options.prove, self._without)
        released = [] if self._cure is None else self._cure.rows()
        try:
            checkpoint, proving = looking.record(
                self._backend,
                self._ended,
                self._open,
                self._native,
                asked,
                seconds=self.elapsed(),
                released=released,
                not_released=0 if self._cure is None else self._cure.held(),
            )
        except MemoryError:
            self.note("there was no memory to look at the heap: holders are not explained")
            return [], 0.0
        ignoring.mark(checkpoint.holders, self.options.ignore)
        if final:
            self._repetition.looked(checkpoint.holders)
        self._journal.append(checkpoint)
        return checkpoint.holders, proving

    def _look_again(self) -> Shares | None:
        """What holders keep of the run's scopes and of those of its repetitions."""
        again = self._repetition
        if self._cure_again is not None:
            self._cure_again.flush()
        _reftrack.collect()
        ended, running = [*self._ended, *again.ended], [*self._open, *again.opened]
        try:
            with no_collection():
                return looking.shares(self._backend, ended, running)
        except MemoryError:
            self.note("there was no memory to look at the heap after the repetitions")
            return None

    def where(self) -> str:
        """How far the run has come: "in suite.py::test_x (call)", "after suite.py::test_x"."""
        scope = next((scope for scope in reversed(self._open) if scope.kind != "session"), None)
        if scope is not None and scope.kind == "test":
            return f"in {scope.id}" + (f" ({self._phase_now})" if self._phase_now else "")
        if scope is not None:
            return f"in {scope.kind} {scope.id}"
        over = next((scope for scope in reversed(self._ended) if scope.kind == "test"), None)
        return "before the first test" if over is None else f"after {over.id}"

    def has_tests(self) -> bool:
        """Has a test begun?"""
        return self._tests_over() > 0

    def _tests_over(self) -> int:
        return self._tests_ended + sum(scope.kind == "test" for scope in self._open)

    def _attached(self) -> bool:
        if not self._lost and not _reftrack.attached():
            self._lost = True
            where = self._ended[-1].id if self._ended else "the start"
            self.note(
                f"allocations could not be followed after {where}: another tool replaced the "
                "allocators, or memory ran out; the figures are those until then"
            )
        return not self._lost

    def interrupted(self) -> None:
        """The run ends by a KeyboardInterrupt; one of a limit's has a reason, which is told."""
        if not self.stopping:
            self.note("the run was interrupted: tests that were still to come have no figures here")

    def fail(self, reason: str) -> None:
        """The run does not pass, for a reason that its report begins with."""
        self._failed.append(reason)
        self._journal.append(Failed(reason))

    def note(self, text: str) -> None:
        """Something that the reader of the report has to know; written with its last line."""
        if text not in self._notes:
            self._notes.append(text)


def _follow_arrays() -> bool:
    """Be told of numpy's arrays that die, as soon as the program has imported it."""
    numpy = sys.modules.get("numpy")
    array = vars(numpy).get("ndarray") if type(numpy) is ModuleType else None
    if array is not None:
        _reftrack.follow_arrays(array)
    return array is not None


_current: Session | None = None
_inherited: Inherited | None = None
_fork_hook = False


class Inherited(NamedTuple):
    """What a process has from the one that it is a part of the run by: that one's record, and the
    options."""

    record: Path
    options: Options


def current() -> Session | None:
    """The started session of this process; None in a forked child."""
    return _current


def register_fork_hook() -> None:
    global _fork_hook
    if not _fork_hook:
        os.register_at_fork(
            before=_reftrack.watch_rest,
            after_in_parent=_reftrack.watch_go_on,
            after_in_child=leave_to_parent,
        )
        _fork_hook = True


def inherited() -> Inherited | None:
    """In a forked child that no test has made: what it needs to become a part of the run, once."""
    global _inherited
    taken, _inherited = _inherited, None
    return taken


def leave_to_parent() -> None:
    """In a forked child: the record and its figures are the parent's. A child that a test has made
    is a part of that test; others may be there to run tests."""
    global _current, _inherited
    session, _current = _current, None
    if session is not None:
        _reftrack.unwatch()
        outlet.let_go()
        _reftrack.silence()
        is_part_of_test = session.holds("test") or session.repeating
        _inherited = None if is_part_of_test else Inherited(session.path, session.options)
