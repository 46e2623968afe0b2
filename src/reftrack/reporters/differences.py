"""Two runs side by side, for people: rows of holders that have changed, then their lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TextIO

import msgspec

from reftrack.differences import ORDER, Change, Comparison, Difference, Side
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
    """The two runs, rows of what is new, grown, gone and shrunk, and the words around them."""

    heads: list[str]
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
    heads = [f"reftrack  old  {_head(found.old)}", f"{'':8}  new  {_head(found.new)}"]
    return ChangesPage(heads, shown, more, _summary(told), list(_notes(found, len(told))))


def _head(side: Side) -> str:
    totals, started = side.totals, side.run.started[:19].replace("T", " ")
    return f"{counted(totals.tests, 'test')}  survived {size(totals.survived_bytes)}  {started}"


def _changed(change: Change, group: Sequence[Difference], directory: str) -> list[ChangedRow]:
    by_holder = {id(row.holder): row for row in group}
    blocks = classes.blocks(row.holder for row in group)
    rows = holder_rows(blocks, None, directory)
    found = []
    for block, row in zip(blocks, rows, strict=True):
        of_block = [by_holder[id(holder)] for holder in block]
        old, new = sum(d.old_bytes for d in of_block), sum(d.new_bytes for d in of_block)
        found.append((max(old, new), ChangedRow(change, _amount(change, old, new, row), row)))
    return [row for _, row in sorted(found, key=lambda row: -row[0])]


def _amount(change: Change, old: int, new: int, row: HolderRow) -> str:
    bytes = {"new": size(new), "gone": size(old)}.get(change, f"{size(old)} -> {size(new)}")
    grows = ", growing" if row.verdict == "growing" and change != "gone" else ""
    return amount(bytes, row.scopes) + grows


def _summary(told: Iterable[Difference]) -> str:
    """What there is of each change; that nothing is new, or has grown, is news as well."""
    counts = Counter(row.change for row in told)
    parts = [
        f"{counts[change]} {_WORDS[change][counts[change] != 1]}"
        for change in ORDER
        if counts[change]
    ]
    if not counts["new"] and not counts["grown"]:
        parts.insert(0, "none is new, none has grown")
    return "holders: " + ", ".join(parts)


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
    console.write(lambda columns: _lines(page, columns), stream, width)


def _lines(page: ChangesPage, width: int) -> list[Line]:
    lines: list[Line] = [[(head, "strong")] for head in page.heads]
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
