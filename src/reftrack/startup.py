"""What `reftrack.pth` has each python process do as it starts, where a run has announced itself.

A process that a run starts may be one of a runner's workers. It joins the run as soon as it imports
unittest, or pytest loads the plugin; until then nothing more is imported for it. A process that a
test has started is a part of that test, and never joins.
"""

from __future__ import annotations

import sys

from reftrack import invitation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType


def begin() -> None:
    """Wait for unittest, where this process may be a worker. Never raises."""
    try:
        if invitation.record() is not None:
            sys.meta_path.insert(0, _Finder())
    except Exception:  # the program is not to fail for this before it has begun
        pass


class _Finder:
    """Stands at the front of `sys.meta_path` until unittest is looked for."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name == "unittest" and self in sys.meta_path:
            sys.meta_path.remove(self)
            _join()
        return None


def _join() -> None:
    from reftrack import dependencies

    dependencies.load()
    from reftrack import joining, signals
    from reftrack.runners import unittest_hooks

    if joining.start() is not None:
        signals.install(list(sys.path))
        unittest_hooks.install()
