"""Reports: each builds plain rows from a run's record, then renders them and nothing else.

`build` makes the rows of a report that people read: which holders matter, in which order, and
the words for them. How the rows are laid out is the business of the reporter.
"""

from __future__ import annotations

import heapq
import os
import re
from collections.abc import Iterable, Sequence
from itertools import accumulate

import msgspec

from reftrack.model import Allocation, Charge, Frame, Holder, Released, Report, Scope
from reftrack.reporters import late
from reftrack.reporters.late import HeldRow

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30

_SITES = 2  # allocating lines shown per holder
_IDS = 3  # scopes named per holder, if they fit
_ALIVE = 10  # tests shown when nothing was explained
_CYCLIC_FROM = MIB
_REPEAT_FROM = KIB
_NATIVE_FROM = 16 * MIB  # without a test to name: allocators' own needs and imports come near it
_RELEASED = 5
_RUNNER_SMALL = MIB  # below it, or below a tenth of all, the runner's holders are one line
_FEW = 10  # who asks for no more holders is spared the trifles
_STRAY = 100  # scopes and lines with less than one part in so many of the usual are not told
_ORDER = {"growing": 0, "once": 1, "collateral": 2, "unexplained": 3, "runner": 4}
_PLURAL = {"class": "classes"}

# A record may be read on another machine than the one that ran the suite: go by the path's shape.
_LIBRARY = re.compile(r".*/(?:(?:site|dist)-packages|lib(?:64)?/python3\.\d+)/")
_STANDARD = os.path.dirname(os.__file__) + "/"
_TEST_FILE = re.compile(r"(?:test_.*|.*_test|tests|conftest)\.py")


class Site(msgspec.Struct, frozen=True):
    """A line that allocates; `caller` is the user's line where `place` lies in a library."""

    bytes: int
    place: str
    source: str
    caller: str = ""
    caller_source: str = ""


class HolderRow(msgspec.Struct):
    """One holder. `scopes` are the words for how many scopes it was charged by ("40 tests"),
    `each` those for how much ("800.0 KiB each"); `ids` are the biggest ones. `until` says when a
    fixture's tear-down released it, `repeat` what came of running a test again."""

    verdict: str
    bytes: int
    title: str
    name: str
    path: list[str]
    kept: str
    sites: list[Site]
    more_sites: int
    scopes: str
    label: str
    ids: list[str]
    more_ids: int
    each: str
    proved_bytes: int | None
    not_proved: str
    together: list[str]
    fix: str
    until: str = ""
    repeat: str = ""


class AliveRow(msgspec.Struct, frozen=True):
    """A test of a run that was never looked at, and what it had alive at its end."""

    id: str
    alive_bytes: int
    allocated_bytes: int


class SumRow(msgspec.Struct, frozen=True):
    """Bytes of many scopes in one line: "3 tests", the biggest of them, and how much each has."""

    bytes: int
    scopes: str
    ids: list[str]
    more_ids: int
    each: str


class ReleasedRow(msgspec.Struct, frozen=True):
    """What `--release` let go of: "in 2 tests" are its `scopes`."""

    bytes: int
    scopes: str
    name: str


class Page(msgspec.Struct, frozen=True):
    """The whole report. `incomplete` is empty for a run that came to its end."""

    tests: int
    seconds: float
    backend: str
    survived_bytes: int
    explained_bytes: int
    incomplete: str
    holders: list[HolderRow]
    more_holders: int
    more_bytes: int
    all_holders: int
    runner_bytes: int
    runner: str
    alive: list[AliveRow]
    held: list[HeldRow]
    notes: list[str]
    unexplained_bytes: int = 0  # beyond the holders whose verdict says so
    cyclic: SumRow | None = None
    native: SumRow | None = None
    released: list[ReleasedRow] = []
    more_released: int = 0
    more_released_bytes: int = 0
    not_released: str = ""  # how many tests, in words


def size(count: int) -> str:
    """Bytes in words: 512 B, 800.0 KiB, 31.2 MiB, 1.5 GiB."""
    if count < KIB:
        return f"{count} B"
    for unit, word in ((KIB, "KiB"), (MIB, "MiB")):
        if round(count / unit, 1) < 1024:
            return f"{count / unit:.1f} {word}"
    return f"{count / GIB:.1f} GiB"


def duration(seconds: float) -> str:
    """Seconds in words: 1.5 s, 12 min 03 s."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s"


def and_more(names: Sequence[str], more: int) -> str:
    """Names in words: a, b and 3 more."""
    shown = ", ".join(names)
    return f"{shown} and {more} more" if more else shown


def build(report: Report, holders: int = 10, *, directory: str | None = None) -> Page:
    """The rows of the report: at most `holders` holders, files relative to `directory` (by
    default the current one) where they lie below it."""
    base = _current_directory() if directory is None else directory
    totals = report.totals
    ranked = sorted(
        report.holders, key=lambda h: (_ORDER[h.verdict], -max(h.retained_bytes, h.survived_bytes))
    )
    runner = [holder for holder in ranked if holder.verdict == "runner"]
    runner_bytes = sum(holder.survived_bytes for holder in runner)
    if runner and runner_bytes < max(_RUNNER_SMALL, totals.survived_bytes // 10):
        ranked = ranked[: -len(runner)]
    else:
        runner = []
    # The biggest are told, whatever their verdict; small change only where there is room for all.
    shown = _worth_a_row(ranked, holders, totals.survived_bytes)
    told = {id(holder) for holder in shown}
    elided = [holder for holder in ranked if id(holder) not in told]
    rows, reason = _reason_in_common(_holder_rows(shown, report.scopes, base))
    unexplored = not report.complete and report.run.seconds == 0.0
    return Page(
        tests=totals.tests,
        seconds=report.run.seconds,
        backend=report.run.backend,
        survived_bytes=totals.survived_bytes,
        explained_bytes=totals.explained_bytes,
        incomplete=_incomplete(report),
        holders=rows,
        more_holders=len(elided),
        more_bytes=sum(holder.survived_bytes for holder in elided),
        all_holders=_count_that_shows_all(ranked, totals.survived_bytes),
        runner_bytes=runner_bytes if runner else 0,
        runner=and_more([runner[0].name], len(runner) - 1) if runner else "",
        alive=[] if report.complete else _alive(report.scopes),
        held=late.held(report.scopes),
        notes=report.run.notes + ([f"nothing was proved: {reason}"] if reason else []),
        unexplained_bytes=0 if unexplored else _unexplained(report),
        cyclic=_cyclic(report.scopes),
        native=_native(report),
        released=[_released_row(row) for row in report.released[:_RELEASED]],
        more_released=len(report.released[_RELEASED:]),
        more_released_bytes=sum(row.bytes for row in report.released[_RELEASED:]),
        not_released=_counted(report.not_released, "test") if report.not_released else "",
    )


def _worth_a_row(ranked: list[Holder], count: int, survived: int) -> list[Holder]:
    """The biggest, whatever their verdict, in their order; trifles only for who asks for many."""
    if len(ranked) > count:
        least = survived // 100
    else:
        least = max(KIB, survived // 1000) if count <= _FEW else 0
    most = max((holder.survived_bytes for holder in ranked), default=0)
    biggest = heapq.nlargest(max(0, count), ranked, key=lambda holder: holder.survived_bytes)
    chosen = {id(holder) for holder in biggest if holder.survived_bytes >= min(least, most)}
    return [holder for holder in ranked if id(holder) in chosen]


def _count_that_shows_all(ranked: list[Holder], survived: int) -> int:
    is_enough = len(_worth_a_row(ranked, len(ranked), survived)) == len(ranked)
    return len(ranked) if is_enough else _FEW + 1


def _reason_in_common(rows: list[HolderRow]) -> tuple[list[HolderRow], str]:
    """Why none was proved, told once where it is the same for all of several."""
    reasons = {row.not_proved for row in rows}
    if len(rows) < 2 or len(reasons) > 1:
        return rows, ""
    return [msgspec.structs.replace(row, not_proved="") for row in rows], reasons.pop()


def _unexplained(report: Report) -> int:
    shown = sum(h.survived_bytes for h in report.holders if h.verdict == "unexplained")
    rest = report.totals.survived_bytes - report.totals.explained_bytes - shown
    return rest if rest >= min(64 * KIB, max(KIB, report.totals.survived_bytes // 100)) else 0


def _incomplete(report: Report) -> str:
    if report.complete:
        return ""
    last = next((s.id for s in reversed(report.scopes) if s.scope == "test"), None)
    if report.run.exit_status is not None:
        what = "the run ended, but its heap was not looked at after the last test"
    elif last is not None:
        what = f"the run was cut after test {last}"
    else:
        what = "the run was cut before a test had ended"
    if report.run.seconds == 0.0:
        return f"{what}; there is no checkpoint: figures are those of each test's end"
    when = duration(report.run.seconds)
    return f"{what}; figures are those of the last checkpoint ({when} into the run)"


def _holder_rows(holders: Sequence[Holder], scopes: Sequence[Scope], base: str) -> list[HolderRow]:
    """The rows, with what became known of their scopes after the heap was looked at."""
    repeated = {scope.id: scope for scope in scopes if scope.repeats or scope.repeat_problem}
    torn_down = late.torn_down(scopes)
    rows = []
    for holder in holders:
        row = _holder_row(holder, base)
        ids = [charge.id for charge in holder.charged]
        again = next((c for c in holder.charged if c.id in repeated), None)
        until = {torn_down.get(id, "") for id in ids}
        if again is not None and holder.verdict != "runner":
            row.repeat = _repeat(repeated[again.id], again.bytes)
        if len(until) == 1 and "" not in until:
            row.until = f"{until.pop()}: released by tear-down"
        rows.append(row)
    return rows


def _repeat(scope: Scope, left: int) -> str:
    """Words for what a test keeps when it runs again: the middle one of the figures, beside what it
    has `left` with the holder. Runners keep a little of every test."""
    if scope.repeat_problem:
        return f"nothing is known by repeating {scope.id}: {scope.repeat_problem}"
    count = len(scope.repeats)
    what = f"{count} repetition{'' if count == 1 else 's'} of {scope.id} kept"
    each, most = sorted(scope.repeats)[(count - 1) // 2], max(scope.repeats)
    least = max(_REPEAT_FROM, left // 2)
    if count == 1 and each >= least:
        return f"{what} {size(each)}: --repeat 2 or more tells whether that adds up"
    if each >= least:
        return f"{what} {size(each)} each: it grows"
    if most >= least:
        return f"{what} {size(most)} at most, and most of them nothing: it does not grow with each"
    return f"{what} nothing: it was filled once"


def _holder_row(holder: Holder, base: str) -> HolderRow:
    charged = _significant(holder.charged)
    ids = [charge.id for charge in charged[:_IDS]]
    sites = _sites(holder.allocations, base)
    return HolderRow(
        verdict=holder.verdict,
        bytes=holder.survived_bytes if holder.together else holder.retained_bytes,
        title=_title(holder),
        name=holder.name,
        path=holder.path,
        kept=_kept(holder),
        sites=sites[:_SITES],
        more_sites=len(sites[_SITES:]),
        scopes=_scopes(charged),
        label=_label(charged),
        ids=ids,
        more_ids=len(charged) - len(ids),
        each=_each(charged),
        proved_bytes=holder.proved_bytes,
        not_proved=holder.not_proved,
        together=holder.together,
        fix=holder.fix,
    )


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


def _title(holder: Holder) -> str:
    name, root = holder.name, holder.root
    return name if root in name or name in root else f"{root} -> {name}"


def _kept(holder: Holder) -> str:
    """Words for a holder whose cut would free much less, or much more, than what tests left."""
    if holder.bounded:
        return "at its bound: what each test leaves stays until a later test's pushes it out"
    if holder.together:
        others = and_more(holder.together[:3], len(holder.together[3:]))
        return f"by {others} as well: only cutting all of them frees {size(holder.together_bytes)}"
    gap = holder.retained_bytes - holder.survived_bytes
    if abs(gap) <= max(100 * KIB, holder.survived_bytes // 10):
        return ""
    why = (
        "other references keep part of it too"
        if gap < 0
        else "the rest is other holders', or older"
    )
    return f"{size(holder.survived_bytes)} that scopes left behind; {why}"


def _released_row(row: Released) -> ReleasedRow:
    return ReleasedRow(row.bytes, _counted(row.scopes, row.scope), row.name)


def _scopes(charged: Sequence[Charge]) -> str:
    kinds = {charge.scope for charge in charged}
    kind = kinds.pop() if len(kinds) == 1 else "scope"
    return _counted(len(charged), kind) if charged else ""


def _counted(count: int, kind: str) -> str:
    return f"{count} {kind if count == 1 else _PLURAL.get(kind, kind + 's')}"


def _label(charged: Sequence[Charge]) -> str:
    kinds = {charge.scope for charge in charged}
    if "test" in kinds:
        return "tests"
    return kinds.pop() if len(kinds) == 1 else "scopes"


def _each(charged: Sequence[Charge]) -> str:
    if len(charged) < 2:
        return ""
    most, least = charged[0].bytes, charged[-1].bytes
    if most - least <= most // 10:
        return f"{size(sum(charge.bytes for charge in charged) // len(charged))} each"
    return f"{size(least)} to {size(most)} each"


def _sites(allocations: Iterable[Allocation], base: str) -> list[Site]:
    """The allocating lines, biggest first; stacks that read the same are one line. Those that made
    next to nothing of it are left to the record."""
    merged: dict[Site, int] = {}
    for allocation in allocations:
        site = _site(allocation.traceback, base)
        merged[site] = merged.get(site, 0) + allocation.bytes
    ranked = sorted(merged.items(), key=lambda item: -item[1])
    return [
        msgspec.structs.replace(site, bytes=total)
        for site, total in ranked
        if _STRAY * total >= ranked[0][1]
    ]


def _site(traceback: Sequence[Frame], base: str) -> Site:
    if not traceback:
        return Site(0, "line not known", "")
    innermost = traceback[-1]
    place, source = _place(innermost, base), innermost.source.strip()
    own = next((frame for frame in reversed(traceback) if _is_own(frame.file)), None)
    if own is None or own is innermost:
        return Site(0, place, source)
    return Site(0, place, source, _place(own, base), own.source.strip())


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


def _alive(scopes: Iterable[Scope]) -> list[AliveRow]:
    tests = (scope for scope in scopes if scope.scope == "test" and scope.survived_bytes)
    biggest = heapq.nlargest(_ALIVE, tests, key=lambda scope: scope.survived_bytes)
    return [AliveRow(s.id, s.survived_bytes, s.allocated_bytes) for s in biggest]


def _cyclic(scopes: Iterable[Scope]) -> SumRow | None:
    """Scopes of whose memory much went with the collector only."""
    return _sum_row([(s.collected_bytes, s) for s in scopes if s.collected_bytes >= _CYCLIC_FROM])


def _native(report: Report) -> SumRow | None:
    """What the process grew by beside the ledger; the scopes are those by which much of it came."""
    total = report.totals.native_bytes
    rows = [(min(s.native_bytes, total), s) for s in report.scopes if s.native_bytes and total]
    if not rows and total < _NATIVE_FROM:
        return None
    row = _sum_row(rows) or SumRow(0, "", [], 0, "")
    return msgspec.structs.replace(row, bytes=total)


def _sum_row(rows: Sequence[tuple[int, Scope]]) -> SumRow | None:
    if not rows:
        return None
    ranked = sorted(rows, key=lambda row: -row[0])
    ids = [scope.id for _, scope in ranked[:_IDS]]
    kinds = [Charge(scope.id, scope.scope, count, 0) for count, scope in ranked]
    total = sum(count for count, _ in ranked)
    each = _each(kinds) or size(total)
    return SumRow(total, _scopes(kinds), ids, len(ranked) - len(ids), each)


def _current_directory() -> str:
    try:
        return os.getcwd()
    except OSError:  # the suite removed it
        return ""
