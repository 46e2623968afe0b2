"""The report for a terminal or a CI log, in one screen."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TextIO

from reftrack.model import Report
from reftrack.reporters import FEW, AliveRow, Page, RestRow, build, console
from reftrack.reporters.holders import HolderRow
from reftrack.reporters.late import HeldRow
from reftrack.reporters.layout import INDENT, LABEL, Line, copied, folded, labelled, wrapped
from reftrack.reporters.rows import (
    headline,
    holder,
    holder_at_least,
    holder_in_brief,
    ids,
)
from reftrack.reporters.words import and_more, counted, duration, shortened, size

SCREEN = 50  # lines of a report whose reader has not asked for more

_MANY = 100  # rows, and who wants still more will find how


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
    are wider than the page are shortened; a fix is wrapped, never cut, and no word of what the run
    failed for is broken. `now` is the heading of a run that goes on: how far it has come. Below it
    stands where `record` is, as seen from `directory`, on a line however long. Raises what the
    stream raises.
    """
    of_width = partial(lines, report, holders, directory, record, now=now)
    console.write(of_width, stream, width)


def lines(
    report: Report,
    holders: int,
    directory: str | None,
    record: Path | None,
    width: int,
    now: str = "",
) -> list[Line]:
    """The lines that `render` writes, for who has a writer of its own."""
    page = build(report, holders, directory=directory, now=now)
    where = [] if record is None else [f"record  {os.path.relpath(record, directory)}"]
    return [*_lines(page, width), *([(line, "")] for line in where)]


def _lines(page: Page, width: int) -> list[Line]:
    above: list[Line] = []
    if page.now:
        above += wrapped(f"reftrack: {page.now}", width, style="strong")
    for reason in page.stopped:
        above += wrapped(f"FAILED: {reason}", width, style="incomplete")
    if page.incomplete:
        above += wrapped("INCOMPLETE: " + page.incomplete, width, style="incomplete")
    above += [_header(page), *_alive(page.alive, width)]
    below = [*_rests(page, width), *_past(page, width)]
    for note in page.notes:
        below += wrapped("note  " + note, width, style="note")
    above, below = _folded(above, width), _folded(below, width)
    for reason in page.failed:
        below += copied("FAILED    " + reason, width, style="failed")
    room = SCREEN - len(above) - len(below) - 2  # the record's, and a hint
    return [*above, *_folded(_holders(page, width, room), width), *below]


def _folded(lines: Iterable[Line], width: int) -> list[Line]:
    return [part for line in lines for part in folded(line, width)]


def _header(page: Page) -> Line:
    tests = counted(page.tests, "test")
    if page.processes > 1:
        tests += f" in {page.processes} processes"
    facts = [tests, f"backend {page.backend}"]
    if page.seconds:
        facts.insert(1, duration(page.seconds))
    if page.survived_bytes:
        share = min(1000, 1000 * page.explained_bytes // page.survived_bytes) / 10
        facts.append(f"survived {size(page.survived_bytes)}, explained {share} %")
    elif page.incomplete or page.now or not page.tests:
        facts += [] if page.holders else ["nothing survived"]
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


# Sums below the holders


def _rests(page: Page, width: int) -> list[Line]:
    """What has no row: how much it is, and how to see it."""
    lines: list[Line] = []
    for row in page.rest:
        more = counted(row.count, "more holder" if page.holders else "holder")
        lines += headline(row.verdict, row.bytes, more, _largest(row), width)
    if page.unexplained_bytes:
        words = "survived, and no holder is known"
        lines += headline("unexplained", page.unexplained_bytes, "", words, width)
    if page.runner:
        words = f"the runner's own bookkeeping: {_largest(page.runner)}"
        lines += headline("runner", page.runner.bytes, "", words, width)
    if page.rest or page.runner:
        lines.append(_hint("these", page.all_holders))
    if page.ignored:
        accepted = counted(page.ignored.count, "holder")
        lines += headline("ignored", page.ignored.bytes, accepted, page.ignored.names, width)
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
        lines += headline("cyclic", page.cyclic.bytes, page.cyclic.scopes, words, width)
        lines += labelled("left by", ids(page.cyclic, width - INDENT))
    if page.native is not None:
        words = "not Python's own memory: C code has it, and what holds it is not known"
        lines += headline("process", page.native.bytes, "", words, width)
        if page.native.ids:
            lines += labelled("grew in", ids(page.native, width - INDENT))
    for released in page.released:
        lines += headline("released", released.bytes, released.scopes, released.name, width)
    if page.more_released:
        words = f"and {page.more_released} more released, {size(page.more_released_bytes)}"
        lines.append([(words, "faint")])
    if page.not_released:
        verb = "is" if page.not_released.startswith("1 ") else "are"
        words = f"{page.not_released} {verb} held by the program itself: not released"
        lines.append([(words, "faint")])
    return lines


def _held(row: HeldRow, width: int) -> list[Line]:
    whole = headline("held", row.bytes, "", f"{row.id}   until  {row.until}", width)
    if len(whole) == 1:
        return whole
    room = width - INDENT
    name = shortened(row.id, width - LABEL - len(size(row.bytes)) - 3)
    lines = headline("held", row.bytes, "", name, width)
    return lines + labelled("until", [shortened(row.until, room)])


# Holders


def _holders(page: Page, width: int, room: int) -> list[Line]:
    """All that is known of each, as far as there is room: of the smallest only what to type, and
    first of those that do not grow."""
    told = [holder(row, width) for row in page.holders]
    least = sorted(range(len(told)), key=lambda k: _weight(page.holders[k]))
    is_short = False
    for shorter in () if page.in_full else (holder_in_brief, holder_at_least):
        for k in least[:-1]:
            if sum(map(len, told)) > room:
                told[k] = shorter(page.holders[k], width)
                is_short = True
    lines = [line for row in told for line in row]
    return [*lines, _hint("all lines", FEW + 1)] if is_short else lines


def _weight(row: HolderRow) -> tuple[bool, int]:
    return row.verdict == "growing", row.bytes
