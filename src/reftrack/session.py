"""The life cycle of a run, whatever runs it: scopes in, records out."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from reftrack import (
    _reftrack,
    looking,
    owners,
    present,
    rules,
    timers,
    tracing,
    windows,
)
from reftrack.config import Options
from reftrack.guard import Apart, take_footing
from reftrack.journal import Journal, no_collection
from reftrack.limits import MemoryLimit
from reftrack.looking import Left, Timed
from reftrack.looks import Looks, let_go
from reftrack.model import (
    Ended,
    Event,
    Failed,
    Holder,
    Judged,
    Report,
    RunInfo,
    ScopeKind,
)
from reftrack.process import NativeMemory
from reftrack.records import load, of_process
from reftrack.repetition import OneTest, Repetition
from reftrack.retention import Shares
from reftrack.scopes import Scopes
from reftrack.untouched import BUILTINS

if TYPE_CHECKING:
    from reftrack.curing import Cure

__builtins__ = BUILTINS


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
        self._native = NativeMemory(is_told=self._backend.name == "native")
        self._scopes = Scopes(self._append, self._native)
        self._apart = Apart(self.note)
        self._notes: list[str] = []
        self._failed: list[str] = []
        self.judges: list[Callable[[Report], list[str]]] = []
        self._limit = MemoryLimit(options.memory_limit, self)
        self._repetition = Repetition(options.repeat, self.note)
        self._cure = self._new_cure(self._scopes.open, self._scopes.ended)
        self._cure_again = self._new_cure(self._repetition.opened, self._repetition.ended)
        self._looks = Looks(
            options,
            self._without,
            self._backend,
            self._scopes,
            self._native,
            self._cure,
            note=self.note,
            append=self._append,
        )

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
        self._limit.begin(is_first=self._parent is None)
        self._journal = Journal.create(
            self.options.directory, self._run, msgspec.to_builtins(self.options), self._parent
        )
        self._backend.start(self.options.frames, owners.LIBRARY_FOLDERS)
        _reftrack.pause()
        try:
            present.begin(self)
            self._enter("session", "session")
        finally:
            _reftrack.resume()

    @timers.resting()
    def finish(
        self, exit_status: int | None, judge: Callable[[Report], list[str]] | None = None
    ) -> Report | None:
        """Look at the heap a last time if no runner had it done, and close the record.

        Returns the run as read back from the record; None where there is nothing to report. What
        `judge` says that it failed, and then `judges`, is added to the record and to the report.
        """
        if not self._alive():
            return None
        self._limit.end()
        _reftrack.pause()
        try:
            with self._apart:
                if self._looks.is_behind and not self._is_of_no_use():
                    self._look(final=True)
                while self._scopes.open:
                    self._leave(None)
                self._looks.look_at_late()
                self._notes += self._scopes.collector.notes()
                self._notes += [] if self._cure is None else self._cure.notes()
            self._journal.append(Ended(self.elapsed(), exit_status, self._notes, self._failed))
            report = load(self._journal.path)
            before = len(report.failed)
            if (why := self._journal.failed) is not None:
                cut = f"the record ends too early, it could not be written: {why}"
                report.run.cut_in, report.run.exit_status = [], exit_status
                report.run.notes.append(cut)
                if self.is_gated:
                    report.failed.append(f"gates cannot tell: {cut}")
            for judges in ([] if judge is None else [judge], self.judges):
                failed = [reason for each in judges for reason in each(report)]
                report.failed += failed
            if judged := report.failed[before:]:
                self._journal.append(Judged(judged))
            return report
        finally:
            self._journal.close()
            present.end()
            _reftrack.resume()
            self._backend.stop()

    def _is_of_no_use(self) -> bool:
        """Has this process joined a run, and then run no test?"""
        return self._parent is not None and not self._scopes.tests_over()

    def _append(self, event: Event) -> None:
        self._journal.append(event)

    def _alive(self) -> bool:
        return present.current() is self

    def elapsed(self) -> float:
        """Seconds since the run began."""
        return _reftrack.now() - self._began

    @property
    def is_part(self) -> bool:
        """Has another process started the run, which reports it?"""
        return self._parent is not None

    @property
    def is_gated(self) -> bool:
        """Is there anything that the run has to pass?"""
        return self.options.has_gates or bool(self.judges)

    @property
    def backend(self) -> tracing.Backend:
        """Where the lines of allocations come from."""
        return self._backend

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
            with self._apart:
                if self._repetition.running:
                    self._repetition.enter(kind, id)
                else:
                    self._enter(kind, id)

    def phase(self, name: str) -> None:
        """The innermost open test enters the phase "setup", "call" or "teardown"."""
        if self._alive() and self._scopes.open[-1].kind == "test":
            with self._apart:
                self._scopes.phase(name)

    def settled(self) -> None:
        """What runs now goes on to run for long: a hint that makes charging cheaper."""
        if self._alive():
            with self._apart:
                take_footing()

    def leave(self, outcome: str | None = None) -> None:
        """Close the innermost scope and write its line; "session" stays open until `finish`."""
        if not self._alive():
            return
        if self._repetition.running:
            with self._apart:
                self._repetition.leave(outcome)
        elif len(self._scopes.open) > 1:
            with self._apart:
                self._leave(outcome)
                self._limit.check()
                if self._looks.is_due(self.elapsed()):
                    self._look(final=False)

    @property
    def follows(self) -> bool:
        """Are tests of the run followed now? Not where they are run again, after `finish`, or in a
        forked child."""
        return self._alive() and not self.repeating

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
        scope = self._scopes.open[-1]
        return scope.kind, scope.id

    def holds(self, kind: ScopeKind) -> bool:
        """Is a scope of this kind open?"""
        opened = self._repetition.opened if self._repetition.running else self._scopes.open
        return any(scope.kind == kind for scope in opened)

    def _enter(self, kind: ScopeKind, id: str) -> None:
        self._scopes.enter(kind, id)
        if kind != "session":
            self._looks.begin()

    def _leave(self, outcome: str | None) -> None:
        scope, place = self._scopes.innermost, len(self._scopes.ended)
        if scope.kind == "test":
            if self._looks.is_final:
                # No later look at this last test: its own line says what it left.
                windows.give_back(scope.number)
                self._scopes.end_phase()
                _reftrack.collect()
                self._scopes.tell_released(self._looks.gone_holders())
            self._repetition.ended_test(scope.id, OneTest(scope.number, place, outcome))
        self._scopes.leave(outcome)

    def repeat(self, run_again: Callable[[list[str], int], object]) -> None:
        """Have `run_again` run the tests again that the last final look has reported, if that was
        asked for; see `Repetition.run`."""
        if self._alive():
            self._repetition.run(run_again, self._look_again, self._append)

    # ---- one scope by itself ----

    def innermost_scope(self) -> Timed:
        """The innermost open scope, to be asked about."""
        return self._scopes.open[-1]

    def left(self, scope: Timed, least: int) -> Left:
        """What is alive of a scope, without a look; the process's growth counts from `least` on."""
        live, blocks, *_ = _reftrack.counters(scope.number)
        is_innermost = self._scopes.follows_arrays and scope == self._scopes.open[-1]
        return Left(live, blocks, self._native.grown(least) if is_innermost else 0)

    def collect(self) -> None:
        """Collect garbage, so that what is alive then is held by something."""
        _reftrack.collect()

    def figures(self, scope: Timed) -> dict[str, int]:
        """By name, bytes of a scope: alive, allocated, and at most alive at once."""
        live, _, allocated, peak, _ = _reftrack.counters(scope.number)
        return {"survived_bytes": live, "allocated_bytes": allocated, "peak_bytes": peak}

    def holders_of(self, scope: Timed) -> list[Holder]:
        """Who holds what a scope left; see `Looks.look_at`."""
        return self._looks.look_at(scope)

    # ---- looking at the heap ----

    def checkpoint(self, *, final: bool = False) -> None:
        """Collect garbage, explain what is alive of the ended scopes, and record it.

        A runner calls this with `final` when the last test is over: one that is still open counts
        as ended. A program that runs many suites has each end with a final look; they come out of
        the same budget as the others, and `finish` looks where the last was passed over.
        """
        if self._alive():
            with self._apart:
                if self._repetition.running:
                    self._repetition.look()
                elif not final or self._looks.affords_final(self.elapsed()):
                    self._look(final=final)

    def look(self) -> Sequence[Holder]:
        """Look now, in the middle of the run, at what has ended and at the test that is open: the
        holders. To be called while the ledger is paused."""
        return self._look(final=False)

    def so_far(self) -> Report:
        """The run as a look now, written to the record, shows it; as the last one did, while tests
        are run again. To be called while the ledger is paused. Raises RecordError."""
        if not self._repetition.running:
            self._look(final=False)
        return of_process(self._journal.path)

    def let_go(self) -> None:
        """Have garbage collected, and let go of what finished tests hold where that is asked for.
        To be called while the ledger is paused."""
        let_go(self._cure)

    def _look(self, *, final: bool) -> list[Holder]:
        holders = self._looks.look(self.elapsed(), final=final)
        if final:
            self._repetition.looked(holders)
        return holders

    def _look_again(self) -> Shares | None:
        """What holders keep of the run's scopes and of those of its repetitions."""
        again = self._repetition
        let_go(self._cure_again)
        ended, running = [*self._scopes.ended, *again.ended], [*self._scopes.open, *again.opened]
        try:
            with no_collection():
                return looking.shares(self._backend, ended, running)
        except MemoryError:
            self.note("there was no memory to look at the heap after the repetitions")
            return None

    def where(self) -> str:
        """How far the run has come: "in suite.py::test_x (call)", "after suite.py::test_x"."""
        return self._scopes.where()

    def has_tests(self) -> bool:
        """Has a test begun?"""
        return self._scopes.tests_over() > 0

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


def current() -> Session | None:
    """The started session of this process; None in a forked child."""
    run = present.current()
    return run if type(run) is Session else None
