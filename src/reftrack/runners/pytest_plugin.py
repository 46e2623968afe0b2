"""pytest: every item, and every fixture that outlives one, is a scope of the session.

Under `reftrack run -m pytest` the launcher starts the session, ends it and reports; with
`pytest --reftrack` this plugin does. Otherwise it costs its import, which loads little else.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.runner import runtestprotocol

from reftrack import invitation
from reftrack.runners import class_id, overrides

if TYPE_CHECKING:
    from reftrack.config import Options
    from reftrack.model import ScopeKind
    from reftrack.runners.pytest_releasing import Items
    from reftrack.session import Session


OPTIONS = {
    "json": "json",
    "frames": "frames",
    "holders": "holders",
    "repeat": "repeat",
    "prove": "no-prove",
    "release": "release",
    "release_only": "release-only",
    "without_rules": "without-rules",
}
"""By their key in `config`, the ends of their flags."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("reftrack", "which test keeps which memory alive")
    group.addoption(
        "--reftrack",
        action="store_true",
        help="report at the end which tests keep memory alive, and what holds it",
    )
    group.addoption(
        "--reftrack-json",
        metavar="FILE",
        help="with --reftrack: write the report as JSON to FILE, too",
    )
    group.addoption(
        "--reftrack-frames",
        metavar="N",
        type=int,
        help="with --reftrack: how many calls of an allocation's traceback to keep",
    )
    group.addoption(
        "--reftrack-holders",
        metavar="N",
        type=int,
        help="with --reftrack: how many holders the report shows",
    )
    group.addoption(
        "--reftrack-repeat",
        metavar="N",
        type=int,
        help="with --reftrack: run the reported tests N times again, to see what each run adds",
    )
    group.addoption(
        "--reftrack-release",
        action="store_const",
        const=True,
        help="with --reftrack: let go of what finished tests hold",
    )
    group.addoption(
        "--reftrack-release-only",
        metavar="NAMES",
        help="with --reftrack: let go of values whose type is from one of these modules",
    )
    group.addoption(
        "--reftrack-without-rules",
        metavar="NAMES",
        help="with --reftrack: judge what these rules keep quiet by its figures alone",
    )
    group.addoption(
        "--reftrack-no-prove",
        action="store_const",
        const=False,
        dest="reftrack_prove",
        help="with --reftrack: do not cut the largest holders' edges in a copy of the process",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Start before the first conftest is imported: what it allocates is of interest, too."""
    _start_if_asked(early_config, early_config.known_args_namespace)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    _start_if_asked(config, config.option)  # a conftest loaded this plugin, after the hook above
    if (run := config.pluginmanager.get_plugin("reftrack-run")) is not None:
        run.take_signals()  # not earlier: pytest has its own file as stderr until now
    session = _session()
    # A test that runs pytest in its own process keeps its allocations: that run has no scopes.
    if session is not None and not session.holds("test"):
        releasing = _releasing(session)
        if releasing is not None:  # before the scopes: their hooks are then around its own
            config.pluginmanager.register(releasing, "reftrack-release")
        config.pluginmanager.register(Scopes(session, releasing), "reftrack-scopes")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Let go of what tests of `reftrack.pytest.Releasing` classes set: there are none where nobody
    has imported that."""
    module = sys.modules.get("reftrack.pytest")
    if module is None:
        return
    from reftrack.runners.pytest_releasing import ByClass, Items

    base = module.Releasing
    items = Items(ByClass(base), nullcontext, lambda cls: issubclass(cls, base))
    session.config.pluginmanager.register(items)


def _start_if_asked(config: pytest.Config, arguments: Any) -> None:
    given = {key: getattr(arguments, f"reftrack_{key}") for key in OPTIONS}
    for key, value in given.items():
        if value is not None and not arguments.reftrack:
            flag = OPTIONS[key]
            raise pytest.UsageError(
                f"--reftrack-{flag} needs --reftrack, or `reftrack run --{flag}`"
            )
    if _join(config) or _is_worker():
        return
    if arguments.reftrack and _session() is None:
        run = OwnRun.start([str(word) for word in config.invocation_params.args], given)
        config.pluginmanager.register(run, "reftrack-run")
        config.add_cleanup(run.finish)  # also called where pytest ends before it has configured


def _session() -> Session | None:
    """The session of this process; nothing is imported to find that there is none."""
    module = sys.modules.get("reftrack.session")
    return None if module is None else module.current()


def _releasing(session: Session) -> Items | None:
    """What lets go of tests that are over, where that was asked for."""
    if session.cure is None:
        return None
    from reftrack.guard import Apart
    from reftrack.runners.pytest_releasing import Items

    return Items(session.cure, lambda: Apart(session.note))


def _join(config: pytest.Config) -> bool:
    """Is this process a part of a run that another one has started? So are workers of pytest-xdist,
    and pytest where a script or a tool runs it."""
    if invitation.VARIABLE not in os.environ or _session() is not None:
        return False
    from reftrack import dependencies

    dependencies.load()
    from reftrack import joining

    session = joining.start()
    if session is not None:  # a worker of pytest-xdist may be killed as soon as pytest is over
        config.add_cleanup(lambda: joining.end(session))
    return session is not None


def _is_worker() -> bool:
    """Of pytest-xdist: its controller has been given the flags, too, and has not begun."""
    return "PYTEST_XDIST_WORKER" in os.environ


class OwnRun:
    """A session that pytest itself starts, ends and reports."""

    def __init__(self, session: Session, options: Options) -> None:
        self.session, self.options = session, options
        self.here = os.getcwd()  # the suite may leave it
        self.exit_status: int | None = None
        self.path = list(sys.path)

    def take_signals(self) -> None:
        from reftrack import signals

        signals.install(self.path)

    @classmethod
    def start(cls, arguments: list[str], given: dict[str, Any]) -> OwnRun:
        from reftrack import dependencies

        dependencies.load()
        from reftrack import config
        from reftrack.errors import ReftrackError
        from reftrack.session import Session

        try:
            options = config.load(
                {key: value for key, value in given.items() if value is not None},
                flags="--reftrack-",
            )
            if options.json is not None:
                config.writable(options.json, "--reftrack-json")
            session = Session(options, ["-m", "pytest", *arguments])
            session.start()
        except ReftrackError as error:
            raise pytest.UsageError(str(error)) from None
        return cls(session, options)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Iterator[None]:
        yield
        self.exit_status = int(session.exitstatus)

    def finish(self) -> None:
        """End the session and report; what goes wrong in it does not change pytest's status."""
        from reftrack import signals
        from reftrack.errors import ReftrackError

        try:
            report = self.session.finish(self.exit_status)
            if report is None:
                return
            if self.options.report:
                from reftrack.reporters import terminal

                terminal.render(
                    report,
                    sys.stderr,
                    holders=self.options.holders,
                    directory=self.here,
                    record=self.session.path,
                )
            if self.options.json is not None:
                from reftrack.reporters import json

                json.write(report, os.path.join(self.here, self.options.json))
        except ReftrackError as error:
            print(f"reftrack: error: {error}", file=sys.stderr)
        finally:
            signals.restore()


class Scopes:
    """The hooks that tell the session what one pytest run is doing."""

    def __init__(self, session: Session, releasing: Items | None = None) -> None:
        self.session, self.releasing = session, releasing
        self.outcome: str | None = None
        self.looked = False

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
        del fixturedef, request
        if scope is not None:
            self.session.enter(*scope)
        yield
        if scope is not None:
            self.session.leave()


def _outcome(sofar: str | None, report: pytest.TestReport) -> str | None:
    """The outcome of a test after one more of its reports, in pytest's own words for it."""
    if report.failed and sofar not in ("failed", "error"):
        return "failed" if report.when == "call" else "error"
    if hasattr(report, "context") or report.failed:
        return sofar  # a subtest's report tells of the test only if it failed
    if report.when == "setup":
        sofar = None  # or else a second attempt, as pytest-rerunfailures makes them
    if report.skipped and sofar in (None, "passed"):
        return "xfailed" if hasattr(report, "wasxfail") else "skipped"
    if report.passed and report.when == "call" and sofar is None:
        return "xpassed" if hasattr(report, "wasxfail") else "passed"
    return sofar


def _fixture_scope(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> tuple[ScopeKind, str] | None:
    """The scope that setting up a fixture is; None where it belongs to the test that asks for it.

    pytest calls xunit's functions, setUpClass and setUpModule, too, as fixtures of its own.
    """
    name, scope = fixturedef.argname, fixturedef.scope
    if scope == "function":
        return None
    if name.startswith("_xunit_setup_module_"):
        return "module", request.module.__name__
    if name.startswith("_xunit_setup_class_"):
        return "class", class_id(request.cls)
    if name.startswith("_unittest_"):
        runs = "_setUpClass_" in name and overrides(request.cls, "setUpClass")
        return ("class", class_id(request.cls)) if runs else None
    return "fixture", f"{name} ({scope})"
