"""Two runs side by side, for people: rows of holders that have changed, then their lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TextIO

import msgspec

from reftrack.differences import Change, Comparison, Difference, Side
from reftrack.reporters import classes, console
from reftrack.reporters.holders import HolderRow, holder_rows
from reftrack.reporters.layout import INDENT, Line, fix_lines, folded, labelled, wrapped
from reftrack.reporters.rows import allocated, amount, holder_headline, ids
from reftrack.reporters.words import counted, size

_WORDS: dict[Change, tuple[str, str]] = {
    "new": ("is new", "are new"),
    "grown": ("has grown", "have grown"),
    "gone": ("is gone", "are gone"),
    "shrunk": ("has shrunk", "have shrunk"),
    "same": ("is as before", "are as before"),
}


class ChangedRow(msgspec.Struct, frozen=True):
    """One holder, or the attributes of one class, that has changed in one way; with the words for
    by how much."""

    change: Change
    amount: str
    holder: HolderRow


class ChangesPage(msgspec.Struct, frozen=True):
    """Rows of what is new, grown, gone and shrunk, and the words around them."""

    rows: list[ChangedRow]
    more: list[str]
    summary: str
    notes: list[str]


def build(found: Comparison, rows: int, directory: str) -> ChangesPage:
    """At most so many rows of each change; files relative to `directory`. Holders that the user has
    accepted have none."""
    told = [row for row in found.differences if not row.holder.ignored]
    shown: list[ChangedRow] = []
    more: list[str] = []
    for change, group in groupby(told, lambda row: row.change):
        if change != "same":
            changed = _changed(change, list(group), directory)
            shown += changed[:rows]
            if left := changed[rows:]:
                more.append(f"{change.upper()}  {counted(len(left), 'more row')}")
    return ChangesPage(shown, more, _summary(told), list(_notes(found, len(told))))


def _changed(change: Change, group: Sequence[Difference], directory: str) -> list[ChangedRow]:
    by_holder = {id(row.holder): row for row in group}
    blocks = classes.blocks(row.holder for row in group)
    rows = holder_rows(blocks, [], directory)
    found = []
    for block, row in zip(blocks, rows, strict=True):
        of_block = [by_holder[id(holder)] for holder in block]
        old, new = sum(d.old_bytes for d in of_block), sum(d.new_bytes for d in of_block)
        found.append((max(old, new), ChangedRow(change, _amount(change, of_block, row), row)))
    return [row for _, row in sorted(found, key=lambda row: -row[0])]


def _amount(change: Change, of_block: Sequence[Difference], row: HolderRow) -> str:
    old, new = sum(d.old_bytes for d in of_block), sum(d.new_bytes for d in of_block)
    if change == "new":
        words = amount(size(new), row.scopes)
    elif change == "gone":
        words = amount(size(old), row.scopes)
    else:
        words = amount(f"{size(old)} -> {size(new)}", row.scopes)
    return f"{words}, {row.verdict}" if row.verdict == "growing" and change != "gone" else words


def _summary(told: Iterable[Difference]) -> str:
    changes = [row.change for row in told]
    parts = [
        f"{counted(count, 'holder') if nth == 0 else count} {_WORDS[change][count != 1]}"
        for nth, change in enumerate(_WORDS)
        for count in [changes.count(change)]
    ]
    return ", ".join(parts)


def _notes(found: Comparison, told: int) -> Iterable[str]:
    """What keeps the two runs from being compared as they are."""
    if not found.old.complete:
        yield "the old run is incomplete: what is new here it may have had as well"
    if not found.new.complete:
        yield "the new run is incomplete: what is gone here may be there in a whole one"
    yield from _other_tests(found.old, found.new)
    if found.unseen:
        words = "holder of the old run has" if found.unseen == 1 else "holders of the old run have"
        yield f"{found.unseen} {words} no test in the new one: nothing is known of them"
    if found.old.run.release != found.new.run.release:
        which = "old" if found.old.run.release else "new"
        yield f"only the {which} run let go of finished tests (--release)"
    if ignored := len(found.differences) - told:
        yield f"{counted(ignored, 'holder')} that you have accepted left out"


def _other_tests(old: Side, new: Side) -> Iterable[str]:
    only = [
        f"{counted(side.tests, 'test')} in the {which} run only"
        for which, side in (("old", old), ("new", new))
        if side.tests
    ]
    if only:
        yield f"the runs had other tests: {', '.join(only)}"


def render(
    found: Comparison, stream: TextIO, *, rows: int, directory: str, width: int | None = None
) -> None:
    """Write what has changed to `stream`, as `console.write` does."""
    page = build(found, rows, directory)
    console.write(lambda columns: _lines(page, found, columns), stream, width)


def _lines(page: ChangesPage, found: Comparison, width: int) -> list[Line]:
    lines: list[Line] = []
    for name, side in (("old", found.old), ("new", found.new)):
        facts = f"{counted(side.totals.tests, 'test')}  survived {size(side.totals.survived_bytes)}"
        when = side.run.started[:19].replace("T", " ")
        lines.append(
            [
                ("reftrack" if name == "old" else " " * 8, "strong"),
                (f"  {name}  {facts}  {when}", ""),
            ]
        )
    lines += [line for row in page.rows for line in _row(row, width)]
    lines += [[(f"{words}: reftrack diff --holders N shows them", "faint")] for words in page.more]
    for note in page.notes:
        lines += wrapped(f"note  {note}", width, style="note")
    lines += wrapped(page.summary, width, style="strong")
    return [part for line in lines for part in folded(line, width)]


def _row(row: ChangedRow, width: int) -> list[Line]:
    """What is new has its lines, its tests and what to type; what is gone is told in one line."""
    room = width - INDENT
    lines = holder_headline(row.holder, row.change, row.amount, width)
    if row.change in ("new", "grown"):
        lines += allocated(row.holder, room)
        lines += labelled(row.holder.label, ids(row.holder, room) if row.holder.ids else [])
        lines += labelled("fix", fix_lines(row.holder.fix, room))
    return lines
