"""The gate: a test that leaves more behind than it may fails, as a report of pytest's own.

A test is judged when its teardown is over, and a wider fixture with the test in whose teardown it
ended. Where the ledger has no more than the limit, which is one figure, nothing else is done.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from _pytest._code.code import ReprEntryNative, ReprExceptionInfo, ReprFileLocation, ReprTraceback

from reftrack import judging, sizes
from reftrack.guard import Apart
from reftrack.judging import Failure, Limits
from reftrack.looking import Timed
from reftrack.runners import pytest_hooks
from reftrack.runners.pytest_timers import Timers
from reftrack.session import Session
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

_MARK = "reftrack_failed"
"""An attribute of reports that the gate has made fail: it goes with them to xdist's controller."""

_EXAMPLE = (
    'for example @pytest.mark.reftrack(max_survived="1 MiB", max_objects=0, ignore=["app.*"])'
)


class Gate:
    """The hooks that judge what tests and fixtures leave, and tell their figures to JUnit's report
    where `tells_figures`."""

    def __init__(
        self, session: Session, scopes: Any, timers: Timers, *, tells_figures: bool
    ) -> None:
        self.session, self.scopes, self.timers = session, scopes, timers
        self.tells_figures = tells_figures
        self.default = Limits(max_survived=session.options.fail_over)
        self.limits = Limits()
        self.failed = self.passed = False
        self.torn_down: list[tuple[Timed, Limits]] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self.failed = self.passed = False
        self.limits = Limits()
        problem = ""
        try:
            self.limits = limits(item, self.default)
        except ValueError as error:
            problem = str(error)
        if problem:  # outside, as it is the test's error, and not one of an error
            pytest.fail(f"{problem}\n{_EXAMPLE}", pytrace=False)

    def pytest_fixture_post_finalizer(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> None:
        """Its value is still in the definition: it is judged when the teardown is over."""
        for scope in self.scopes.torn_down(fixturedef):
            with suppress(ValueError):  # which is an error of each test there
                self.torn_down.append((scope, limits(request.node, self.default)))

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Iterator[None]:
        outcome: Any = yield
        if outcome.excinfo is not None or not self.session.follows:
            return
        report: pytest.TestReport = outcome.get_result()
        skipped_late = report.when == "teardown" and report.skipped
        self.failed = self.failed or report.failed or skipped_late
        self.passed = self.passed or (report.passed and report.when == "call")
        if report.when == "teardown":
            with self.timers.stopped(), Apart(self.session.note):
                self._torn_down(item, report)

    def _torn_down(self, item: pytest.Item, report: pytest.TestReport) -> None:
        wider, self.torn_down = self.torn_down, []
        test = self.session.innermost_scope()
        if self.tells_figures:
            let_go(item)
            figures = self.session.figures(test)
            report.user_properties += [(f"reftrack_{name}", n) for name, n in figures.items()]
        if self.failed or self.scopes.outcome in ("failed", "error"):
            return
        judged = [(test, self.limits), *wider] if self.passed else wider
        failures = list(self._failures(item, judged))
        if failures:
            _fail(report, failures)

    def _failures(
        self, item: pytest.Item, judged: Iterable[tuple[Timed, Limits]]
    ) -> Iterator[Failure]:
        over = [(scope, limits) for scope, limits in judged if self._may_be_over(scope, limits)]
        if not over:
            return
        let_go(item)
        self.session.collect()
        for scope, limits in over:
            if self._may_be_over(scope, limits):
                holders = self.session.holders_of(scope)
                ignored, directory = self.session.options.ignore, self.session.directory
                found = judging.failure(scope, holders, limits, ignored, directory)
                if found is not None:
                    yield found

    def _may_be_over(self, scope: Timed, limits: Limits) -> bool:
        return limits.are_any and not limits.allow(
            self.session.left(scope, limits.max_survived or 0)
        )


class Verdicts:
    """What reports that the gate has made fail count as: one failed test each, here and on the
    controller of pytest-xdist."""

    def __init__(self, session: Session, config: pytest.Config) -> None:
        self.session, self.config = session, config

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """A hook of the user's judges the report of the whole run, which is yet to be made."""
        hook = self.config.hook.pytest_reftrack_report
        if hook.get_hookimpls() and not self.session.is_part:
            self.session.judges.append(functools.partial(pytest_hooks.failed, hook))

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, str] | None:
        return ("failed", "F", "FAILED") if is_gates(report) else None

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if hasattr(report, _MARK):  # also of an attempt that another one follows
            _forget_that_it_passed(self.config, report.nodeid)
        if is_gates(report) and not hasattr(report, "node"):  # a worker has its own in its record
            for headline in getattr(report, _MARK):
                self.session.fail(headline)


def is_gates(report: Any) -> bool:
    """Has the gate made this report fail, and nobody taken that back, for another attempt?"""
    return report.outcome == "failed" and hasattr(report, _MARK)


def limits(node: pytest.Item | pytest.Collector, default: Limits) -> Limits:
    """What the tests and fixtures of a node may leave: of each argument the one of the closest mark
    holds. None where `no_reftrack` is closer.

    Raises ValueError where a mark has arguments that make no sense.
    """
    given: dict[str, Any] = {}
    for mark in node.iter_markers():
        if mark.name == "no_reftrack":
            return Limits(**given)
        if mark.name == "reftrack":
            given = _arguments(mark) | given
    return default._replace(**given) if given else default


def _arguments(mark: pytest.Mark) -> dict[str, Any]:
    if mark.args:
        raise ValueError("the arguments of the mark `reftrack` have names")
    found: dict[str, Any] = {}
    for name, value in mark.kwargs.items():
        if name == "max_survived":
            found[name] = _size(value)
        elif name == "max_objects":
            found[name] = _count(value)
        elif name == "ignore":
            found[name] = _names(value)
        else:
            known = ", ".join(Limits._fields)
            raise ValueError(f"the mark `reftrack` has no argument {name}; it has {known}")
    return found


def _size(value: object) -> int | None:
    try:
        return None if value is None else sizes.parse(value)
    except ValueError:
        raise ValueError(f"max_survived={value!r} is not a size such as 1 MiB") from None


def _count(value: object) -> int | None:
    if value is None or (type(value) is int and value >= 0):
        return value
    raise ValueError(f"max_objects={value!r} is not a number of objects")


def _names(value: object) -> tuple[str, ...]:
    if isinstance(value, (list, tuple)) and all(isinstance(n, str) and n for n in value):
        return tuple(value)
    raise ValueError(f"ignore={value!r} is not a list of names of holders")


def let_go(item: Any) -> None:
    """What pytest itself lets go of as soon as the report is made (`runtestprotocol`,
    _pytest/runner.py): the values of the test's fixtures."""
    if hasattr(item, "_request"):
        item._request = False
        item.funcargs = None


def _fail(report: pytest.TestReport, failures: list[Failure]) -> None:
    """As if the test had raised, on the line that allocated most, with all the failures' words."""
    first = failures[0]
    file, line, _ = report.location
    is_own = first.scope == report.nodeid
    message = first.summary if is_own else first.headline
    place = ReprFileLocation(first.file or file, first.line or (line or 0) + 1, message)
    text = "\n\n".join(f"{failure.headline}\n\n{failure.details}" for failure in failures) + "\n"
    entry = ReprEntryNative([text])
    report.outcome = "failed"
    report.longrepr = ReprExceptionInfo(
        reprtraceback=ReprTraceback([entry], extraline=None, style="native"), reprcrash=place
    )
    setattr(report, _MARK, [failure.headline for failure in failures])


def _forget_that_it_passed(config: pytest.Config, nodeid: str) -> None:
    """The report of its call is counted as passed; pytest counts reports, and people tests."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    for category in ("passed", "xpassed"):
        reports = getattr(terminal, "stats", {}).get(category, [])
        for place in reversed(range(len(reports))):
            if getattr(reports[place], "nodeid", None) == nodeid:
                del reports[place]
                return
