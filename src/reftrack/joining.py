"""How a process that a run has started becomes a part of it: with a record of its own."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
from functools import partial
from pathlib import Path

import msgspec

from reftrack import invitation, records
from reftrack.config import Options
from reftrack.errors import ReftrackError
from reftrack.present import Inherited, inherited
from reftrack.session import Session, current
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS


def join() -> Session | None:
    """The session of this process; one begins where it is a worker of a run and has none yet."""
    session = current()
    taken = None if session is not None else inherited()
    return session if taken is None else _start(taken)


def invited() -> Inherited | None:
    """What a process needs that was started, not forked: as the record of its parent has it."""
    path = invitation.record()
    if path is None:
        return None
    with contextlib.suppress(ReftrackError, msgspec.ValidationError, OSError):
        options = msgspec.convert(records.options(Path(path)), Options, strict=False)
        return Inherited(Path(path), options)
    return None


def start() -> Session | None:
    """Join the run that this process was started by, if it was, to its end."""
    taken = invited() if current() is None else None
    return None if taken is None else _start(taken)


def _start(taken: Inherited) -> Session | None:
    options = msgspec.structs.replace(taken.options, json=None, baseline=None, report=False)
    session = Session(options, sys.orig_argv[1:], taken.record)
    try:
        session.start()
    except ReftrackError:
        return None  # the program goes on as it would without
    _end_with_process(session)
    return session


def end(session: Session) -> None:
    """The work of this process is over: its record is closed."""
    with contextlib.suppress(ReftrackError):
        session.finish(None)


def _end_with_process(session: Session) -> None:
    """A process of multiprocessing's may end by `os._exit`, after its finalizers: those of lowest
    priority last. It forgets those that it has when its own work begins, calls what is registered
    for after a fork, and only then knows that it is one (`_bootstrap`,
    Lib/multiprocessing/process.py); this may come before."""
    last = partial(_end_here, session, os.getpid())
    atexit.register(last)
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        util.register_after_fork(session, lambda _: util.Finalize(None, last, exitpriority=-1000))
        if sys.modules["multiprocessing.process"].parent_process() is not None:
            util.Finalize(None, last, exitpriority=-1000)


def _end_here(session: Session, pid: int) -> None:
    if os.getpid() == pid:
        end(session)
