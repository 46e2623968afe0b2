"""Which classes are over and can be let go of, whatever runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol
from weakref import ref

from reftrack import release
from reftrack.holding import Known
from reftrack.release import Before

_RUNNERS = (
    "unittest",
    "django.test",
    "_pytest",
    "pytest",
    "reftrack",
    "twisted.trial",
    "testtools",
)


class Letting(Protocol):
    """Lets go: with figures for a report (`curing.Cure`), or without."""

    def mark(self) -> int: ...
    def let_go_of_instance(
        self, instance: Callable[[], Any], before: Before, known: Callable[[Any], Known]
    ) -> None: ...
    def let_go_of_class(self, cls: type, before: Before, mark: int, *, to_come: bool) -> bool: ...
    def let_go_of_frames(self, name: str, let_go: Callable[[], object]) -> None: ...


class Plan:
    """The order of a run's tests: of which classes some are still to come."""

    def __init__(self, classes: Iterable[type | None]) -> None:
        self._groups: list[int] = []
        self._last: dict[int, int] = {}
        self._now = 0
        self._is_known = True
        for cls in classes:
            if self._groups[-1:] == [id(cls)]:
                continue
            for base in () if cls is None else release.bases(cls):
                self._last[id(base)] = len(self._groups)
            self._groups.append(id(cls))

    def go_to(self, cls: type | None) -> None:
        """A test of this class is next. Where none was planned, no class is over any more."""
        try:
            self._now = self._groups.index(id(cls), self._now)
        except ValueError:
            self._is_known = False

    def is_over(self, cls: type) -> bool:
        """Is no test to come of the class, or of one that derives from it?"""
        return self._is_known and self._last.get(id(cls), -1) < self._now

    def at_end(self) -> bool:
        """Does the last planned class run?"""
        return self._is_known and self._now == len(self._groups) - 1


class Classes:
    """The classes that have begun and are not over, each with what it had before."""

    def __init__(self, letting: Letting) -> None:
        self._letting = letting
        self._begun: dict[int, tuple[ref[type], Before, int]] = {}

    def begin(self, cls: type) -> None:
        """A class and those that it derives from, as they are before `setUpClass`."""
        for base in release.bases(cls):
            if id(base) not in self._begun and not _is_runners(base):
                self._begun[id(base)] = ref(base), release.before(base), self._letting.mark()

    def let_go(self, is_over: Callable[[type], bool], *, to_come: bool) -> None:
        """Let go of those that are over. What code of tests that are `to_come` may read stays, and
        is tried again when the next ones are over."""
        for key, (weak, before, mark) in list(self._begun.items()):
            cls = weak()
            if cls is not None and not is_over(cls):
                continue
            if cls is None or self._letting.let_go_of_class(cls, before, mark, to_come=to_come):
                del self._begun[key]


def _is_runners(cls: type) -> bool:
    return any(release.is_in(release.module_of(cls), name) for name in _RUNNERS)
