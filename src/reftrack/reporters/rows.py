"""The lines of one row: its headline, and what is known of a holder."""

from __future__ import annotations

from reftrack.reporters import SumRow
from reftrack.reporters.console import STYLES
from reftrack.reporters.holders import HolderRow, Site
from reftrack.reporters.layout import (
    ARROW,
    INDENT,
    LABEL,
    Line,
    brief_fix,
    cut,
    fix_lines,
    labelled,
    path_lines,
    unbroken,
    wrap,
)
from reftrack.reporters.words import and_more, shortened, shortened_place, size

_LEAST_NAME = 32  # columns
_LEAST_ROOT = 16


def headline(verdict: str, count: int, scopes: str, title: str, width: int) -> list[Line]:
    """Verdict and figure; the title stands below where it does not fit beside them."""
    return _headed(verdict, amount(size(count), scopes), title, width)


def amount(bytes: str, scopes: str) -> str:
    return f"{bytes} in {scopes}" if scopes else bytes


def _headed(label: str, amount: str, title: str, width: int) -> list[Line]:
    style = label if label in STYLES else "strong"
    first: Line = [(f"{label.upper():<9} ", style), (amount, "strong")]
    left = width - sum(len(text) for text, _ in first) - 3
    if len(title) <= left:
        return [[*first, ("   " + title, "")] if title else first]
    room = width - LABEL
    return [
        first,
        *([(" " * LABEL + shortened(line, room), "")] for line in unbroken(title, room)),
    ]


def holder(row: HolderRow, width: int) -> list[Line]:
    return _holder_headline(row, width) + details(row, width)


def details(row: HolderRow, width: int) -> list[Line]:
    """All lines but the headline."""
    room = width - INDENT
    lines = labelled("path", path_lines(row.path, room))
    lines += labelled("kept", wrap(row.kept, room))
    lines += allocated(row, room)
    lines += labelled(row.label, ids(row, room) if row.ids else [])
    lines += _until(row, room)
    lines += labelled("repeat", wrap(row.repeat, room))
    lines += labelled("proved", wrap(row.proved, room))
    lines += labelled("unproved", wrap(row.not_proved, room))
    return lines + labelled("fix", fix_lines(row.fix, room))


def holder_in_brief(row: HolderRow, width: int) -> list[Line]:
    """Which, how much, what came of the repetitions that were asked for, and what to type; where
    that is not known, the innermost line of the user's own, if it stands for most of the row."""
    room = width - INDENT
    repeat = labelled("repeat", wrap(row.repeat, room))
    fix = _until(row, room)
    if not fix or row.verdict == "growing":
        fix += labelled("fix", brief_fix(row.fix, room))
    total = row.other_site_bytes + sum(site.bytes for site in row.sites)
    most = [site for site in row.sites if 2 * site.bytes >= total][:1]
    line = [line for site in most for line in _site(site, "", room)[-1:]]
    return _holder_headline(row, width) + repeat + (fix or line)


def _until(row: HolderRow, room: int) -> list[Line]:
    return labelled("until", [shortened(row.until, room)] if row.until else [])


def holder_at_least(row: HolderRow, width: int) -> list[Line]:
    return _holder_headline(row, width) + labelled("repeat", wrap(row.repeat, width - INDENT))


def _holder_headline(row: HolderRow, width: int) -> list[Line]:
    return holder_headline(row, row.verdict, amount(size(row.bytes), row.scopes), width)


def holder_headline(row: HolderRow, label: str, amount: str, width: int) -> list[Line]:
    """The title, as much of its root as there is room for."""
    title, name = ("  ".join(filter(None, (of, row.entries))) for of in (row.title, row.name))
    lines = _headed(label, amount, title, width)
    root = title.removesuffix(name).removesuffix(ARROW)
    left = width - sum(len(text) for text, _ in lines[0]) - len(ARROW + name) - 3
    if len(lines) > 1 and root and left >= _LEAST_ROOT:
        return _headed(label, amount, shortened(root, left) + ARROW + name, width)
    return lines


def allocated(row: HolderRow, room: int) -> list[Line]:
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


def ids(row: HolderRow | SumRow, room: int) -> list[str]:
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
