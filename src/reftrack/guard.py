"""reftrack's own work inside the user's program: charged to no one, and no fault of it gets out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from reftrack import _reftrack, owners
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

this_frame = sys._getframe  # bound before any suite can patch `sys`


class Apart:
    """While the body runs the ledger is paused; an error in it is told to `note`, and ends there.

    What a signal handler of the program's raises meanwhile passes through.
    """

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note

    def __enter__(self) -> None:
        _reftrack.pause()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> bool:
        _reftrack.resume()
        if _waiting:
            _do_what_waits()
        if error is None or not isinstance(error, Exception) or is_of_handler(error):
            return False
        self._note(f"a fault of reftrack: {type(error).__name__}: {error}")
        return True


def when_free(deed: Callable[[], object]) -> None:
    """Do it now, or as soon as reftrack is done with what it does now. To be called in the main
    thread; a deed that waits already, or is being done, is done once."""
    if deed not in _waiting:
        _waiting.append(deed)
    _do_what_waits()


def _do_what_waits() -> None:
    """One after the other, and none inside another: each is Apart by itself, and handlers of
    further signals may come between any two lines."""
    global _is_doing
    if not _waiting or _is_doing or _reftrack.pausing():
        return
    _is_doing = True
    try:
        while _waiting:
            try:
                _waiting[0]()
            finally:
                del _waiting[:1]
    finally:
        _is_doing = False


_waiting: list[Callable[[], object]] = []
_is_doing = False


def take_footing() -> None:
    """Captures of stacks need not look beyond the runner's frame that waits now: the one that
    called the innermost frame which is neither reftrack's own nor a generator's. Only a hint."""
    depth = _reftrack.waiting_depth(owners.OWN_FOLDER)
    if depth >= 0:
        _reftrack.stand_on(this_frame(depth))


def calling_line() -> str:
    """Where the program's code, or else whatever has called reftrack, is now: "suite.py:12"."""
    frame: FrameType | None = this_frame()
    caller = None
    while frame is not None:
        file = frame.f_code.co_filename
        if not owners.is_own_file(file):
            caller = caller or f"{file}:{frame.f_lineno}"
            if not owners.is_library_file(file):
                return f"{file}:{frame.f_lineno}"
        frame = frame.f_back
    return caller or "the start"


def is_of_handler(error: BaseException) -> bool:
    """Was it raised in a signal handler of the program's? Such a one is given a number and the
    frame that it interrupts (`_PyErr_CheckSignalsTstate`, Modules/signalmodule.c). What the program
    has put in the place of a function that reftrack itself calls is not."""
    traceback = error.__traceback__
    while traceback is not None:
        frame = traceback.tb_frame
        if not owners.is_own_file(frame.f_code.co_filename):
            for given in frame.f_locals.values():
                last = given[-1] if type(given) is tuple and given[1:] else given
                if last is not None and last is frame.f_back:
                    return True
        traceback = traceback.tb_next
    return False


@contextmanager
def quietly() -> Iterator[None]:
    """What would have died at the end of the process, when nobody listens any more, warns nobody
    now: a file that was never closed does not fail a suite that turns warnings into errors.

    The filter is put in place by hand, since `warnings.catch_warnings` makes every warning that is
    shown once be shown again (`_filters_mutated`, Lib/warnings.py); `_warnings.c` reads the list.
    """
    filters = vars(sys.modules["warnings"]).get("filters") if "warnings" in sys.modules else None
    silence: Any = ("ignore", None, Warning, None, 0)
    hook = vars(sys).get("unraisablehook", sys.__unraisablehook__)
    if type(filters) is list:
        filters.insert(0, silence)
    sys.unraisablehook = _ignore
    try:
        yield
    finally:
        sys.unraisablehook = hook
        if type(filters) is list:
            filters[:] = [entry for entry in filters if entry is not silence]


def _ignore(_: object) -> None:
    pass
