"""Hooks that reftrack calls, for a conftest.py or a plugin.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reftrack.untouched import BUILTINS

if TYPE_CHECKING:
    from reftrack.model import Report

__builtins__ = BUILTINS


def pytest_reftrack_report(report: Report) -> str | list[str] | None:
    """Called once with the report of the whole run, before it is shown.

    What it returns, a text or a list of them, are reasons to fail the run: they stand in the
    report, and the exit status is 1 where it would have been 0. An `assert` that does not hold is
    one, too.
    """


def failed(hook: Any, report: Report) -> list[str]:
    """The reasons to fail the run that the hook's implementations have. An error of theirs is one:
    a gate that cannot tell has not been passed."""
    try:
        told = hook(report=report)
    except AssertionError as error:
        return [str(error) or "pytest_reftrack_report: an assertion does not hold"]
    except Exception as error:
        return [f"pytest_reftrack_report raised {type(error).__name__}: {error}"]
    texts: list[str] = []
    for answer in told:
        texts += [answer] if isinstance(answer, str) else map(str, answer)
    return [text for text in texts if text]
