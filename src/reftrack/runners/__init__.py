"""Runners: each maps a test runner's events onto `session` and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any

from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

_OWN = __name__ + "."

_namespace_of: Any = type.__dict__["__dict__"].__get__


def class_id(cls: type) -> str:
    """The id of a class's scope: `module.Class`."""
    return f"{cls.__module__}.{cls.__qualname__}"


def namespace_of(cls: type) -> Mapping[str, Any]:
    """The class's own namespace; `vars` would ask the metaclass, which may answer itself."""
    found: Mapping[str, Any] = _namespace_of(cls)
    return found


def overrides(cls: type, method: str) -> bool:
    """Has `cls`, or a class that it derives from, a `setUpClass` or `tearDownClass` of its own?

    `unittest.TestCase` itself defines both, empty, for everyone.
    """
    return any(method in vars(base) for base in cls.__mro__ if base.__module__ != "unittest.case")


def hide_frames(error: BaseException) -> None:
    """Take the frames of this package out of the traceback that `error` and its causes carry.

    What a runner lets pass (KeyboardInterrupt, SystemExit) has gone through the wrappers here:
    called before such an error is printed, the output is that of a run without them.
    """
    pending: list[BaseException | None] = [error]
    seen = set()
    while pending:
        link = pending.pop()
        if link is not None and id(link) not in seen:
            seen.add(id(link))
            link.__traceback__ = _without_own(link.__traceback__)
            pending += [link.__cause__, link.__context__]


def _without_own(traceback: TracebackType | None) -> TracebackType | None:
    while traceback is not None and _is_own(traceback):
        traceback = traceback.tb_next
    entry = traceback
    while entry is not None:
        following = entry.tb_next
        while following is not None and _is_own(following):
            following = following.tb_next
        if following is not entry.tb_next:
            entry.tb_next = following
        entry = following
    return traceback


def _is_own(traceback: TracebackType) -> bool:
    return str(traceback.tb_frame.f_globals.get("__name__", "")).startswith(_OWN)
