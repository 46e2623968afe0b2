"""`kill -USR1 PID`: the running process explains itself, and carries on."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator

from reftrack import _reftrack, outlet, records
from reftrack.guard import Apart, when_free
from reftrack.reporters.words import duration, size
from reftrack.session import Session, current

# Bound before any suite can patch `signal`.
_get, _set = signal.getsignal, signal.signal
_SIGNAL: signal.Signals | None = getattr(signal, "SIGUSR1", None)
"""Windows has none: nobody can ask there."""

_fork_hook = False
_path: list[str] = []
"""Where what the report needs is imported from: the program may be anywhere else by then."""


def install(path: list[str]) -> None:
    """From now on the started session is explained on stderr at each SIGUSR1; modules that this
    needs are found on `path`. A program that handles the signal itself, or ignores it, goes on to
    do so, whether it has said so already or will. Nothing happens in another than the main thread,
    nor where that is so already.
    """
    global _fork_hook
    if _SIGNAL is None:
        return
    handler = _get(_SIGNAL)
    if handler is _asked:
        return
    outlet.keep()
    _path[:] = path
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and handler == signal.SIG_DFL:
        _set(_SIGNAL, _asked)
        if not _fork_hook:
            os.register_at_fork(after_in_child=restore)
            _fork_hook = True


def restore() -> None:
    """The end of that, also in a forked child, which dies by the signal as it would have."""
    outlet.let_go()
    if _SIGNAL is None:
        return
    with contextlib.suppress(Exception):  # in the main thread alone; and `signal` may be patched
        if _get(_SIGNAL) is _asked:
            _set(_SIGNAL, signal.SIG_DFL)


def _asked(*_: object) -> None:
    # Between two bytecodes of the main thread, reftrack's own among them.
    when_free(_explain)


def _explain() -> None:
    session = current()
    if session is None:
        return
    with Apart(session.note):
        try:
            _show(session)
        except OSError:  # stderr is closed, or nobody reads it
            return
        except Exception as error:
            outlet.say(f"reftrack: nothing to show: {type(error).__name__}: {error}")
            raise


def _show(session: Session) -> None:
    report = session.so_far()
    if workers := records.running(session.path):
        pids = " ".join(map(str, workers))
        report.run.notes.append(
            f"this process is looked at, and no other; to ask its workers: kill -USR1 {pids}"
        )
    resident = _reftrack.footprint()[0]
    facts = [duration(session.elapsed()), session.where()]
    if resident >= 0:
        facts.append(f"{size(resident)} resident")
    with _importing():
        from reftrack.reporters import terminal
    with outlet.stream() as stream, _importing():
        stream.write("\n")
        terminal.render(
            report,
            stream,
            holders=session.options.holders,
            directory=session.directory,
            now=", ".join(facts),
        )


@contextlib.contextmanager
def _importing() -> Iterator[None]:
    """`sys.path` is as it was at the start."""
    theirs, sys.path[:] = list(sys.path), _path
    try:
        yield
    finally:
        sys.path[:] = theirs
