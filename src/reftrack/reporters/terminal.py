"""The report for a terminal or a CI log, in one screen.

Everything that reftrack itself says is ASCII, so that only the program's own names may need
escaping.
"""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TextIO

from reftrack.model import Report
from reftrack.reporters import AliveRow, HolderRow, Page, SumRow, and_more, build, duration, size

DEFAULT_WIDTH = 100
NARROWEST = 40

Line = list[tuple[str, str]]  # pieces of text, each with the name of a style

_LABEL = 10
_INDENT = 2 + _LABEL
_STYLES = {
    "growing": "bold red",
    "once": "bold yellow",
    "collateral": "bold magenta",
    "unexplained": "bold red",
    "runner": "dim",
    "held": "bold cyan",
    "cyclic": "bold cyan",
    "process": "bold cyan",
    "released": "bold green",
    "note": "yellow",
    "incomplete": "bold reverse red",
    "strong": "bold",
    "place": "cyan",
    "faint": "dim",
    "": "none",
}


def render(
    report: Report,
    stream: TextIO,
    *,
    holders: int = 10,
    width: int | None = None,
    directory: str | None = None,
    record: Path | None = None,
) -> None:
    """Write the report to `stream`: in colour on a terminal unless NO_COLOR is set, as plain text
    elsewhere, `width` columns wide (by default the terminal's, or COLUMNS, or 100).

    What the stream's encoding cannot express is escaped. Names of tests and places in files are
    never shortened, even where they are wider than the page. Below it stands where `record` is, as
    seen from `directory`. Raises what the stream raises.
    """
    from rich.console import Console
    from rich.segment import Segment, Segments
    from rich.style import Style

    terminal = stream.isatty()
    console = Console(
        file=stream, force_terminal=terminal, force_jupyter=False, width=_width(width, terminal)
    )
    encoding = getattr(stream, "encoding", None) or "utf-8"
    styles = {name: Style.parse(definition) for name, definition in _STYLES.items()}
    page = build(report, holders, directory=directory)
    segments: list[Segment] = []
    lines = _lines(page, max(NARROWEST, console.width))
    if record is not None:
        lines.append([(f"record  {os.path.relpath(record, directory)}", "")])
    for line in lines:
        segments += [Segment(_printable(text, encoding), styles[style]) for text, style in line]
        segments.append(Segment.line())
    console.print(Segments(segments), soft_wrap=True, end="")


def _width(width: int | None, terminal: bool) -> int | None:
    """None lets rich ask the terminal."""
    if width is not None:
        return max(NARROWEST, width)
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns) > 0:
        return max(NARROWEST, int(columns))
    return None if terminal else DEFAULT_WIDTH


def _printable(text: str, encoding: str) -> str:
    """The program's own names may hold control sequences, lone surrogates, any character."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _lines(page: Page, width: int) -> list[Line]:
    lines: list[Line] = []
    if page.incomplete:
        lines += _wrapped("INCOMPLETE: " + page.incomplete, width, style="incomplete")
    lines.append(_header(page))
    lines += _alive(page.alive)
    for holder in page.holders:
        lines += _holder_lines(holder, width)
    if page.more_holders:
        lines.append([(_more_holders(page), "faint")])
    if page.unexplained_bytes:
        words = "survived, and no holder is known"
        lines.append(_headline("unexplained", page.unexplained_bytes, "", words))
    if page.runner:
        words = f"the test runner's own bookkeeping: {page.runner}"
        lines.append(_headline("runner", page.runner_bytes, "", words))
    for held in page.held:
        lines.append(_headline("held", held.bytes, "", f"{held.id}   until  {held.until}"))
    lines += _cyclic(page.cyclic, width) + _native(page.native, width)
    for row in page.released:
        lines.append(_headline("released", row.bytes, row.scopes, row.name))
    if page.more_released:
        words = f"and {page.more_released} more released, {size(page.more_released_bytes)}"
        lines.append([(words, "faint")])
    if page.not_released:
        verb = "is" if page.not_released.startswith("1 ") else "are"
        words = f"{page.not_released} {verb} held by the program itself: not released"
        lines.append([(words, "faint")])
    for note in page.notes:
        lines += _wrapped("note  " + note, width, style="note")
    return lines


def _header(page: Page) -> Line:
    tests = f"{page.tests} test{'' if page.tests == 1 else 's'}"
    facts = [tests, f"backend {page.backend}"]
    if page.seconds:
        facts.insert(1, duration(page.seconds))
    if page.survived_bytes:
        share = min(1000, 1000 * page.explained_bytes // page.survived_bytes) / 10
        facts.append(f"survived {size(page.survived_bytes)}, explained {share} %")
    elif page.incomplete or not page.tests:
        facts.append("nothing survived")
    else:
        facts.append("nothing survived: all that the tests allocated was released")
    return [("reftrack", "strong"), ("  " + "  ".join(facts), "")]


def _cyclic(row: SumRow | None, width: int) -> list[Line]:
    if row is None:
        return []
    words = "reference cycles kept it until the collector ran"
    return [
        _headline("cyclic", row.bytes, row.scopes, words),
        *_labelled("left by", [_ids(row, width - _INDENT)]),
    ]


def _native(row: SumRow | None, width: int) -> list[Line]:
    if row is None:
        return []
    words = "not Python's own memory: C code has it, and what holds it is not known"
    lines = [_headline("process", row.bytes, "", words)]
    return lines + _labelled("grew in", [_ids(row, width - _INDENT)] if row.ids else [])


def _alive(rows: Sequence[AliveRow]) -> list[Line]:
    if not rows:
        return []
    titles: Line = [("  alive at its end      allocated   test", "faint")]
    return [
        titles,
        *(
            [(f"  {size(row.alive_bytes):>16}   {size(row.allocated_bytes):>12}   {row.id}", "")]
            for row in rows
        ),
    ]


def _headline(verdict: str, count: int, scopes: str, title: str) -> Line:
    amount = f"{size(count)} in {scopes}" if scopes else size(count)
    style = verdict if verdict in _STYLES else "strong"
    return [(f"{verdict.upper():<9} ", style), (amount, "strong"), ("   " + title, "")]


def _more_holders(page: Page) -> str:
    noun = "holder" if page.more_holders == 1 else "holders"
    return (
        f"and {page.more_holders} more {noun}, {size(page.more_bytes)}: "
        f"reftrack report --holders {page.all_holders}"
    )


def _holder_lines(row: HolderRow, width: int) -> list[Line]:
    room = width - _INDENT
    lines = [_headline(row.verdict, row.bytes, row.scopes, row.title)]
    if sum(len(text) for text, _ in lines[0]) > width:  # the root is in the path, too
        lines = [_headline(row.verdict, row.bytes, row.scopes, row.name)]
    lines += _labelled("path", _path_lines(row.path, room))
    lines += _labelled("kept", _wrap(row.kept, room))
    lines += _allocated(row, room)
    lines += _labelled(row.label, [_ids(row, room)] if row.ids else [])
    lines += _labelled("until", [row.until] if row.until else [])
    lines += _labelled("repeat", _wrap(row.repeat, room))
    if row.proved_bytes is not None:
        lines += _labelled("proved", _wrap(_proved(row, row.proved_bytes), room))
    if row.not_proved:
        lines += _labelled("unproved", _wrap(row.not_proved, room))
    lines += _labelled("fix", _wrap(row.fix, room))
    return lines


def _proved(row: HolderRow, freed: int) -> str:
    others = f", with {and_more(row.together[:1], len(row.together) - 1)}," if row.together else ""
    return f"cutting {row.name}{others} freed {size(freed)}"


def _labelled(label: str, texts: Iterable[str], style: str = "") -> list[Line]:
    lines: list[Line] = []
    for text in texts:
        lines.append([(f"  {label:<{_LABEL - 1}} ", "faint"), (text, style)])
        label = ""
    return lines


def _allocated(row: HolderRow, room: int) -> list[Line]:
    lines: list[Line] = []
    several = len(row.sites) > 1
    for site in row.sites:
        place = f"{site.place} ({size(site.bytes)})" if several else site.place
        lines.append(_place_line("allocated", place, site.source, room))
        if site.caller:
            lines.append(_place_line("called at", site.caller, site.caller_source, room))
    if row.more_sites:
        noun = "line" if row.more_sites == 1 else "lines"
        lines += _labelled("", [f"and {row.more_sites} more {noun}"], "faint")
    return lines


def _place_line(label: str, place: str, source: str, room: int) -> Line:
    left = room - len(place) - 4
    line: Line = [(f"  {label:<{_LABEL - 1}} ", "faint"), (place, "place")]
    if source and left >= 12:
        line.append(("    " + _cut(source, left), ""))
    return line


def _ids(row: HolderRow | SumRow, room: int) -> str:
    """As many names as fit; the first one always, whole."""
    each = f" ({row.each})" if row.each else ""
    total = len(row.ids) + row.more_ids
    texts = [and_more(row.ids[:n], total - n) + each for n in range(len(row.ids), 0, -1)]
    return next((text for text in texts if len(text) <= room), texts[-1])


def _path_lines(path: Sequence[str], room: int) -> list[str]:
    """At most two lines: how the path starts on the first, how it ends on the second."""
    arrow, gap = " -> ", "... -> "
    whole = arrow.join(path[: room + 1])
    if not path or (len(path) <= room and len(whole) <= room):
        return [whole] if path else []
    head = _fitting(path, room - len(arrow))
    rest = path[head:]
    if not rest:
        return [_cut(path[0], room)]
    tail = _fitting(rest[::-1], room)
    if tail < len(rest):
        tail = _fitting(rest[::-1], room - len(gap))
        last = gap + _cut(arrow.join(rest[-tail:]), room - len(gap))
    else:
        last = _cut(arrow.join(rest), room)
    return [_cut(arrow.join(path[:head]), room - 3) + " ->", last]


def _fitting(edges: Sequence[str], room: int) -> int:
    """How many edges fit into `room` columns; at least one."""
    used = 0
    for count, edge in enumerate(edges):
        used += len(edge) + 4 * (count > 0)
        if used > room:
            return max(1, count)
    return len(edges)


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 3] + "..."


def _wrap(text: str, room: int) -> list[str]:
    return [
        line
        for part in text.splitlines()
        for line in textwrap.wrap(part, room, break_long_words=False, break_on_hyphens=False)
    ]


def _wrapped(text: str, width: int, style: str) -> list[Line]:
    first, *rest = _wrap(text, width - 2)
    return [[(first, style)], *([("  " + line, style)] for line in rest)]
