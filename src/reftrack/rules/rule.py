"""One rule: a place that is recognised, and what is then said of it."""

from __future__ import annotations

from typing import NamedTuple

from reftrack.model import HolderKind, Verdict
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

ANY = "..."
"""Stands for what an owner is called, where that differs from one to the next."""


class Rule(NamedTuple):
    """`owners`: classes (those that derive from them, too), modules or functions, in full;
    `attributes`: theirs, any where it is empty. `title` and `fix` are made with the place's {text}
    and {attribute}, {called} for what its owner is called, and the text of the place {before} it.
    `verdict` is that of each holder which the rule recognises: "runner" for a runner's steady
    bookkeeping, "once" for what stays within bounds; None where the figures decide."""

    name: str
    owners: tuple[str, ...]
    attributes: tuple[str, ...]
    kind: HolderKind
    why: str
    title: str = "{text}"
    fix: str = ""
    verdict: Verdict | None = None
    keys: str = ""  # only what has a key that begins so
    put_there: bool = (
        False  # by the tests themselves: a library's registry, and no cache of its own
    )
    root: str = ""  # where a reader's interest begins, whatever leads there
    whoever: bool = False  # bookkeeping also of what the user's own lines have made
