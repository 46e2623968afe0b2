"""The tests that the report is about, run again in the same process: what does each run add?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from reftrack import _reftrack
from reftrack.guard import Apart, quietly, take_footing
from reftrack.looking import Timed
from reftrack.model import Holder, Repeat, Repeated, ScopeKind
from reftrack.retention import Shares
from reftrack.silence import silence

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
    largest = sorted(
        (h for h in holders if h.verdict in _VERDICTS and h.survived_bytes >= LEAST),
        key=lambda holder: -holder.survived_bytes,
    )
    first = (
        next((charge.id for charge in holder.charged if charge.scope == "test"), None)
        for holder in largest
    )
    return list(dict.fromkeys(id for id in first if id is not None))[:HOLDERS]


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
    is_over: bool = False


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
        self._holders: dict[str, Holder] = {}  # by key, then
        self._tests: dict[str, OneTest] = {}
        self._alive: dict[str, int] = {}  # bytes of these when the repetitions begin
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
            self._holders = {h.key: h for h in holders if h.verdict in _VERDICTS}

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
        self._alive = {id: alive(test.number) for id, test in self._tests.items()}
        self._look, self._has_looked = look, False
        self.running = True
        try:
            with silence(self._note):
                outside = self._begin()
                held = None
                try:
                    held = run_again(ids, self._times)
                finally:
                    with quietly():
                        with Apart(self._note):
                            self._end(outside)
                            self._tell(ids, append)
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

    def _tell(self, ids: Sequence[str], append: Callable[[Repeated], None]) -> None:
        self.look()
        _reftrack.collect()
        for id in ids:
            repetitions = self._repeated[id]
            problem = problem_of(repetitions, self._tests[id].outcome, self._times)
            kept = [alive(once.number) for once in repetitions]
            holders = None if self._shares is None or problem else self._kept(id, self._shares)
            append(Repeated(self._tests[id].place, [] if problem else kept, problem, holders))

    def _kept(self, id: str, shares: Shares) -> dict[str, Repeat]:
        numbers = [once.number for once in self._repeated[id]]
        found = {}
        for key, share in shares.items():
            kept = [share.get(number, 0) for number in numbers]
            if any(kept):
                found[key] = Repeat(id, kept, self._gone(key, share))
        return found

    def _gone(self, key: str, share: Mapping[int, int]) -> int:
        """Bytes of the run that went from a holder while tests were run again: no more than its
        tests have lost, for a tear-down before may have emptied it."""
        holder = self._holders.get(key)
        if holder is None:
            return 0
        again = {once.number for tests in self._repeated.values() for once in tests}
        left = sum(size for number, size in share.items() if number not in again)
        tests = (charge.id for charge in holder.charged if charge.id in self._alive)
        lost = sum(max(0, self._alive[id] - alive(self._tests[id].number)) for id in tests)
        return max(0, min(holder.survived_bytes - left, lost))

    def enter(self, kind: ScopeKind, id: str) -> None:
        """A test begins again, or something wider around tests."""
        scope = Timed(_reftrack.new_scope(), kind, id)
        if kind == "test" and self._test is None:
            self._test = Once(scope.number)
            self._repeated.setdefault(id, []).append(self._test)
            self._within = len(self.opened)
        self.opened.append(scope)
        _reftrack.enter_scope(scope.number)
        take_footing()

    def leave(self, outcome: str | None) -> None:
        """The innermost of them is over."""
        if len(self.opened) > 1:
            self.ended.append(self.opened.pop())
            _reftrack.enter_scope(self.opened[-1].number)
        if self._test is not None and len(self.opened) == self._within:
            self._test.outcome, self._test.is_over = outcome, True
            self._test = None


def problem_of(repetitions: Sequence[Once], outcome: str | None, times: int) -> str:
    """Why the figures say nothing: a test came out otherwise than it did. Empty if not."""
    if not repetitions:
        return "it could not be run again"
    others = [once.outcome for once in repetitions if once.is_over and once.outcome != outcome]
    if others:
        return f"its outcome was {others[0] or 'none'}, not {outcome or 'none'}"
    is_whole = len(repetitions) >= times and all(once.is_over for once in repetitions)
    return "" if is_whole else "its repetitions were cut short"
