"""What a suite leaves the cyclic collector in: disabled, or with its objects frozen."""

from __future__ import annotations

from dataclasses import dataclass

from reftrack import _reftrack
from reftrack.model import ScopeKind
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS


@dataclass
class Left:
    """The first scope that left the collector so, and the one that undid it."""

    kind: ScopeKind
    id: str
    objects: int = 0
    until: str | None = None

    @property
    def is_meant(self) -> bool:
        """A class, a module or a fixture that undid it in its tear-down did no harm."""
        return self.until is not None and self.kind != "test"

    def told(self) -> str:
        until = "" if self.until is None else f" until {self.until}"
        return f"by {self.id}{until}"


class CollectorWatch:
    """Looks at the collector's state after each scope; a change is told with the scope's name.

    What the suite was in before its first scope is its own choice, and not told.
    """

    def __init__(self) -> None:
        self._begun = False
        self._enabled = True
        self._frozen = 0
        self._mark = 0
        self._disabled_by: Left | None = None
        self._frozen_by: Left | None = None

    def entered(self) -> None:
        """A scope begins; the first one's beginning is what later states are compared with."""
        if not self._begun:
            self._begun = True
            self._enabled = _reftrack.collecting()
            self._mark = _reftrack.frozen_mark()
            self._frozen = _reftrack.frozen_objects()

    def left(self, kind: ScopeKind, id: str) -> None:
        """A scope is over."""
        self._look_whether_enabled(kind, id)
        self._look_whether_frozen(kind, id)

    def notes(self) -> list[str]:
        """What the reader of the report has to know. To be called when the run is over."""
        if self._begun:
            self.left("session", "the end of the run")
        notes = []
        if (left := self._disabled_by) and not left.is_meant:
            notes.append(
                f"the collector was left disabled {left.told()}: cycles are never freed; call "
                "gc.enable() when it ends"
            )
        if (left := self._frozen_by) and not left.is_meant:
            notes.append(
                f"{left.objects:,} objects were left frozen {left.told()}: cycles among them are "
                "never freed; call gc.unfreeze() when it ends"
            )
        return notes

    def _look_whether_enabled(self, kind: ScopeKind, id: str) -> None:
        enabled = _reftrack.collecting()
        left = self._disabled_by
        if left is None and self._enabled and not enabled:
            self._disabled_by = Left(kind, id)
        elif left is not None and left.until is None and enabled:
            left.until = id

    def _look_whether_frozen(self, kind: ScopeKind, id: str) -> None:
        """Objects are only counted when the list of frozen ones has another end than before."""
        mark = _reftrack.frozen_mark()
        left = self._frozen_by
        if left is not None:
            if left.until is None and mark == 0:
                left.until = id
        elif mark != self._mark:
            self._mark = mark
            objects = _reftrack.frozen_objects()
            if objects > self._frozen:
                self._frozen_by = Left(kind, id, objects - self._frozen)
