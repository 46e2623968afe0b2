"""Which fixture of a class or module unittest's own methods go on to call."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from reftrack.runners import class_id, overrides
from reftrack.untouched import BUILTINS

if TYPE_CHECKING:
    from unittest import TestCase

    from reftrack.model import ScopeKind

__builtins__ = BUILTINS

Named = tuple["ScopeKind", str] | None
"""Kind and id of the scope of a fixture; None where none is called."""


def class_to_set_up(_: object, test: TestCase, result: Any) -> Named:
    cls = test.__class__
    if cls is getattr(result, "_previousTestClass", None) or result._moduleSetUpFailed:
        return None
    is_called = overrides(cls, "setUpClass") and not _is_skipped(cls)
    return ("class", class_id(cls)) if is_called else None


def class_to_tear_down(_: object, test: TestCase | None, result: Any) -> Named:
    cls = getattr(result, "_previousTestClass", None)
    if cls is None or cls is test.__class__ or getattr(cls, "_classSetupFailed", False):
        return None
    if getattr(result, "_moduleSetUpFailed", False) or _is_skipped(cls):
        return None
    is_called = overrides(cls, "tearDownClass") or cls._class_cleanups
    return ("class", class_id(cls)) if is_called else None


def _is_skipped(cls: type) -> bool:
    return bool(getattr(cls, "__unittest_skip__", False))


def module_to_set_up(_: object, test: TestCase, result: Any) -> Named:
    name = test.__class__.__module__
    previous = getattr(result, "_previousTestClass", None)
    if previous is not None and previous.__module__ == name:
        return None
    return ("module", name) if "setUpModule" in vars(sys.modules[name]) else None


def module_to_tear_down(_: object, result: Any) -> Named:
    previous = getattr(result, "_previousTestClass", None)
    if previous is None or result._moduleSetUpFailed:
        return None
    name: str = previous.__module__
    cleanups = vars(sys.modules["unittest.case"])["_module_cleanups"]
    is_called = "tearDownModule" in vars(sys.modules[name]) or cleanups
    return ("module", name) if is_called else None


FIXTURES: dict[str, Callable[..., Named]] = {
    "_handleClassSetUp": class_to_set_up,
    "_tearDownPreviousClass": class_to_tear_down,
    "_handleModuleFixture": module_to_set_up,
    "_handleModuleTearDown": module_to_tear_down,
}
"""By the name of a method of `unittest.TestSuite`; each is asked with the method's arguments."""
