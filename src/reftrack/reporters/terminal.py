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
from reftrack.reporters import FEW, AliveRow, Page, RestRow, SumRow, build
from reftrack.reporters.holders import HolderRow, Site
from reftrack.reporters.late import HeldRow
from reftrack.reporters.words import and_more, counted, duration, shortened, shortened_place, size

DEFAULT_WIDTH = 100
NARROWEST = 40
SCREEN = 50  # lines of a report whose reader has not asked for more

Line = list[tuple[str, str]]  # pieces of text, each with the name of a style

_LABEL = 10
_INDENT = 2 + _LABEL
_LEAST_NAME = 32  # columns
_MANY = 100  # rows, and who wants still more will find how
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

    What the stream's encoding cannot express is escaped. Names of tests and places in files that
    are wider than the page are shortened; a fix is wrapped, never cut. Below it stands where
    `record` is, as seen from `directory`. Raises what the stream raises.
    """
    from rich.console import Console
    from rich.segment import Segment, Segments
    from rich.style import Style

    terminal = stream.isatty()
    console = Console(
        file=stream,
        # With NO_COLOR rich would leave out the colours and go on to set bold and dim.
        force_terminal=terminal and not os.environ.get("NO_COLOR"),
        force_jupyter=False,
        width=_width(width, terminal),
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
    above: list[Line] = []
    if page.incomplete:
        above += _wrapped("INCOMPLETE: " + page.incomplete, width, style="incomplete")
    above += [_header(page), *_alive(page.alive, width)]
    below = [*_rests(page, width), *_past(page, width)]
    for note in page.notes:
        below += _wrapped("note  " + note, width, style="note")
    room = SCREEN - len(above) - len(below) - 1
    return above + _holders(page, width, room) + below


def _header(page: Page) -> Line:
    facts = [counted(page.tests, "test"), f"backend {page.backend}"]
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


def _alive(rows: Sequence[AliveRow], width: int) -> list[Line]:
    if not rows:
        return []
    lines: list[Line] = [[("  alive at its end      allocated   test", "faint")]]
    for row in rows:
        figures = f"  {size(row.alive_bytes):>16}   {size(row.allocated_bytes):>12}   "
        lines.append([(figures + shortened(row.id, width - len(figures)), "")])
    return lines


def _headline(verdict: str, count: int, scopes: str, title: str, width: int) -> list[Line]:
    """Verdict and figure; the title stands below where it does not fit beside them."""
    amount = f"{size(count)} in {scopes}" if scopes else size(count)
    style = verdict if verdict in _STYLES else "strong"
    first: Line = [(f"{verdict.upper():<9} ", style), (amount, "strong")]
    left = width - sum(len(text) for text, _ in first) - 3
    if len(title) <= left:
        return [[*first, ("   " + title, "")] if title else first]
    room = width - _LABEL
    return [first, *([(" " * _LABEL + shortened(line, room), "")] for line in _wrap(title, room))]


# Sums below the holders


def _rests(page: Page, width: int) -> list[Line]:
    """What has no row: how much it is, and how to see it."""
    lines: list[Line] = []
    for row in page.rest:
        more = counted(row.count, "more holder" if page.holders else "holder")
        lines += _headline(row.verdict, row.bytes, more, _largest(row), width)
    if page.unexplained_bytes:
        words = "survived, and no holder is known"
        lines += _headline("unexplained", page.unexplained_bytes, "", words, width)
    if page.runner:
        words = f"the runner's own bookkeeping: {_largest(page.runner)}"
        lines += _headline("runner", page.runner.bytes, "", words, width)
    if page.rest or page.runner:
        lines.append(_hint("these", page.all_holders))
    return lines


def _largest(row: RestRow) -> str:
    if row.count == row.together:
        return row.largest
    return and_more([f"{row.largest} ({size(row.largest_bytes)})"], row.count - row.together)


def _hint(what: str, holders: int) -> Line:
    if holders > _MANY:
        what, holders = f"the largest of {what}", _MANY
    return [(f"  {what}: reftrack report --holders {holders}", "faint")]


def _past(page: Page, width: int) -> list[Line]:
    """What is not kept, or not by Python."""
    lines = [line for row in page.held for line in _held(row, width)]
    if page.cyclic is not None:
        words = "reference cycles kept it until the collector ran"
        lines += _headline("cyclic", page.cyclic.bytes, page.cyclic.scopes, words, width)
        lines += _labelled("left by", _ids(page.cyclic, width - _INDENT))
    if page.native is not None:
        words = "not Python's own memory: C code has it, and what holds it is not known"
        lines += _headline("process", page.native.bytes, "", words, width)
        if page.native.ids:
            lines += _labelled("grew in", _ids(page.native, width - _INDENT))
    for released in page.released:
        lines += _headline("released", released.bytes, released.scopes, released.name, width)
    if page.more_released:
        words = f"and {page.more_released} more released, {size(page.more_released_bytes)}"
        lines.append([(words, "faint")])
    if page.not_released:
        verb = "is" if page.not_released.startswith("1 ") else "are"
        words = f"{page.not_released} {verb} held by the program itself: not released"
        lines.append([(words, "faint")])
    return lines


def _held(row: HeldRow, width: int) -> list[Line]:
    whole = _headline("held", row.bytes, "", f"{row.id}   until  {row.until}", width)
    if len(whole) == 1:
        return whole
    room = width - _INDENT
    name = shortened(row.id, width - _LABEL - len(size(row.bytes)) - 3)
    lines = _headline("held", row.bytes, "", name, width)
    return lines + _labelled("until", [shortened(row.until, room)])


# Holders


def _holders(page: Page, width: int, room: int) -> list[Line]:
    """All that is known of each, as far as there is room: of the smallest only what to type, and
    first of those that do not grow."""
    told = [_holder(row, width) for row in page.holders]
    least = sorted(range(len(told)), key=lambda k: _weight(page.holders[k]))
    is_short = False
    for k in least[:-1] if not page.in_full else []:
        if sum(map(len, told)) > room:
            told[k] = _holder_in_brief(page.holders[k], width)
            is_short = True
    lines = [line for holder in told for line in holder]
    return [*lines, _hint("all lines", FEW + 1)] if is_short else lines


def _weight(row: HolderRow) -> tuple[bool, int]:
    return row.verdict == "growing", row.bytes


def _holder(row: HolderRow, width: int) -> list[Line]:
    room = width - _INDENT
    lines = _holder_headline(row, width)
    lines += _labelled("path", _path_lines(row.path, room))
    lines += _labelled("kept", _wrap(row.kept, room))
    lines += _allocated(row, room)
    lines += _labelled(row.label, _ids(row, room) if row.ids else [])
    lines += _labelled("until", [shortened(row.until, room)] if row.until else [])
    lines += _labelled("repeat", _wrap(row.repeat, room))
    lines += _labelled("proved", _wrap(row.proved, room))
    lines += _labelled("unproved", _wrap(row.not_proved, room))
    return lines + _labelled("fix", _fix_lines(row.fix, room))


def _holder_in_brief(row: HolderRow, width: int) -> list[Line]:
    """Which, how much, what came of the repetitions that were asked for, and what to type; where
    that is not known, the innermost line of the user's own, if it stands for most of the row."""
    room = width - _INDENT
    repeat = _labelled("repeat", _wrap(row.repeat, room))
    fix = _labelled("fix", _fix_lines(row.fix, room))
    total = row.other_site_bytes + sum(site.bytes for site in row.sites)
    most = [site for site in row.sites if 2 * site.bytes >= total][:1]
    line = [line for site in most for line in _site(site, "", room)[-1:]]
    return _holder_headline(row, width) + repeat + (fix or line)


def _holder_headline(row: HolderRow, width: int) -> list[Line]:
    title, name = ("  ".join(filter(None, (of, row.entries))) for of in (row.title, row.name))
    lines = _headline(row.verdict, row.bytes, row.scopes, title, width)
    if len(lines) == 1:
        return lines
    return _headline(row.verdict, row.bytes, row.scopes, name, width)  # the path has its root


def _labelled(label: str, texts: Iterable[str], style: str = "") -> list[Line]:
    lines: list[Line] = []
    for text in texts:
        lines.append([(f"  {label:<{_LABEL - 1}} ", "faint"), (text, style)])
        label = ""
    return lines


def _allocated(row: HolderRow, room: int) -> list[Line]:
    lines: list[Line] = []
    several = len(row.sites) > 1 or row.other_site_bytes > 0
    for site in row.sites:
        amount = f" ({size(site.bytes)})" if several else ""
        lines += _site(site, amount, room)
    if row.other_site_bytes:
        lines += _labelled("", [f"other lines ({size(row.other_site_bytes)})"], "faint")
    return lines


def _site(site: Site, amount: str, room: int) -> list[Line]:
    lines = [_place_line("allocated", site.place, amount, site.source, room)]
    if site.caller:
        lines.append(_place_line("called at", site.caller, "", site.caller_source, room))
    return lines


def _place_line(label: str, place: str, amount: str, source: str, room: int) -> Line:
    place = shortened_place(place, room - len(amount)) + amount
    line: Line = [(f"  {label:<{_LABEL - 1}} ", "faint"), (place, "place")]
    left = room - len(place) - 4
    if source and left >= 12:
        line.append(("    " + _cut(source, left), ""))
    return line


def _ids(row: HolderRow | SumRow, room: int) -> list[str]:
    """As many names as fit, the first one always; it is shortened, or the figures stand below it,
    where they do not fit on one line."""
    each = f" ({row.each})" if row.each else ""
    total = len(row.ids) + row.more_ids
    texts = [and_more(row.ids[:n], total - n) + each for n in range(len(row.ids), 0, -1)]
    if fitting := [text for text in texts if len(text) <= room]:
        return fitting[:1]
    figures = texts[-1].removeprefix(row.ids[0])
    left = room - len(figures)
    if left >= _LEAST_NAME:
        return [shortened(row.ids[0], left) + figures]
    return [shortened(row.ids[0], room), *_wrap(figures.strip(), room)]


def _fix_lines(text: str, room: int) -> list[str]:
    """What is to be typed has a line of its own where it fits one, and not behind its place."""
    lines: list[str] = []
    for part in text.splitlines():
        place, _, code = part.partition(": ")
        is_whole = len(part) > room and 0 < len(code) <= room
        lines += [*_wrap(place + ":", room), code] if is_whole else _wrap(part, room)
    return lines


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
