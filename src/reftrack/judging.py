"""Whether a scope may leave what it left behind, and the words for a failure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from reftrack import ignoring, owners
from reftrack.differences import counts
from reftrack.looking import Left, Timed
from reftrack.model import Frame, Holder
from reftrack.naming import INTERPRETERS
from reftrack.reporters import classes, github, rows
from reftrack.reporters.console import printable
from reftrack.reporters.holders import HolderRow, holder_rows, own_frame
from reftrack.reporters.words import and_more, size
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

TOLD = 3
"""Holders that a failure tells of: the largest."""

REUSED = 1 << 10
"""Bytes that objects from free lists can have with one holder, as if a test had left them."""

WIDTH = 96
"""Columns of its text."""


class Limits(NamedTuple):
    """What a scope may leave behind: bytes, objects, and holders that do not count, by name. None
    is no limit."""

    max_survived: int | None = None
    max_objects: int | None = None
    ignore: tuple[str, ...] = ()

    @property
    def are_any(self) -> bool:
        return self.max_survived is not None or self.max_objects is not None

    def allow(self, left: Left) -> bool:
        """Is it within these limits, whoever holds it?"""
        is_small = self.max_survived is None or max(left.bytes, left.grown) <= self.max_survived
        return is_small and (self.max_objects is None or left.blocks <= self.max_objects)


class Failure(NamedTuple):
    """A scope left too much: which, in words; how much, and with which holder most of it; all that
    is known of the largest; and the user's own line that allocated most, if there is one."""

    scope: str
    summary: str
    details: str
    file: str
    line: int

    @property
    def headline(self) -> str:
        return f"{self.scope} {self.summary}"


class _Counted(NamedTuple):
    """What counts of a holder: not what the runner or a plugin made by itself, around the test."""

    holder: Holder
    bytes: int
    objects: int


def failure(
    scope: Timed,
    holders: Iterable[Holder],
    limits: Limits,
    ignored: Collection[str],
    directory: str,
) -> Failure | None:
    """Does the scope fail by what these `holders` keep of it? What is nobody's doing does not count
    (see `differences.counts`), nor do those that `limits`, the patterns `ignored` or
    `reftrack.ignore` accept. Files are told as seen from `directory`."""
    holders = [holder for holder in holders if counts(holder)]
    ignoring.mark(holders, (*ignored, *limits.ignore))
    counted = [_counted(holder) for holder in holders if not holder.ignored]
    words = _over(limits, counted)
    if not words:
        return None
    blocks = _largest(counted, limits)
    own = github.own_line(blocks[0])
    file, line = ("", 0) if own is None else (own.file, own.line)
    name = scope.id if scope.kind == "test" else f"{scope.kind} {scope.id}"
    summary = f"left {words}: {classes.name(blocks[0])}"
    return Failure(name, summary, "\n".join(_told(blocks, directory)), file, line)


def _counted(holder: Holder) -> _Counted:
    """What is made around the test has calls of the runner's in its traceback, and none of the
    user's; where the traceback ends before either, it counts. What has no traceback may be an old
    block, which CPython had for reuse: a little of that counts where the holder is the user's, and
    none of the interpreter's lists, such as atexit's, which runners fill as well. Where all else is
    made around the test, so is that."""
    around = [each for each in holder.allocations if each.traceback and _is_around(each.traceback)]
    unsure = [each for each in holder.allocations if not each.traceback]
    is_users = holder.owner in ("your test", "your code") and holder.name not in INTERPRETERS
    is_all = around and len(around) + len(unsure) == len(holder.allocations)
    if is_users or (sum(each.bytes for each in unsure) >= REUSED and not is_all):
        unsure = []
    left_out = around + unsure
    if len(left_out) == len(holder.allocations) > 0:
        return _Counted(holder, 0, 0)  # of many lines only the first are told
    return _Counted(
        holder,
        holder.survived_bytes - sum(each.bytes for each in left_out),
        holder.objects - sum(each.objects for each in left_out),
    )


def _is_around(traceback: Sequence[Frame]) -> bool:
    if own_frame(traceback) is not None:
        return False
    modules = (owners.module_of_file(frame.file) for frame in traceback)
    return any(owners.of_module(module) == "runner" for module in modules)


def _over(limits: Limits, counted: Sequence[_Counted]) -> str:
    """How much there is, where it is more than there may be."""
    survived = sum(each.bytes for each in counted)
    objects = sum(each.objects for each in counted)
    most, most_objects = limits.max_survived, limits.max_objects
    words = []
    if most is not None and survived > most:
        words.append(f"{_apart(survived, most)} behind (limit {_apart(most, survived)})")
    if most_objects is not None and objects > most_objects:
        words.append(f"{_count(objects)} behind (limit {most_objects})")
    return " and ".join(words)


def _apart(count: int, other: int) -> str:
    """A size in words, as exact as it takes to tell it from another."""
    return size(count) if size(count) != size(other) else f"{count} bytes"


def _count(objects: int) -> str:
    return f"{objects} object" if objects == 1 else f"{objects} objects"


def _largest(counted: Sequence[_Counted], limits: Limits) -> list[classes.Block]:
    """Those that matter, the largest first: of bytes, or of objects where there are few bytes."""
    survived = sum(each.bytes for each in counted)
    if limits.max_survived is not None and survived > limits.max_survived:
        holders = [e.holder for e in counted if e.bytes >= max(survived // 100, 1)]
    else:
        holders = [e.holder for e in counted if e.objects]
    return sorted(classes.blocks(holders), key=lambda block: -classes.survived(block))


def _told(blocks: Sequence[classes.Block], directory: str) -> Iterator[str]:
    for nth, row in enumerate(holder_rows(blocks[:TOLD], None, directory)):
        yield from [""] * (nth > 0)
        yield from _lines(row)
    if rest := blocks[TOLD:]:
        names = and_more([classes.name(rest[0])], sum(map(len, rest[1:])))
        yield from ("", f"{size(sum(map(classes.survived, rest)))}  {names}")


def _lines(row: HolderRow) -> list[str]:
    """All that is known of a holder by one scope, as plain text."""
    alone = msgspec.structs.replace(row, ids=[], repeat="", proved="", not_proved="")
    title = "  ".join(filter(None, (size(row.bytes), row.title, row.entries)))
    pieces = ["".join(text for text, _ in line) for line in rows.details(alone, WIDTH)]
    return [printable(line, "utf-8").rstrip() for line in (title, *pieces)]
