"""The tests that the report is about, run again in the same process: what does each run add?"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TextIO

from reftrack import _reftrack
from reftrack.guard import Apart, quietly, take_footing
from reftrack.model import Holder, Repeated, ScopeKind

HOLDERS = 10
"""The largest holders with a test of their own that is run again, each by one."""

TESTS = 20
"""Tests run again in one run, also where it has many suites."""

LEAST = 1 << 10
"""A holder of less is not worth it."""

_VERDICTS = ("growing", "once")
_LOWEST_DESCRIPTOR = 512  # the program gets the same numbers as without reftrack
_LOWEST_OF_FEW = 3  # where the program has set a low limit


def reported(holders: Sequence[Holder]) -> list[str]:
    """The tests that say most about the largest holders: for each, the one that left most with it.
    Their ids."""
    largest = sorted(
        (h for h in holders if h.verdict in _VERDICTS and h.survived_bytes >= LEAST),
        key=lambda holder: -holder.survived_bytes,
    )
    first = (
        next((charge.id for charge in holder.charged if charge.scope == "test"), None)
        for holder in largest
    )
    return list(dict.fromkeys(id for id in first if id is not None))[:HOLDERS]


RunAgain = Callable[[list[str], int], object]


class Repetition:
    """Runs tests again, after the final look that has reported them.

    While they run, the runner's events come here instead of to the session. Each repetition is a
    scope of the ledger, and none of the run; what is allocated around them, by wider fixtures for
    one, is charged apart.
    """

    def __init__(self, times: int, note: Callable[[str], None]) -> None:
        self.running = False
        self.reported: list[str] = []  # ids of tests, as of the last final look
        self._times, self._note = times, note
        self._places: dict[str, int] = {}  # of the tests that have ended
        self._outcomes: dict[str, str | None] = {}
        self._repeated: dict[str, list[Once]] = {}
        self._apart = 0
        self._test: Once | None = None
        self._before: list[int] = []  # the ledger's scopes to return to
        self._within = 0  # how many of them there were when the test began

    def ended(self, id: str, place: int, outcome: str | None) -> None:
        """A test has run, as the session's scope at that place."""
        if self._times:
            self._places.setdefault(id, place)
            self._outcomes.setdefault(id, outcome)

    def run(self, run_again: RunAgain, append: Callable[[Repeated], None]) -> None:
        """Have the reported tests run again, and tell what each repetition keeps.

        `run_again(ids, times)` runs each of the tests so often in a row, telling the session of
        each as of any test. It returns what the runner would go on to hold of them. What is written
        to the standard streams meanwhile goes nowhere. Nothing happens in a repetition itself, nor
        where none were asked for.
        """
        ids = [id for id in self.reported if id in self._places and id not in self._repeated]
        ids = ids[: TESTS - len(self._repeated)]
        if self.running or not self._times or not ids:
            return
        ids.sort(key=self._places.__getitem__)
        self._repeated.update((id, []) for id in ids)
        self._apart = _reftrack.new_scope()
        self.running = True
        try:
            with silence():
                held = None
                try:
                    held = run_again(ids, self._times)
                finally:
                    with quietly():
                        with Apart(self._note):
                            self._tell(ids, append)
                        del held
        except KeyboardInterrupt:
            self._note("the repetitions of tests were interrupted")
        except BaseException as error:  # the program's own, past what its runner catches
            self._note(f"tests could not be run again: {type(error).__name__}")
        finally:
            self.running = False

    def _tell(self, ids: Sequence[str], append: Callable[[Repeated], None]) -> None:
        while self._before:  # cut short within a test
            self.leave(None)
        _reftrack.collect()
        with contextlib.suppress(MemoryError):
            _reftrack.charge_arrays()
        for id in ids:
            repetitions = self._repeated[id]
            problem = problem_of(repetitions, self._outcomes[id])
            kept = [max(0, _reftrack.counters(once.scope)[0]) for once in repetitions]
            append(Repeated(self._places[id], [] if problem else kept, problem))

    def enter(self, kind: ScopeKind, id: str) -> None:
        """A test begins again, or something wider around tests."""
        scope = self._apart
        if kind == "test" and self._test is None:
            scope = _reftrack.new_scope()
            self._test = Once(scope)
            self._repeated.setdefault(id, []).append(self._test)
            self._within = len(self._before)
        self._before.append(_reftrack.enter_scope(scope))
        take_footing()

    def leave(self, outcome: str | None) -> None:
        """The innermost of them is over."""
        if self._before:
            _reftrack.enter_scope(self._before.pop())
        if self._test is not None and len(self._before) == self._within:
            self._test.outcome = outcome
            self._test = None

    def in_test(self) -> bool:
        return self._test is not None


@dataclass
class Once:
    """One repetition, by the ledger's number of its scope."""

    scope: int
    outcome: str | None = None


def problem_of(repetitions: Sequence[Once], outcome: str | None) -> str:
    """Why the figures say nothing: a test came out otherwise than it did. Empty if not."""
    if not repetitions:
        return "it could not be run again"
    others = [once.outcome for once in repetitions if once.outcome != outcome]
    return f"its outcome was {others[0] or 'none'}, not {outcome or 'none'}" if others else ""


class System:
    """What is needed while the suite's objects are in place, bound before it can patch `os`."""

    dup2 = staticmethod(os.dup2)
    fcntl = staticmethod(fcntl.fcntl)
    open = staticmethod(os.open)
    close = staticmethod(os.close)
    writer = io.FileIO
    text = io.TextIOWrapper


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """The standard streams lead nowhere while the body runs, also those of its child processes."""
    streams = sys.stdout, sys.stderr
    _flush(*streams)
    nowhere = System.open(os.devnull, os.O_WRONLY)
    try:
        kept = {number: _duplicate(number) for number in (1, 2)}
        for number in kept:
            System.dup2(nowhere, number)
    finally:
        System.close(nowhere)
    # Streams of our own, since the program's may be none of the descriptors'. They stay open: a
    # handler that was made meanwhile has one, and writes to the descriptor that there is then.
    sys.stdout, sys.stderr = (
        System.text(System.writer(number, "w", closefd=False), line_buffering=True)
        for number in kept
    )
    try:
        yield
    finally:
        _flush(sys.stdout, sys.stderr, *streams)
        sys.stdout, sys.stderr = streams
        for number, copy in kept.items():
            if copy is None:
                System.close(number)
            else:
                System.dup2(copy, number)
                System.close(copy)


def _duplicate(number: int) -> int | None:
    """None where the program has closed that descriptor. Raises OSError where no number is left."""
    try:
        return System.fcntl(number, fcntl.F_DUPFD_CLOEXEC, _LOWEST_DESCRIPTOR)
    except OSError as error:
        if error.errno == errno.EBADF:
            return None
    return System.fcntl(number, fcntl.F_DUPFD_CLOEXEC, _LOWEST_OF_FEW)


def _flush(*streams: TextIO | None) -> None:
    for stream in streams:
        with contextlib.suppress(Exception):  # closed, or something odd of the program's own
            if stream is not None:
                stream.flush()
