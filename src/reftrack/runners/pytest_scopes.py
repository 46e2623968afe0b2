"""What a run of pytest does, told to the session: every item is a scope, and every fixture that
outlives one.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.runner import runtestprotocol

from reftrack.runners import class_id, overrides
from reftrack.runners.pytest_gate import is_gates
from reftrack.untouched import BUILTINS

if TYPE_CHECKING:
    from reftrack.looking import Timed
    from reftrack.model import ScopeKind
    from reftrack.runners.pytest_releasing import Items
    from reftrack.runners.pytest_timers import Timers
    from reftrack.session import Session

__builtins__ = BUILTINS


class Scopes:
    """The hooks that tell the session what one pytest run is doing."""

    def __init__(self, session: Session, timers: Timers, releasing: Items | None = None) -> None:
        self.session, self.timers, self.releasing = session, timers, releasing
        self.outcome: str | None = None
        self.looked = False
        self._wider: dict[int, list[Timed]] = {}

    def pytest_keyboard_interrupt(self) -> None:
        self.session.interrupted()

    # A wrapper's frame lasts as long as what it wraps, and a kept traceback leads to it: such a
    # frame lets go of what pytest gave it before it yields.

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.outcome = None
        self.session.enter("test", item.nodeid)
        run = item.session
        del item
        yield
        self.session.leave(self.outcome)
        if self.session.stopping:
            run.shouldstop = f"reftrack: {self.session.stopping}"

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self) -> None:
        self.session.phase("setup")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self) -> None:
        self.session.phase("call")

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self) -> None:
        self.session.settled()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item, nextitem: pytest.Item | None) -> None:
        self.session.phase("teardown")
        if nextitem is None:
            self._look_after(item)

    def _look_after(self, item: pytest.Item) -> None:
        """Look when the item is torn down and the fixtures that outlive it are not.

        The finalizers of a node are called last in, first out, an item's before its parents'. What
        is let go of with `--release` goes after the last class and module.
        """
        kept = () if self.releasing is None else (pytest.Class, pytest.Module)
        parents = [node for node in item.listchain()[:-1] if not isinstance(node, kept)]
        for node in reversed(parents):
            try:
                return node.addfinalizer(self._look)
            except (AssertionError, KeyError):
                continue  # the item's setup did not come as far as this parent of it
        return self._look()

    def _look(self) -> None:
        self.looked = True
        if self.releasing is not None:
            self.releasing.end()
        with self.timers.stopped():
            self.session.checkpoint(final=True)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, Any, None]:
        outcome = yield
        asks_for_more = session.shouldstop or session.shouldfail or session.config.option.usepdb
        if outcome.excinfo is None and not asks_for_more:
            self.session.repeat(functools.partial(self._run_again, session))

    def _run_again(self, session: pytest.Session, ids: list[str], times: int) -> object:
        """Run items again, each on copies that live as long as pytest lets its items live."""
        from reftrack.runners.pytest_unheard import copied, unheard

        items = {item.nodeid: item for item in session.items}
        again = [copied(items[id]) for id in ids if id in items for _ in range(times)]
        plugins = session.config.pluginmanager
        with unheard(session.config, self), self._releasing_again(plugins, again) as releasing:
            try:
                for item, following in zip_longest(again, again[1:]):
                    self._run_once(item, following, releasing)
            finally:
                session._setupstate.teardown_exact(None)  # where it was cut short
        return again

    def _run_once(
        self, item: pytest.Item, following: pytest.Item | None, releasing: Sequence[Items]
    ) -> None:
        self.session.enter("test", item.nodeid)
        self.outcome = None
        try:
            for each in releasing:
                each.begin(item)
            runtestprotocol(item, nextitem=following)
            for each in releasing:
                each.over(following)
        finally:
            self.session.leave(self.outcome)

    @contextmanager
    def _releasing_again(
        self, plugins: pytest.PytestPluginManager, items: list[pytest.Item]
    ) -> Iterator[list[Items]]:
        """What lets go of tests lets go of these items: the hook around a whole item, by which it
        learns of others, is not called for them."""
        from reftrack.runners.pytest_releasing import Items

        own = self.releasing
        first = {
            plugin: plugin.again(self.session.cure if plugin is own else None, items)
            for _, plugin in plugins.list_name_plugin()  # a set of them would have them hashed
            if type(plugin) is Items
        }
        self.releasing = first.get(own) if own is not None else None
        for plugin in first.values():
            plugins.register(plugin)
        try:
            yield list(first.values())
        finally:
            self.releasing = own
            for plugin in first.values():
                plugins.unregister(plugin)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        if not self.looked:  # the run was cut short: its last test did not know that it was
            self._look()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.outcome = _outcome(self.outcome, report)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> Iterator[None]:
        scope = _fixture_scope(fixturedef, request)
        if scope is None:
            del fixturedef, request
            yield
            return
        key, before, definition = id(fixturedef), _finalizers(fixturedef), weakref.ref(fixturedef)
        fixturedef.addfinalizer(self.session.leave)
        del fixturedef, request
        self._enter_wider(key, scope)
        yield
        self.session.leave()
        if (made := definition()) is not None:
            self._follow_tear_down(made, key, scope, before)

    def _enter_wider(self, key: int, scope: tuple[ScopeKind, str]) -> None:
        self.session.enter(*scope)
        if self.session.follows:
            self._wider.setdefault(key, []).append(self.session.innermost_scope())

    def _follow_tear_down(
        self, made: pytest.FixtureDef[Any], key: int, scope: tuple[ScopeKind, str], before: int
    ) -> None:
        """What tears it down runs in a scope of the same name, and not in that of the test which
        happens to be the last. Finalizers are called last in, first out: those of the fixtures that
        ask for this one are yet to come (`FixtureDef.execute`, `finish`, _pytest/fixtures.py)."""
        if _finalizers(made) > before + 1:
            made.addfinalizer(functools.partial(self._enter_wider, key, scope))
        else:
            made._finalizers.pop()  # there is nothing to run

    def torn_down(self, fixturedef: pytest.FixtureDef[Any]) -> list[Timed]:
        """The scopes that a fixture was, which is torn down now; pytest keeps the definition."""
        return self._wider.pop(id(fixturedef), [])


def _outcome(sofar: str | None, report: pytest.TestReport) -> str | None:
    """The outcome of a test after one more of its reports, in pytest's own words for it."""
    if report.failed and sofar not in ("failed", "error"):
        is_judged = report.when == "call" or is_gates(report)
        return "failed" if is_judged else "error"
    if hasattr(report, "context") or report.failed:
        return sofar  # a subtest's report tells of the test only if it failed
    if report.when == "setup":
        sofar = None  # or else a second attempt, as pytest-rerunfailures makes them
    if report.skipped and sofar in (None, "passed"):
        return "xfailed" if hasattr(report, "wasxfail") else "skipped"
    if report.passed and report.when == "call" and sofar is None:
        return "xpassed" if hasattr(report, "wasxfail") else "passed"
    return sofar


def _finalizers(fixturedef: pytest.FixtureDef[Any]) -> int:
    return len(fixturedef._finalizers)


def _fixture_scope(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> tuple[ScopeKind, str] | None:
    """The scope that setting up a fixture is; None where it belongs to the test that asks for it.

    pytest calls xunit's functions, setUpClass and setUpModule, too, as fixtures of its own. One of
    a class is torn down with a function that is in none (`SubRequest`, _pytest/fixtures.py).
    """
    name, scope = fixturedef.argname, fixturedef.scope
    if scope == "function" or (scope == "class" and request.cls is None):
        return None
    if name.startswith("_xunit_setup_module_"):
        return "module", request.module.__name__
    if name.startswith("_xunit_setup_class_"):
        return "class", class_id(request.cls)
    if name.startswith("_unittest_"):
        runs = "_setUpClass_" in name and any(
            overrides(request.cls, method) for method in ("setUpClass", "tearDownClass")
        )
        return ("class", class_id(request.cls)) if runs else None
    return "fixture", f"{name} ({scope})"
