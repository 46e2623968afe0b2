"""`reftrack.track()`: what a stretch of the program allocates, what of it is left, and who holds
that.
"""

from __future__ import annotations

import os
import platform
import sys
import threading
import tracemalloc
import weakref
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self, TypeVar

from reftrack import _reftrack, retention, standalone, tracing, windowed, windows
from reftrack.errors import UsageError
from reftrack.guard import calling_line
from reftrack.model import COUNTED, FORMAT, Allocation, Holder, Report, RunInfo, Scope, Totals
from reftrack.session import current
from reftrack.standalone import Ledger
from reftrack.tracing import Backend
from reftrack.windows import Window

OPEN_ONE = 'Open one first: "with reftrack.track() as t: ..."'
ONE_AT_A_TIME = "Leave the first one before the next begins; both can then be read."
AGAIN = "Make a new one each time: with reftrack.track() as t: ..."
READ_EARLIER = "Read it right after its body: with reftrack.track() as t: ...; then t.holders"


def track(frames: int = 16) -> Tracker:
    """Track what the body of a `with` allocates: `with reftrack.track() as t: ...`, then
    `t.holders`.

    It works anywhere, and inside a test that reftrack runs: that test's figures stay as they are
    without it. Of each allocation's traceback `frames` calls are kept (a run's own option counts
    there). All that is allocated in the process meanwhile counts, by other threads too; what an
    `import` makes does not. One tracker is open at a time.

    Raises UsageError where `frames` is not a whole number from 1 to 256.
    """
    if type(frames) is not int or not 1 <= frames <= 256:
        raise UsageError(
            "track() keeps 1 to 256 frames of each allocation", hint="For example: track(frames=16)"
        )
    return Tracker(frames)


class Tracker:
    """What the body of `with reftrack.track() as t:` allocated. Sizes are bytes.

    All can be read in the body, too, where it tells of what is alive so far; after it, garbage has
    been collected once. What is alive is asked of the ledger: `survivors`, `holders` and
    `snapshot()` say what of it is left when they are first read. Inside a run that is possible
    until the test is over; elsewhere as long as the tracker is there, or until `close()`. Reading
    raises UsageError where that is no more so, before the body, and in another process than the
    tracker's.
    """

    def __init__(self, frames: int) -> None:
        self._frames = frames
        self._pid = os.getpid()
        self._thread = 0
        self._window: Window | None = None
        self._ledger: Ledger | None = None
        self._backend: Backend | None = None
        self._is_open = False
        self._where = ""  # it was opened
        self._began = self._seconds = 0.0
        self._started = ""
        self._figures: tuple[int, int, int] | None = None  # allocated, peak, survived, at the end
        self._survivors: list[Allocation] | None = None
        self._holders: list[Holder] | None = None

    def __repr__(self) -> str:
        if self._figures is None:
            return "<reftrack.Tracker: open>" if self._is_open else "<reftrack.Tracker: not begun>"
        allocated, _, survived = self._figures
        return f"<reftrack.Tracker: {survived} bytes survived of {allocated} allocated>"

    # ---- the body ----

    def __enter__(self) -> Self:
        global _latest
        _reftrack.pause()
        try:
            self._check_new()
            session = current()
            if session is not None:
                self._backend = session.backend
            else:
                self._ledger = standalone.ledger(self._frames)
                self._backend = self._ledger.backend
                tracing.follow_arrays()
            self._thread = threading.get_ident()
            self._started = datetime.now(UTC).isoformat(timespec="milliseconds")
            self._began = _reftrack.now()
            self._is_open = True
            self._where = calling_line()
            _latest = weakref.ref(self)
            self._window = _window()
        finally:
            _reftrack.resume()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _reftrack.pause()
        try:
            if self._pid != os.getpid():
                self._leave_to_parent()
                return
            window = self._known_window()
            if not self._is_open:
                return  # close() has been called in the body
            problem = self._end(window)
        finally:
            _reftrack.resume()
        if problem is not None and kind is None:
            raise problem

    def _check_new(self) -> None:
        if self._window is not None:
            raise UsageError("this tracker has been used already", hint=AGAIN)
        opened = _latest() if _latest is not None else None
        if opened is not None and opened._is_open and opened._pid != os.getpid():
            opened._leave_to_parent()
        elif opened is not None and opened._is_open and opened._has_ledger():
            problem = f"trackers do not nest, and the one of {opened._where} is open"
            raise UsageError(problem, hint=ONE_AT_A_TIME)
        if opened is None:
            windows.close_left()  # one that was dropped while it was open

    def _end(self, window: Window) -> UsageError | None:
        """Close the window; returns what is wrong, if anything is."""
        self._is_open = False
        self._seconds = _reftrack.now() - self._began
        windows.close(window)
        if not window.has_ledger:
            return UsageError(
                "a run of reftrack began or ended in the body: what was tracked is lost",
                hint="Begin the tracker inside the run, in one of its tests.",
            )
        if self._ledger is not None:
            _reftrack.charge_no_more()
        _reftrack.collect()
        windowed.charge_arrays(window, self._known_backend())
        self._figures = windowed.figures(window)
        if threading.get_ident() != self._thread:
            return UsageError(
                "the tracker was left in another thread than it was entered in",
                hint="Have one thread open and leave it; what others allocate meanwhile counts.",
            )
        return None

    def close(self) -> None:
        """Let go of the ledger: nothing more can be read but what was. In a run only a body that
        is still open ends."""
        if self._is_open:
            self.__exit__(None, None, None)
        self._ledger = None

    # ---- what it tells ----

    @property
    def allocated_bytes(self) -> int:
        """All that was allocated in the body, freed since or not."""
        return self._told()[0]

    @property
    def peak_bytes(self) -> int:
        """The most of it that was alive at once."""
        return self._told()[1]

    @property
    def survived_bytes(self) -> int:
        """What was alive after the body and one garbage collection; in the body, what is now."""
        return self._told()[2]

    @property
    def survivors(self) -> list[Allocation]:
        """What is left of it, by the lines that allocated it, biggest first: `objects` counts
        blocks of memory, of which an object can have several.
        """
        if self._survivors is not None:
            return self._survivors
        found = self._apart(lambda window: windowed.survivors(window, self._known_backend()))
        if not self._is_open:
            self._survivors = found
        return found

    @property
    def holders(self) -> list[Holder]:
        """Who keeps that alive, from named roots, biggest first."""
        if self._holders is not None:
            return self._holders
        found = self._apart(lambda window: windowed.holders(window, self._known_backend()))
        if not self._is_open:
            self._holders = found
        return found

    def snapshot(self) -> tracemalloc.Snapshot:
        """What is left of it as a snapshot of tracemalloc's: a trace for each block of memory, for
        `statistics`, `compare_to`, `filter_traces` and `dump`."""
        return self._apart(
            lambda window: windowed.snapshot(window, self._known_backend(), self._frames)
        )

    def report(self) -> Report:
        """All of that as the report of a run has it: one scope, its holders, and no tests."""
        holders = self.holders
        allocated, peak, survived = self._told()
        scope = Scope(
            id=windowed.TITLE,
            scope="test",
            allocated_bytes=allocated,
            peak_bytes=peak,
            survived_bytes=survived,
            ended_bytes=survived,
            survived_blocks=sum(allocation.objects for allocation in self.survivors),
        )
        explained = retention.explained_bytes(holders, COUNTED)
        backend = self._backend.name if self._backend is not None else "native"
        run = RunInfo(
            command=list(sys.argv),
            python=platform.python_version(),
            backend=backend,
            started=self._started,
            seconds=self._seconds,
            frames=self._frames,
        )
        totals = Totals(survived_bytes=survived, explained_bytes=explained)
        return Report(FORMAT, not self._is_open, run, totals, [scope], holders)

    def _told(self) -> tuple[int, int, int]:
        return self._figures or self._apart(windowed.figures)

    def _apart(self, read: Callable[[Window], _Answer]) -> _Answer:
        """Read of the ledger, which notes nothing of that."""
        window = self._known_window()
        _reftrack.pause()
        try:
            self._check_readable(window)
            return read(window)
        finally:
            _reftrack.resume()

    def _known_window(self) -> Window:
        if self._window is None:
            raise UsageError("this tracker has not begun", hint=OPEN_ONE)
        return self._window

    def _check_readable(self, window: Window) -> None:
        if self._pid != os.getpid():
            raise UsageError(
                "this tracker is of another process, which this one was forked from",
                hint="Read it there, or open one in this process.",
            )
        if self._ledger is None and current() is None:
            raise UsageError("this tracker was closed, or its run is over", hint=READ_EARLIER)
        if not window.has_ledger:
            raise UsageError(
                "the ledger of this tracker is gone: another one has been started",
                hint=READ_EARLIER,
            )
        if window.given_back and not self._is_open:
            raise UsageError(
                "the test that this tracker was in is over: what it left counts to that",
                hint="Read it inside the test. What tests have left: reftrack.report()",
            )

    def _has_ledger(self) -> bool:
        return self._window is not None and self._window.has_ledger

    def _leave_to_parent(self) -> None:
        """In a forked child, which has come out of the body as well, or into one of its own."""
        if self._window is not None:
            windows.close(self._window)

    def _known_backend(self) -> Backend:
        if self._backend is None:
            raise UsageError("this tracker has not begun", hint=OPEN_ONE)
        return self._backend


_Answer = TypeVar("_Answer")

_latest: weakref.ref[Tracker] | None = None


def latest() -> Tracker | None:
    """The tracker that is open, or was last, while somebody has it."""
    return _latest() if _latest is not None else None


def _window() -> Window:
    try:
        return windows.open_one()
    except RuntimeError as error:
        raise UsageError(f"nothing can be tracked: {error}", hint=ONE_AT_A_TIME) from None
