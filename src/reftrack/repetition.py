"""The tests that the report is about, run again in the same process: what does each run add?"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from reftrack import _reftrack, windows
from reftrack.descriptors import System
from reftrack.guard import Apart, quietly, take_footing
from reftrack.looking import Timed
from reftrack.model import Holder, Repeat, Repeated, ScopeKind
from reftrack.retention import Shares
from reftrack.silence import silence
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

HOLDERS = 10
"""The largest holders with a test of their own that is run again, each by one."""

TESTS = 20
"""Tests run again in one run, also where it has many suites."""

LEAST = 1 << 10
"""A holder of less is not worth it."""

_VERDICTS = ("growing", "once")


def reported(holders: Sequence[Holder]) -> list[str]:
    """The tests that say most about the largest holders: for each, the one that left most with it.
    Their ids."""
    largest = sorted(filter(_is_told, holders), key=lambda holder: -holder.survived_bytes)
    first = (
        next((charge.id for charge in holder.charged if charge.scope == "test"), None)
        for holder in largest
    )
    return list(dict.fromkeys(id for id in first if id is not None))[:HOLDERS]


def _is_told(holder: Holder) -> bool:
    return holder.verdict in _VERDICTS and holder.survived_bytes >= LEAST


def alive(number: int) -> int:
    """Bytes of a scope of the ledger."""
    return max(0, _reftrack.counters(number)[0])


class OneTest(NamedTuple):
    """A test of the run: its scope in the ledger, its place among the scopes that ended."""

    number: int
    place: int
    outcome: str | None


@dataclass
class Once:
    """One repetition, by the ledger's number of its scope."""

    number: int
    outcome: str | None = None


RunAgain = Callable[[list[str], int], object]


class Repetition:
    """Runs tests again, after the final look that has reported them.

    While they run, the runner's events come here instead of to the session. Their scopes, those of
    wider fixtures around them as well, are the ledger's and none of the run.
    """

    def __init__(self, times: int, note: Callable[[str], None]) -> None:
        self.running = False
        self.opened: list[Timed] = []
        self.ended: list[Timed] = []
        self._times, self._note = times, note
        self._reported: list[str] = []  # ids of tests, as of the last final look
        self._holders: list[Holder] = []  # those that it was of
        self._tests: dict[str, OneTest] = {}  # of the run
        self._feeding: dict[str, list[int]] = {}  # by a holder's key, scopes of its tests
        self._alive: list[tuple[str, dict[str, int]]] = []  # see `_mark`
        self._repeated: dict[str, list[Once]] = {}
        self._test: Once | None = None
        self._within = 0  # scopes that were open when it began
        self._look: Callable[[], Shares | None]
        self._shares: Shares | None = None
        self._has_looked = False

    def ended_test(self, id: str, test: OneTest) -> None:
        """A test of the run is over."""
        if self._times:
            self._tests.setdefault(id, test)

    def looked(self, holders: Sequence[Holder]) -> None:
        """The final look has reported these."""
        if self._times:
            self._reported = reported(holders)
            self._holders = [h for h in holders if _is_told(h)]

    def run(
        self,
        run_again: RunAgain,
        look: Callable[[], Shares | None],
        append: Callable[[Repeated], None],
    ) -> None:
        """Have the reported tests run again, and tell what each repetition keeps, and where.

        `run_again(ids, times)` runs each of the tests so often in a row, telling the session of
        each as of any test. It returns what the runner would go on to hold of them. What is written
        to the standard streams meanwhile goes nowhere. `look` is called once, when all is over.
        Nothing happens in a repetition itself, nor where none were asked for.
        """
        ids = [id for id in self._reported if id in self._tests and id not in self._repeated]
        ids = ids[: TESTS - len(self._repeated)]
        if self.running or not self._times or not ids:
            return
        ids.sort(key=lambda id: self._tests[id].place)
        self._repeated.update((id, []) for id in ids)
        self._feeding = self._tests_of(ids)
        self._alive = []
        self._look, self._has_looked, self._shares = look, False, None
        self.running = True
        process = System.getpid()
        try:
            with silence(self._note):
                outside = self._begin()
                held, cut_short = None, True
                try:
                    held = run_again(ids, self._times)
                    cut_short = False
                finally:
                    if System.getpid() != process:
                        System.end(0)  # a child that a test has forked: the program is the parent's
                    with quietly():
                        with Apart(self._note):
                            self._end(outside)
                            self._tell(ids, cut_short, append)
                        del held
        except KeyboardInterrupt:
            self._note("the repetitions of tests were interrupted")
        except BaseException as error:  # the program's own, past what its runner catches
            self._note(f"tests could not be run again: {type(error).__name__}")
        finally:
            self.running = False

    def _begin(self) -> int:
        """The ledger's scope to return to. What is allocated around tests is charged apart."""
        self.opened.append(Timed(_reftrack.new_scope(), "session", "repetitions"))
        return _reftrack.enter_scope(self.opened[0].number)

    def _end(self, outside: int) -> None:
        self._test = None  # of one that was cut short
        while len(self.opened) > 1:
            self.leave(None)
        self.opened.clear()
        _reftrack.enter_scope(outside)

    def look(self) -> None:
        """The last test is over: what do the holders keep of each?"""
        if not self._has_looked:
            self._has_looked = True
            self._shares = self._look()
            self._mark("")

    def _tell(
        self, ids: Sequence[str], cut_short: bool, append: Callable[[Repeated], None]
    ) -> None:
        self.look()
        _reftrack.collect()
        for id in ids:
            repetitions = self._repeated[id]
            whole = self._times if cut_short else 0
            problem = problem_of(repetitions, self._tests[id].outcome, whole)
            kept = [alive(once.number) for once in repetitions]
            holders = None if self._shares is None or problem else self._kept(id, self._shares)
            append(Repeated(self._tests[id].place, [] if problem else kept, problem, holders))

    def _kept(self, id: str, shares: Shares) -> dict[str, Repeat]:
        numbers = [once.number for once in self._repeated[id]]
        lost = self._lost(id)
        found = {}
        for key, share in shares.items():
            kept = [share.get(number, 0) for number in numbers]
            if any(kept):
                found[key] = Repeat(id, kept, min(lost.get(key, 0), self._gone(key, share)))
        return found

    def _gone(self, key: str, share: Mapping[int, int]) -> int:
        """Bytes of the run that a holder keeps no longer."""
        again = {once.number for tests in self._repeated.values() for once in tests}
        left = sum(size for number, size in share.items() if number not in again)
        return max([0, *(h.survived_bytes - left for h in self._holders if h.key == key)])

    # Of the holders' tests it is known what went while a test was repeated, not from where; of the
    # holders what went from them, not when: a tear-down may have emptied them, or another test.

    def _tests_of(self, ids: Collection[str]) -> dict[str, list[int]]:
        """By the keys of the holders that these tests feed, the scopes of all that feed them."""
        feeding = {h.key: [charge.id for charge in h.charged] for h in self._holders}
        return {
            key: [self._tests[id].number for id in found if id in self._tests]
            for key, found in feeding.items()
            if not set(ids).isdisjoint(found)
        }

    def _mark(self, id: str) -> None:
        """Note what is alive of the holders' tests, before the first repetition of a test."""
        sums = {key: sum(map(alive, numbers)) for key, numbers in self._feeding.items()}
        self._alive.append((id, sums))

    def _lost(self, id: str) -> dict[str, int]:
        """By the keys of holders, what their tests lost while that one was repeated."""
        for (marked, before), (_, after) in pairwise(self._alive):
            if marked == id:
                return {key: max(0, size - after[key]) for key, size in before.items()}
        return {}

    def enter(self, kind: ScopeKind, id: str) -> None:
        """A test begins again, or something wider around tests."""
        scope = Timed(_reftrack.new_scope(), kind, id)
        if kind == "test" and self._test is None:
            if not self._repeated.get(id):
                self._mark(id)
            self._test = Once(scope.number)
            self._repeated.setdefault(id, []).append(self._test)
            self._within = len(self.opened)
        self.opened.append(scope)
        _reftrack.enter_scope(scope.number)
        windows.follow(scope.number)
        take_footing()

    def leave(self, outcome: str | None) -> None:
        """The innermost of them is over."""
        if len(self.opened) > 1:
            windows.give_back(self.opened[-1].number)
            self.ended.append(self.opened.pop())
            _reftrack.enter_scope(self.opened[-1].number)
            windows.follow(self.opened[-1].number)
        if self._test is not None and len(self.opened) == self._within:
            self._test.outcome = outcome
            self._test = None


def problem_of(repetitions: Sequence[Once], outcome: str | None, whole: int = 0) -> str:
    """Why the figures say nothing: a test came out otherwise than it did, or what ran it was cut
    short before the `whole` number of them was over. Empty if not."""
    if whole and (len(repetitions) < whole or repetitions[-1].outcome is None):
        return "its repetitions were cut short"
    if not repetitions:
        return "it could not be run again"
    others = [once.outcome for once in repetitions if once.outcome != outcome]
    return f"its outcome was {others[0] or 'none'}, not {outcome or 'none'}" if others else ""
