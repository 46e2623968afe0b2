"""pytest's entry to reftrack, loaded in every run: it starts nothing that is not asked for.

Under `reftrack run -m pytest` the launcher starts the session, ends it and reports; with
`pytest --reftrack`, or `reftrack = true` in the ini file, `pytest_run` does. Otherwise this costs
its import, which loads little else.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

import reftrack
from reftrack import invitation
from reftrack.runners import pytest_hooks, pytest_options
from reftrack.untouched import BUILTINS

if TYPE_CHECKING:
    from reftrack.runners.pytest_releasing import Items
    from reftrack.session import Session

__builtins__ = BUILTINS

MARKERS = (
    "reftrack(max_survived=None, max_objects=None, ignore=()): fail the test if it leaves more "
    'behind than, for example, max_survived="1 MiB"; holders that ignore names do not count',
    "no_reftrack: do not judge what the test leaves behind",
)

_PATH = list(sys.path)
"""Where what a report needs is imported from, before a suite changes it."""


def pytest_addoption(parser: pytest.Parser) -> None:
    pytest_options.add(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.add_hookspecs(pytest_hooks)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Start before the first conftest is imported: what it allocates is of interest, too."""
    _start_if_asked(early_config, early_config.known_args_namespace)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    _start_if_asked(config, config.option)  # a conftest loaded this plugin, after the hook above
    session = _session()
    # A test that runs pytest in its own process keeps its allocations: that run has no scopes.
    if session is not None and not session.holds("test"):
        from reftrack import signals

        signals.install(_PATH)  # not earlier: pytest has its own file as stderr until now
        _follow(config, session)


def _follow(config: pytest.Config, session: Session) -> None:
    from reftrack.runners.pytest_gate import Gate, Verdicts
    from reftrack.runners.pytest_scopes import Scopes
    from reftrack.runners.pytest_timers import Timers

    plugins = config.pluginmanager
    timers = Timers()
    plugins.register(timers, "reftrack-timers")
    releasing = _releasing(session)
    if releasing is not None:  # before the scopes: their hooks are then around its own
        plugins.register(releasing, "reftrack-release")
    scopes = Scopes(session, timers, releasing)
    plugins.register(scopes, "reftrack-scopes")
    xml = bool(getattr(config.option, "xmlpath", None)) and pytest_options.is_on(
        config, config.option
    )
    plugins.register(Gate(session, scopes, timers, tells_figures=xml), "reftrack-gate")
    plugins.register(Verdicts(session, config), "reftrack-verdicts")


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


@pytest.fixture(name="reftrack")
def reftrack_module() -> ModuleType:
    """The module `reftrack`, with `track()`, `holders(...)`, `ignore(...)` and the rest."""
    return reftrack


def _start_if_asked(config: pytest.Config, arguments: Any) -> None:
    is_on = pytest_options.is_on(config, arguments)
    if _join(config) or _is_worker():
        return
    if is_on and _session() is None:
        from reftrack.runners.pytest_run import OwnRun

        run = OwnRun.start(config, arguments)
        config.pluginmanager.register(run, "reftrack-run")
        config.add_cleanup(run.end)  # also called where pytest ends before it has configured


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
