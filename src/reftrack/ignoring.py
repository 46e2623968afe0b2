"""Holders that the user has accepted: no gate judges them, and reports say so in one line."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase

from reftrack.errors import UsageError
from reftrack.model import Holder
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

BY_OPTION = "named by the option ignore"

_reasons: dict[str, str] = {}
"""Why, by the pattern that was given to `ignore`, in this process."""


def ignore(pattern: str, *, reason: str) -> None:
    """Accept what holders of that name keep, from now on in this process: gates leave them out.

    `pattern` is a holder's name as reports have it, such as `ExampleTest.user`, or with its module
    before it, such as `myapp.cache._CACHE`; in it `*` stands for anything. Raises UsageError where
    it or the reason is empty, or no text.
    """
    if not (type(pattern) is str is type(reason) and pattern and reason.strip()):
        raise UsageError(
            "ignore() takes the name of a holder and a reason",
            hint='For example: reftrack.ignore("myapp.cache.*", reason="warm by design")',
        )
    _reasons[pattern] = reason


def mark(holders: Iterable[Holder], patterns: Collection[str]) -> None:
    """Note with each holder that `ignore` or one of these patterns names why it is accepted."""
    reasons = {**dict.fromkeys(patterns, BY_OPTION), **_reasons}
    for holder in holders if reasons else ():
        holder.ignored = next(
            (reason for pattern, reason in reasons.items() if _is_named(holder, pattern)), ""
        )


def _is_named(holder: Holder, pattern: str) -> bool:
    module = holder.root.removeprefix("module ")
    return any(fnmatchcase(name, pattern) for name in (holder.name, f"{module}.{holder.name}"))
