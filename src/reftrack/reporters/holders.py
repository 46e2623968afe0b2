"""The rows of holders: what a reader is told of each, in which words."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

import msgspec

from reftrack import lasting, repeats, rules
from reftrack.merging import charges_by_scope
from reftrack.model import (
    NOT_LOOKED_FOR,
    Allocation,
    Charge,
    Frame,
    Holder,
    Repeat,
    Report,
    Verdict,
)
from reftrack.reporters import classes, late
from reftrack.reporters.classes import Block
from reftrack.reporters.words import KIB, and_more, counted, shortened, size

IDS = 3  # scopes named per holder, if they fit

_SITES = 2  # allocating lines shown per holder
_ID = 80  # columns for the id of a test that was run again
_STRAY = 100  # scopes and lines with less than one part in so many of the usual are not told

# A record may be read on another machine than the one that ran the suite: go by the path's shape.
_LIBRARY = re.compile(r".*/(?:(?:site|dist)-packages|lib(?:64)?/python3\.\d+)/")
_STANDARD = os.path.dirname(os.__file__) + "/"
_TEST_FILE = re.compile(r"(?:test_.*|.*_test|tests|conftest)\.py")
_NOT_KNOWN = "line not known"
_WITHIN_BOUNDS = {rule.name: rule.why for rule in rules.RULES if rule.verdict == "once"}


class Site(msgspec.Struct, frozen=True):
    """A line that allocates; `caller` is the user's line where `place` lies in a library."""

    bytes: int
    place: str
    source: str
    caller: str = ""
    caller_source: str = ""


class HolderRow(msgspec.Struct):
    """One holder, or the attributes of one class. `scopes` are the words for how many scopes it was
    charged by ("40 tests"), `each` those for how much ("800.0 KiB each"); `ids` are the biggest
    ones. `until` says when a tear-down released it, `repeat` what came of running a test
    again, `proved` what was cut and what went. `fix` has a line for each place to change."""

    verdict: str
    bytes: int
    title: str
    name: str
    entries: str  # of a cache: "50 entries of 128"
    path: list[str]
    kept: str
    sites: list[Site]
    other_site_bytes: int
    scopes: str
    label: str
    ids: list[str]
    more_ids: int
    each: str
    proved: str
    not_proved: str
    fix: str
    until: str = ""
    repeat: str = ""


def holder_rows(blocks: Iterable[Block], report: Report | None, base: str) -> list[HolderRow]:
    """The rows, with what became known of their scopes after the heap was looked at, where the
    whole report is given; files relative to `base` where they lie below it."""
    scopes = [] if report is None else report.scopes
    problems = {scope.id: scope.repeat_problem for scope in scopes if scope.repeat_problem}
    torn_down = None if report is None else lasting.torn_down(report)
    found = []
    for block in blocks:
        charged = _charged(block)
        row = _row(block, charged, base)
        row.repeat = _repeat(block, problems)
        if torn_down and all(lasting.is_released(holder, torn_down) for holder in block):
            row.until = f"{late.AT_THE_END}: released by tear-down"
            row.fix = row.fix if row.verdict == "growing" else ""  # it has one
        found.append(row)
    return found


def _row(block: Block, all_charged: Iterable[Charge], base: str) -> HolderRow:
    charged = _significant(all_charged)
    ids = [charge.id for charge in charged[:IDS] if charge.scope != "session"]
    sites = _sites((site for holder in block for site in holder.allocations), base)
    first, name = block[0], classes.name(block)
    return HolderRow(
        verdict=first.verdict,
        bytes=classes.survived(block),
        title=_title(name, first.root),
        name=name,
        entries=_entries(first),
        path=first.path,
        kept=_kept(block),
        sites=sites[:_SITES],
        other_site_bytes=_of_other_sites(block, sites[:_SITES]),
        scopes=scopes_in_words(charged),
        label=_label(charged),
        ids=ids,
        more_ids=len(charged) - len(ids),
        each=each_in_words(charged),
        proved=_proved(block),
        not_proved="" if _proved(block) else first.not_proved,
        fix=classes.fix(block),
    )


# Scopes


def _charged(block: Block) -> list[Charge]:
    """What each scope left with all of them, most first."""
    if len(block) == 1:
        return block[0].charged
    return charges_by_scope(charge for holder in block for charge in holder.charged)


def _significant(charged: Iterable[Charge]) -> list[Charge]:
    """Those that left what counts, most first: objects from free lists can stray to other tests.

    Measured by the one that the middle byte belongs to, not by the largest: that may be the test in
    which a table of all the others' entries was doubled.
    """
    ranked = sorted(charged, key=lambda charge: -charge.bytes)
    half = sum(charge.bytes for charge in ranked) / 2
    up_to = accumulate(charge.bytes for charge in ranked)
    usual = next((c.bytes for c, total in zip(ranked, up_to, strict=True) if total >= half), 0)
    return [charge for charge in ranked if _STRAY * charge.bytes >= usual]


def scopes_in_words(charged: Sequence[Charge]) -> str:
    kinds = {charge.scope for charge in charged}
    if kinds == {"session"}:
        return "no test"
    kind = kinds.pop() if len(kinds) == 1 else "scope"
    return counted(len(charged), kind) if charged else ""


def each_in_words(charged: Sequence[Charge]) -> str:
    if len(charged) < 2:
        return ""
    most, least = charged[0].bytes, charged[-1].bytes
    if most - least <= most // 10:
        return f"{size(sum(charge.bytes for charge in charged) // len(charged))} each"
    return f"{size(least)} to {size(most)} each"


def _label(charged: Sequence[Charge]) -> str:
    kinds = {charge.scope for charge in charged}
    if "test" in kinds:
        return "tests"
    return kinds.pop() if len(kinds) == 1 else "scopes"


# Words


def _title(name: str, root: str) -> str:
    return name if root in name or name in root else f"{root} -> {name}"


def _entries(holder: Holder) -> str:
    if holder.entries is None:
        return ""
    words = counted(holder.entries, "entry")
    return words if holder.most_entries is None else f"{words} of {holder.most_entries}"


def _kept(block: Block) -> str:
    """Words for a cache with a bound, and for a holder whose cut would free much less, or much
    more, than what tests left there."""
    holder = block[0]
    if holder.bounded:
        return "at its bound: what each test leaves stays until a later test's pushes it out"
    if holder.together:
        found = [name for name in holder.together if name != NOT_LOOKED_FOR]
        others = and_more(found[:3], len(found[3:]))
        if len(found) < len(holder.together) or not holder.together_bytes:
            return f"by {others}, and by others that were not looked for, as well"
        return f"by {others} as well: only cutting all of them frees {size(holder.together_bytes)}"
    entries = holder.entries or 0
    if holder.verdict == "growing" and entries > 1 and holder.most_entries:
        full = holder.survived_bytes * holder.most_entries // entries
        return f"until it is full, with about {size(full)} in {holder.most_entries} entries"
    if holder.verdict == "once" and holder.rule in _WITHIN_BOUNDS:
        return f"within bounds, no leak: {_WITHIN_BOUNDS[holder.rule]}"
    survived, goes = classes.survived(block), classes.goes(block)
    if abs(goes - survived) <= max(100 * KIB, survived // 10):
        return ""
    if goes < survived:
        return f"by other references too: {size(goes)} go when this one alone is let go of"
    return f"with {size(goes - survived)} more, which other rows have or older code has made"


def _proved(block: Block) -> str:
    cut = [holder for holder in block if holder.proved_bytes is not None]
    if not cut:
        return ""
    freed = size(sum(holder.proved_bytes or 0 for holder in cut))
    if len(cut) > 1:
        return f"cutting {classes.name(cut)}, each by itself, freed {freed}"
    others = cut[0].together
    beside = f", with {and_more(others[:1], len(others) - 1)}," if others else ""
    return f"cutting {cut[0].name}{beside} freed {freed}"


def _repeat(block: Block, problems: Mapping[str, str]) -> str:
    """Words for what a test kept when it ran again with the first of the holders of which that is
    known: the test that has left most there, of those that were run again."""
    for holder in block:
        repeated = {repeat.id: repeat for repeat in holder.repeats}
        for charge in holder.charged:
            if charge.id in repeated:
                tests = len(_significant(holder.charged))
                return _kept_again(repeated[charge.id], tests, holder.verdict)
            if charge.id in problems and holder.verdict in ("growing", "once"):
                problem = problems[charge.id]
                return f"nothing is known by repeating {shortened(charge.id, _ID)}: {problem}"
    return ""


def _kept_again(repeat: Repeat, tests: int, verdict: Verdict) -> str:
    """The middle one of the figures of a test that feeds the holder as one of so many `tests`; and
    what that says, where the verdict goes by more than this one."""
    count = len(repeat.bytes)
    what = f"{counted(count, 'repetition')} of {shortened(repeat.id, _ID)} kept"
    each, most = sorted(repeat.bytes)[(count - 1) // 2], max(repeat.bytes)
    by_all = f"{verdict.upper()} goes by all {tests} tests"
    if most < repeats.LEAST or repeats.is_in_place(repeat) or each < repeats.LEAST:
        grows = verdict == "growing" and tests > 1
        if most < repeats.LEAST:
            what += " nothing more:"
            seen = "it was filled once" if tests == 1 else "each test fills its own part once"
        elif repeats.is_in_place(repeat):
            what += f" {size(most)} at most, in place of what was there:"
            seen = "this test adds no more" if grows else "it does not grow"
        else:
            what += f" {size(most)} at most, and most of them nothing:"
            seen = "not every run adds" if grows else "it does not grow with each"
        return f"{what} {seen}; {by_all}" if grows else f"{what} {seen}"
    if count == 1:
        return f"{what} {size(each)}: --repeat 2 or more tells whether that adds up"
    seen = "it grows" if verdict == "growing" else f"by this test it grows; {by_all}"
    return f"{what} {size(each)} each: {seen}"


# Lines that allocate


def place(holder: Holder, base: str) -> str:
    """The line that allocated most of it, of the user's own code where there is one, and whether
    others did as well; "" where that is not known."""
    largest = next(iter(_sites(holder.allocations, base)), None)
    if largest is None or largest.place == _NOT_KNOWN:
        return ""
    line = largest.caller or largest.place
    return line if 10 * largest.bytes >= 9 * holder.survived_bytes else f"{line} and elsewhere"


def _sites(allocations: Iterable[Allocation], base: str) -> list[Site]:
    """The allocating lines, biggest first, and what has none at the end; stacks that read the same
    are one line, as does one of which no line of the user's own is known."""
    merged: dict[Site, int] = {}
    for allocation in allocations:
        site = _site(allocation.traceback, base)
        merged[site] = merged.get(site, 0) + allocation.bytes
    called = {(site.place, site.source): site for site in merged if site.caller}
    for site in [site for site in merged if not site.caller]:
        if (same := called.get((site.place, site.source))) is not None:
            merged[same] += merged.pop(site)
    most = max(merged.values(), default=0)
    found = [
        msgspec.structs.replace(site, bytes=total)
        for site, total in merged.items()
        if _STRAY * total >= most
    ]
    return sorted(found, key=lambda site: (site.place == _NOT_KNOWN, -site.bytes))


def _of_other_sites(block: Block, shown: Sequence[Site]) -> int:
    """What came from lines that are not shown, or not even in the record; 0 where it is little."""
    total = classes.survived(block)
    rest = total - sum(site.bytes for site in shown)
    return rest if shown and _STRAY * rest >= total else 0


def _site(traceback: Sequence[Frame], base: str) -> Site:
    if not traceback:
        return Site(0, _NOT_KNOWN, "")
    innermost = traceback[-1]
    place, source = _place(innermost, base), innermost.source.strip()
    own = own_frame(traceback)
    if own is None or own is innermost:
        return Site(0, place, source)
    return Site(0, place, source, _place(own, base), own.source.strip())


def own_frame(traceback: Sequence[Frame]) -> Frame | None:
    """The innermost line of the user's own code or tests."""
    return next((frame for frame in reversed(traceback) if _is_own(frame.file)), None)


def _is_library(file: str) -> bool:
    return file.startswith((_STANDARD, "<frozen ")) or _LIBRARY.match(file) is not None


def _is_own(file: str) -> bool:
    """The user's own code, or the tests that a library was installed with; not what a library
    compiles for itself, under a name such as "<class 'argmap'> compilation 60"."""
    if file.startswith("<"):
        return file in ("<string>", "<stdin>")
    return not _is_library(file) or _TEST_FILE.fullmatch(os.path.basename(file)) is not None


def _place(frame: Frame, base: str) -> str:
    file = frame.file
    if _is_library(file):
        file = _LIBRARY.sub("", file).removeprefix(_STANDARD)
    elif base:
        file = file.removeprefix(base.rstrip("/") + "/")
    return f"{file}:{frame.line} in {frame.function}"
