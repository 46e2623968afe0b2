"""Items of pytest that run again, and nobody hears of it.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from _pytest.junitxml import xml_key

from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

_TOLD = frozenset(
    {  # hooks that tell of tests, and change nothing about how these run
        "pytest_exception_interact",
        "pytest_runtest_logfinish",
        "pytest_runtest_logreport",
        "pytest_runtest_logstart",
        "pytest_warning_recorded",
    }
)


@contextmanager
def unheard(config: pytest.Config, listener: object) -> Iterator[None]:
    """Until its end only the plugin `listener` is told of tests, by whomever: sub-tests report on
    their own. Neither counts nor outputs nor the status of the run change.

    Every hook is called by the manager's `_inner_hookexec`, which pluggy itself replaces to trace
    hooks (`add_hookcall_monitoring`, pluggy/_manager.py).
    """
    plugins: Any = config.pluginmanager
    call = plugins._inner_hookexec

    def call_unheard(name: str, implementations: Any, *rest: Any) -> Any:
        if name in _TOLD:
            implementations = [each for each in implementations if each.plugin is listener]
        return call(name, implementations, *rest)

    xml = config.stash.get(xml_key, None)  # fixtures write to it directly
    if xml is not None:
        del config.stash[xml_key]
    plugins._inner_hookexec = call_unheard
    try:
        yield
    finally:
        plugins._inner_hookexec = call
        if xml is not None:
            config.stash[xml_key] = xml


def copied(item: pytest.Item) -> pytest.Item:
    """The same test, with an instance, fixtures and notes of its own."""
    again = copy.copy(item)
    again.stash = pytest.Stash()
    again._report_sections = []
    again.user_properties = []
    if isinstance(again, pytest.Function):
        if again.cls is not None:  # of the instance that the item was run with
            instance = vars(again).pop("_instance", None)
            method = vars(again).pop("_obj", None)
            if getattr(method, "__self__", instance) is not None:
                again.obj  # noqa: B018  # made before the test begins, as in collection
        again._initrequest()
    return again
