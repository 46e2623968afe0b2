"""`--memory-limit`: say what holds the memory before the system kills the run, and stop it."""

from __future__ import annotations

from collections.abc import Sequence
from types import FrameType
from typing import Protocol

from reftrack import _reftrack, outlet, owners
from reftrack.descriptors import System
from reftrack.errors import ReftrackError, UsageError
from reftrack.guard import Apart, this_frame
from reftrack.model import MEMORY, Holder, ScopeKind
from reftrack.sizes import in_words
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

MARGIN = 64 << 20
"""Bytes, or an eighth of the limit: a test that grows by so much more is not waited for."""

GAIN = 16
"""What was let go of is enough where the process is below the limit by such a part of it. So the
next time comes when it has grown by as much, and not at once."""


class Run(Protocol):
    """What a limit asks of the run, and has it do."""

    @property
    def repeating(self) -> bool: ...
    def holds(self, kind: ScopeKind) -> bool: ...
    def has_tests(self) -> bool: ...
    def innermost(self) -> tuple[ScopeKind, str]: ...
    def where(self) -> str: ...
    def let_go(self) -> None: ...
    def look(self) -> Sequence[Holder]: ...
    def note(self, text: str) -> None: ...
    def fail(self, reason: str) -> None: ...


class MemoryLimit:
    """The resident memory of the process is below `limit` bytes, or the run is to stop.

    It is read when a scope ends, and by a thread of the system in between. `reached` is "" until
    then, and the reason from then on: runners ask for it when a test is over.
    """

    def __init__(self, limit: int | None, run: Run) -> None:
        self._limit = limit or 0
        self._run = run
        self._process = System.getpid()
        self._has_let_go = False
        self._interrupts = 0  # so often what runs was interrupted since
        self._next = 0  # bytes from which it is, once more
        self.reached = ""

    def begin(self, *, is_first: bool) -> None:
        """Watch from now on. In the first process of a run a limit has to be above what it has
        before the program begins.

        Raises UsageError where it is not, ReftrackError where the system does not tell.
        """
        if not self._limit:
            return
        resident = _resident()
        if resident < 0:
            raise ReftrackError(
                "--memory-limit: this system does not say how much memory a process has",
                hint="It needs /proc, as Linux has it.",
            )
        if is_first and resident >= self._limit:
            raise UsageError(
                f"--memory-limit: {in_words(self._limit)} is less than the {in_words(resident)} "
                "that the process has before the program begins",
                hint="Set a larger one, some way below what the machine or container has.",
            )
        try:
            _reftrack.watch(self._limit, self._watched)
        except OSError as error:
            self._run.note(f"--memory-limit is kept at the ends of tests only: {error.args[1]}")

    def end(self) -> None:
        """Watch no more."""
        if self._limit:
            _reftrack.unwatch()

    def check(self) -> None:
        """A scope has ended. To be called while the ledger is paused."""
        if self._limit and not self.reached and _resident() > self._limit:
            self._over()

    def _watched(self) -> BaseException | None:
        """The watcher asks, between any two bytecodes of the main thread, and will ask again as
        long as there is more than it was told. The result is raised in the program."""
        error: BaseException | None = None
        # A call that was asked for is pending in a forked child as well.
        if System.getpid() == self._process and not _reftrack.pausing():
            with Apart(self._run.note):
                error = self._answer()
        return error

    def _answer(self) -> BaseException | None:
        if not self.reached:
            self._over()
            can_stop = self._run.has_tests() and not self._run.repeating
            return KeyboardInterrupt(self.reached) if self.reached and not can_stop else None
        if _resident() <= self._next or self._is_runners_turn():
            return None
        self._interrupts += 1
        self._watch_on()
        text = (
            f"reftrack: {in_words(_resident())} resident, far over the limit of "
            f"{in_words(self._limit)}, and growing"
        )
        return MemoryError(text) if self._may_be_handled() else KeyboardInterrupt(text)

    def _is_runners_turn(self) -> bool:
        """Between two tests it is about to stop, and after the last one it has."""
        return self._run.has_tests() and self._run.innermost()[0] == "session"

    def _may_be_handled(self) -> bool:
        """In a test of the program's an error is the test's, and its runner goes on to its end. A
        runner itself is only prepared for Ctrl-C, and a test that has gone on in spite of the error
        gets that as well."""
        return self._interrupts == 1 and self._run.holds("test") and _is_in_users_code()

    def _over(self) -> None:
        before = _resident()
        if not self._run.repeating:
            self._run.let_go()
            _reftrack.trim()
        resident = _resident()
        if resident < self._limit - self._limit // GAIN:
            if not self._has_let_go:
                self._run.note(
                    f"{self._run.where()} memory came to the limit of {in_words(self._limit)}: "
                    f"it went from {in_words(before)} to {in_words(resident)} when garbage was "
                    "collected"
                )
            self._has_let_go = True
            return
        self.reached = (
            f"{MEMORY}{in_words(before)} resident, over the limit of {in_words(self._limit)}, "
            f"{self._run.where()}"
        )
        try:
            if not self._run.repeating:
                self.reached += _most(self._run.look(), before)
                _reftrack.trim()
        finally:
            self._run.fail(self.reached)
            self._watch_on()
        outlet.say(f"\nreftrack: {self.reached}: the run is stopped")

    def _watch_on(self) -> None:
        self._next = max(self._limit, _resident()) + max(MARGIN, self._limit // 8)
        _reftrack.watch_above(self._next)


def _resident() -> int:
    return _reftrack.footprint()[0]


def _most(holders: Sequence[Holder], resident: int) -> str:
    """Which holder has most of it; or, where all of them have little, that C code may have it."""
    total = sum(holder.survived_bytes for holder in holders)
    if total < resident // 10:
        return f"; all that tests have left in Python is {in_words(total)} of it"
    most = max(holders, key=lambda holder: holder.survived_bytes)
    return f"; {in_words(most.survived_bytes)} of it held by {most.name}"


def _is_in_users_code() -> bool:
    """Has the program's own code been called since a runner last was?"""
    frame: FrameType | None = this_frame()
    while frame is not None:
        file, name = frame.f_code.co_filename, frame.f_globals.get("__name__")
        frame = frame.f_back
        if owners.is_own_file(file):
            continue
        if not owners.is_library_file(file):
            return True
        if type(name) is str and owners.of_module(name) == "runner":
            return False
    return False
