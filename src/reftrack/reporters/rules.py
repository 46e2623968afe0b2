"""The table of what is known of frameworks, for `reftrack rules`."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import TextIO

from reftrack.rules import RULES, Rule

GROUPS = (
    ("Steady bookkeeping of test runners: RUNNER, never GROWING", "runner"),
    ("Caches that stay within bounds: never called GROWING", "once"),
    ("Places of frameworks that get a name and a fix; the figures decide on the verdict", None),
)
WIDTH = 100


def render(stream: TextIO) -> None:
    """Write the rules to `stream`: name, what it recognises, and why."""
    for title, verdict in GROUPS:
        stream.write(f"{title}\n\n")
        for rule in RULES:
            if rule.verdict == verdict:
                stream.writelines(line + "\n" for line in _lines(rule))
        stream.write("\n")
    stream.write(
        "reftrack run --without-rules NAME,... leaves rules of the first two out, or all.\n"
    )


def _lines(rule: Rule) -> Iterable[str]:
    yield f"  {rule.name}"
    if rule.owners or rule.attributes:
        owners = ", ".join(rule.owners) or "any module"
        attributes = f": {', '.join(rule.attributes)}" if rule.attributes else ""
        keys = f", keys that begin with {rule.keys}" if rule.keys else ""
        yield from _wrapped(owners + attributes + keys)
    yield from _wrapped(rule.why)


def _wrapped(text: str) -> list[str]:
    indent = " " * 4
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent)
