"""What reftrack itself does in a test's teardown, the last look for one, is not on the test's time:
neither pytest-timeout's nor that which pytest tells.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from reftrack import _reftrack
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS


class Timers:
    """The timer that pytest-timeout has set, if it has, and the seconds that were reftrack's."""

    def __init__(self) -> None:
        self._set: tuple[pytest.Item, Any, float] | None = None  # the item, settings, when it ends
        self._seconds = 0.0

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """While the body runs no timer does."""
        timer, began = self._set, _reftrack.now()
        if timer is None:
            yield
        else:
            item, settings, end = timer
            item.config.hook.pytest_timeout_cancel_timer(item=item)
            try:
                yield
            finally:
                left = settings._replace(timeout=max(end - began, 0.001))  # of 0 it sets none
                item.config.hook.pytest_timeout_set_timer(item=item, settings=left)
        self._seconds += _reftrack.now() - began

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_timeout_set_timer(self, item: pytest.Item, settings: Any) -> None:
        """The first to be asked, not the one to answer."""
        self._set = item, settings, _reftrack.now() + settings.timeout

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_timeout_cancel_timer(self) -> None:
        self._set = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self) -> None:
        self._seconds = 0.0  # those since the last report are in nobody's

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self) -> Iterator[None]:
        outcome: Any = yield
        seconds, self._seconds = self._seconds, 0.0
        if outcome.excinfo is None:
            report = outcome.get_result()
            report.duration = max(report.duration - seconds, 0.0)
