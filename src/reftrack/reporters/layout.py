"""Lines of a report: words put on as many as they take."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

Line = list[tuple[str, str]]  # pieces of text, each with the name of a style

LABEL = 10  # columns
INDENT = 2 + LABEL
ARROW = " -> "

_BRIEF_FIX = 3  # lines


def folded(line: Line, width: int) -> list[Line]:
    """The line in as many as it takes: broken at a blank where there is one."""
    if sum(len(text) for text, _ in line) <= width:
        return [line]
    first: Line = []
    left = width
    for nth, (text, style) in enumerate(line):
        if len(text) > left:
            end = max(0, text.rfind(" ", 0, left + 1))
            if not text[:end].strip():
                end = 0 if any(told.strip() for told, _ in first) else left
            rest = [("  ", ""), (text[end:].lstrip(), style), *line[nth + 1 :]]
            return [[*first, (text[:end].rstrip(), style)], *folded(rest, width)]
        first.append((text, style))
        left -= len(text)
    return [first]


def labelled(label: str, texts: Iterable[str], style: str = "") -> list[Line]:
    lines: list[Line] = []
    for text in texts:
        lines.append([(f"  {label:<{LABEL - 1}} ", "faint"), (text, style)])
        label = ""
    return lines


def fix_lines(text: str, room: int) -> list[str]:
    """What is to be typed has a line of its own where it fits one, and not behind its place."""
    lines: list[str] = []
    for part in text.splitlines():
        place, _, code = part.partition(": ")
        is_whole = len(part) > room and 0 < len(code) <= room
        lines += [*wrap(place + ":", room), code] if is_whole else wrap(part, room)
    return lines


def brief_fix(text: str, room: int) -> list[str]:
    """The first of what is to be typed, and then as much as there is room for."""
    lines: list[str] = []
    parts = text.splitlines()
    for nth, part in enumerate(parts):
        more = fix_lines(part, room)
        if lines and len(lines) + len(more) > _BRIEF_FIX:
            return [*lines, f"and {len(parts) - nth} more"]
        lines += more
    return lines


def path_lines(path: Sequence[str], room: int) -> list[str]:
    """At most two lines: how the path starts on the first, how it ends on the second."""
    gap = "... -> "
    whole = ARROW.join(path[: room + 1])
    if not path or (len(path) <= room and len(whole) <= room):
        return [whole] if path else []
    head = _fitting(path, room - len(ARROW))
    rest = path[head:]
    if not rest:
        return [cut(path[0], room)]
    tail = _fitting(rest[::-1], room)
    if tail < len(rest):
        tail = _fitting(rest[::-1], room - len(gap))
        last = gap + cut(ARROW.join(rest[-tail:]), room - len(gap))
    else:
        last = cut(ARROW.join(rest), room)
    return [cut(ARROW.join(path[:head]), room - 3) + " ->", last]


def _fitting(edges: Sequence[str], room: int) -> int:
    """How many edges fit into `room` columns; at least one."""
    used = 0
    for count, edge in enumerate(edges):
        used += len(edge) + 4 * (count > 0)
        if used > room:
            return max(1, count)
    return len(edges)


def cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 3] + "..."


def wrap(text: str, room: int) -> list[str]:
    """Only a word that has no line to itself is broken."""
    return [
        line[start : start + room]
        for line in unbroken(text, room)
        for start in range(0, len(line), room)
    ]


def unbroken(text: str, room: int) -> list[str]:
    return [
        line
        for part in text.splitlines()
        for line in textwrap.wrap(part, room, break_long_words=False, break_on_hyphens=False)
    ]


def wrapped(text: str, width: int, style: str) -> list[Line]:
    return _hanging(wrap(text, width - 2), style)


def copied(text: str, width: int, style: str) -> list[Line]:
    """A word that has no line to itself is left whole: it is to be copied, or searched for."""
    return _hanging(unbroken(text, width - 2), style)


def _hanging(lines: list[str], style: str) -> list[Line]:
    first, *rest = lines
    return [[(first, style)], *([("  " + line, style)] for line in rest)]
