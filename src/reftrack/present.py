"""Which run this process has at present, and what becomes of it in a child that is forked."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Protocol

from reftrack import _reftrack, invitation, outlet
from reftrack.config import Options
from reftrack.descriptors import System
from reftrack.model import ScopeKind
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS


class Run(Protocol):
    """A session, as far as this is about it."""

    options: Options

    @property
    def path(self) -> Path: ...

    @property
    def repeating(self) -> bool: ...

    def holds(self, kind: ScopeKind) -> bool: ...


class Inherited(NamedTuple):
    """What a process has from the one that it is a part of the run by: that one's record, and the
    options."""

    record: Path
    options: Options


_current: Run | None = None
_process = 0  # whose run it is
_inherited: Inherited | None = None
_fork_hook = False


def current() -> Run | None:
    """The run of this process; None in a forked child, also before its hook below has run: a
    handler of a signal, or a pending call, may come first."""
    return _current if _process == System.getpid() else None


def begin(run: Run) -> None:
    """This process has a run, which those that it starts may join."""
    global _current, _process
    _register_fork_hook()
    _current, _process = run, System.getpid()
    os.environ[invitation.VARIABLE] = str(run.path)


def end() -> None:
    """It has none any more."""
    global _current
    _current = None
    with suppress(Exception):  # the program may have put something odd in its place
        os.environ.pop(invitation.VARIABLE, None)


def inherited() -> Inherited | None:
    """In a forked child that no test has made: what it needs to become a part of the run, once."""
    global _inherited
    taken, _inherited = _inherited, None
    return taken


def _register_fork_hook() -> None:
    global _fork_hook
    if not _fork_hook and hasattr(os, "register_at_fork"):  # Windows does not fork
        os.register_at_fork(
            before=_reftrack.watch_rest,
            after_in_parent=_reftrack.watch_go_on,
            after_in_child=leave_to_parent,
        )
        _fork_hook = True


def leave_to_parent() -> None:
    """In a forked child: the record and its figures are the parent's. A child that a test has made
    is a part of that test; others may be there to run tests."""
    global _current, _inherited
    run, _current = _current, None
    if run is not None:
        _reftrack.unwatch()
        outlet.let_go()
        _reftrack.silence()
        is_part_of_test = run.holds("test") or run.repeating
        _inherited = None if is_part_of_test else Inherited(run.path, run.options)
