"""The report for a terminal or a CI log, in one screen.

Everything that reftrack itself says is ASCII, so that only the program's own names may need
escaping.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TextIO

from reftrack.model import Report
from reftrack.reporters import FEW, AliveRow, Page, RestRow, SumRow, build
from reftrack.reporters.holders import HolderRow, Site
from reftrack.reporters.late import HeldRow
from reftrack.reporters.layout import (
    ARROW,
    INDENT,
    LABEL,
    Line,
    brief_fix,
    cut,
    fix_lines,
    folded,
    labelled,
    path_lines,
    unbroken,
    wrap,
    wrapped,
)
from reftrack.reporters.words import and_more, counted, duration, shortened, shortened_place, size

DEFAULT_WIDTH = 100
NARROWEST = 40
SCREEN = 50  # lines of a report whose reader has not asked for more

_LEAST_NAME = 32  # columns
_LEAST_ROOT = 16
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
    now: str = "",
) -> None:
    """Write the report to `stream`: in colour on a terminal unless NO_COLOR is set, as plain text
    elsewhere, `width` columns wide (by default the terminal's, or COLUMNS, or 100).

    What the stream's encoding cannot express is escaped. Names of tests and places in files that
    are wider than the page are shortened; a fix is wrapped, never cut. `now` is the heading of a
    run that goes on: how far it has come. Below it stands where `record` is, as seen from
    `directory`, on a line however long. Raises what the stream raises.
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
    page = build(report, holders, directory=directory, now=now)
    segments: list[Segment] = []
    columns = max(NARROWEST, console.width)
    lines = _lines(page, columns)
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
    if page.now:
        above += wrapped(f"reftrack: {page.now}", width, style="strong")
    for reason in page.failed:
        above += wrapped(f"FAILED: {reason}", width, style="incomplete")
    if page.incomplete:
        above += wrapped("INCOMPLETE: " + page.incomplete, width, style="incomplete")
    above += [_header(page), *_alive(page.alive, width)]
    below = [*_rests(page, width), *_past(page, width)]
    for note in page.notes:
        below += wrapped("note  " + note, width, style="note")
    above, below = _folded(above, width), _folded(below, width)
    room = SCREEN - len(above) - len(below) - 2  # the record's, and a hint
    return [*above, *_folded(_holders(page, width, room), width), *below]


def _folded(lines: Iterable[Line], width: int) -> list[Line]:
    return [part for line in lines for part in folded(line, width)]


def _header(page: Page) -> Line:
    facts = [counted(page.tests, "test"), f"backend {page.backend}"]
    if page.seconds:
        facts.insert(1, duration(page.seconds))
    if page.survived_bytes:
        share = min(1000, 1000 * page.explained_bytes // page.survived_bytes) / 10
        facts.append(f"survived {size(page.survived_bytes)}, explained {share} %")
    elif page.incomplete or page.now or not page.tests:
        facts.append("nothing survived")
    else:
        facts.append("nothing survived: all that tests allocated was released")
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
    room = width - LABEL
    return [
        first,
        *([(" " * LABEL + shortened(line, room), "")] for line in unbroken(title, room)),
    ]


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
        lines += labelled("left by", _ids(page.cyclic, width - INDENT))
    if page.native is not None:
        words = "not Python's own memory: C code has it, and what holds it is not known"
        lines += _headline("process", page.native.bytes, "", words, width)
        if page.native.ids:
            lines += labelled("grew in", _ids(page.native, width - INDENT))
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
    room = width - INDENT
    name = shortened(row.id, width - LABEL - len(size(row.bytes)) - 3)
    lines = _headline("held", row.bytes, "", name, width)
    return lines + labelled("until", [shortened(row.until, room)])


# Holders


def _holders(page: Page, width: int, room: int) -> list[Line]:
    """All that is known of each, as far as there is room: of the smallest only what to type, and
    first of those that do not grow."""
    told = [_holder(row, width) for row in page.holders]
    least = sorted(range(len(told)), key=lambda k: _weight(page.holders[k]))
    is_short = False
    for shorter in () if page.in_full else (_holder_in_brief, _holder_at_least):
        for k in least[:-1]:
            if sum(map(len, told)) > room:
                told[k] = shorter(page.holders[k], width)
                is_short = True
    lines = [line for holder in told for line in holder]
    return [*lines, _hint("all lines", FEW + 1)] if is_short else lines


def _weight(row: HolderRow) -> tuple[bool, int]:
    return row.verdict == "growing", row.bytes


def _holder(row: HolderRow, width: int) -> list[Line]:
    room = width - INDENT
    lines = _holder_headline(row, width)
    lines += labelled("path", path_lines(row.path, room))
    lines += labelled("kept", wrap(row.kept, room))
    lines += _allocated(row, room)
    lines += labelled(row.label, _ids(row, room) if row.ids else [])
    lines += labelled("until", [shortened(row.until, room)] if row.until else [])
    lines += labelled("repeat", wrap(row.repeat, room))
    lines += labelled("proved", wrap(row.proved, room))
    lines += labelled("unproved", wrap(row.not_proved, room))
    return lines + labelled("fix", fix_lines(row.fix, room))


def _holder_in_brief(row: HolderRow, width: int) -> list[Line]:
    """Which, how much, what came of the repetitions that were asked for, and what to type; where
    that is not known, the innermost line of the user's own, if it stands for most of the row."""
    room = width - INDENT
    repeat = labelled("repeat", wrap(row.repeat, room))
    fix = labelled("fix", brief_fix(row.fix, room))
    total = row.other_site_bytes + sum(site.bytes for site in row.sites)
    most = [site for site in row.sites if 2 * site.bytes >= total][:1]
    line = [line for site in most for line in _site(site, "", room)[-1:]]
    return _holder_headline(row, width) + repeat + (fix or line)


def _holder_at_least(row: HolderRow, width: int) -> list[Line]:
    return _holder_headline(row, width) + labelled("repeat", wrap(row.repeat, width - INDENT))


def _holder_headline(row: HolderRow, width: int) -> list[Line]:
    title, name = ("  ".join(filter(None, (of, row.entries))) for of in (row.title, row.name))
    lines = _headline(row.verdict, row.bytes, row.scopes, title, width)
    root = title.removesuffix(name).removesuffix(ARROW)
    left = width - sum(len(text) for text, _ in lines[0]) - len(ARROW + name) - 3
    if len(lines) > 1 and root and left >= _LEAST_ROOT:
        whole = shortened(root, left) + ARROW + name
        return _headline(row.verdict, row.bytes, row.scopes, whole, width)
    return lines


def _allocated(row: HolderRow, room: int) -> list[Line]:
    lines: list[Line] = []
    several = len(row.sites) > 1 or row.other_site_bytes > 0
    for site in row.sites:
        amount = f" ({size(site.bytes)})" if several else ""
        lines += _site(site, amount, room)
    if row.other_site_bytes:
        lines += labelled("", [f"other lines ({size(row.other_site_bytes)})"], "faint")
    return lines


def _site(site: Site, amount: str, room: int) -> list[Line]:
    lines = [_place_line("allocated", site.place, amount, site.source, room)]
    if site.caller:
        lines.append(_place_line("called at", site.caller, "", site.caller_source, room))
    return lines


def _place_line(label: str, place: str, amount: str, source: str, room: int) -> Line:
    place = shortened_place(place, room - len(amount)) + amount
    line: Line = [(f"  {label:<{LABEL - 1}} ", "faint"), (place, "place")]
    left = room - len(place) - 4
    if source and left >= 12:
        line.append(("    " + cut(source, left), ""))
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
    return [shortened(row.ids[0], room), *wrap(figures.strip(), room)]
