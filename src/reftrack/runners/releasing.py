"""Which classes are over and can be let go of, whatever runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from typing import Any, NamedTuple, Protocol
from weakref import ref

from reftrack import release
from reftrack.holding import Known
from reftrack.release import Before
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

_RUNNERS = (
    "unittest",
    "django.test",
    "_pytest",
    "pytest",
    "reftrack",
    "twisted.trial",
    "testtools",
    "nose",
    "nose2",
    "zope.testrunner",
)


class Letting(Protocol):
    """Lets go: with figures for a report (`curing.Cure`), or without."""

    def mark(self) -> int: ...
    def let_go_of_instance(
        self, instance: Callable[[], Any], before: Before, known: Callable[[Any], Known]
    ) -> None: ...
    def let_go_of_class(
        self, cls: type, before: Before, scopes: slice, *, to_come: bool
    ) -> bool: ...
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


class _Begun(NamedTuple):
    """A class that has begun, with what it had before. The `scopes` of its own tests end where it
    was over first; it is asked for anew when `wait` turns have passed."""

    cls: ref[type]
    before: Before
    scopes: slice
    wait: int = 1


class Classes:
    """The classes that have begun and are not over, and those of which something stays."""

    def __init__(self, letting: Letting) -> None:
        self._letting = letting
        self._begun: dict[int, _Begun] = {}
        self._kept: dict[int, _Begun] = {}
        self._due: list[tuple[int, int]] = []  # a heap: the turn, and the key of one that was kept
        self._turn = 0

    def begin(self, cls: type) -> None:
        """A class and those that it derives from, as they are before `setUpClass`."""
        for base in release.bases(cls):
            if id(base) in self._begun or _is_runners(base):
                continue
            kept = self._kept.pop(id(base), None)
            if kept is not None and kept.cls() is base:
                self._begun[id(base)] = kept
            else:
                since = slice(self._letting.mark(), None)
                self._begun[id(base)] = _Begun(ref(base), release.before(base), since)

    def let_go(self, is_over: Callable[[type], bool], *, to_come: bool) -> None:
        """Let go of those that are over. What code of tests that are `to_come` may read stays, and
        is tried again when others are over: after twice as many each time, or it would take a time
        that is quadratic in their number."""
        self._turn += 1
        for key, begun in list(self._begun.items()):
            cls = begun.cls()
            if cls is None or is_over(cls):
                del self._begun[key]
                scopes = slice(begun.scopes.start, self._letting.mark())
                self._try(key, begun._replace(scopes=scopes), to_come=to_come)
        while self._due and (self._due[0][0] <= self._turn or not to_come):
            _, key = heappop(self._due)
            kept = self._kept.pop(key, None)
            if kept is not None:
                self._try(key, kept._replace(wait=2 * kept.wait), to_come=to_come)

    def _try(self, key: int, begun: _Begun, *, to_come: bool) -> None:
        cls = begun.cls()
        if cls is None:
            return
        if not self._letting.let_go_of_class(cls, begun.before, begun.scopes, to_come=to_come):
            self._kept[key] = begun
            heappush(self._due, (self._turn + begun.wait, key))


def _is_runners(cls: type) -> bool:
    return any(release.is_in(release.module_of(cls), name) for name in _RUNNERS)
