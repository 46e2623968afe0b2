"""Reports: each builds plain rows from a run's record, then renders them and nothing else.

`build` makes the rows of a report that people read: which holders matter, in which order, and
the words for them. How the rows are laid out is the business of the reporter.
"""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterable, Sequence
from itertools import groupby

import msgspec

from reftrack.model import MEMORY, Charge, Holder, Released, Report, Scope, Verdict
from reftrack.reporters import classes, late
from reftrack.reporters.classes import Block
from reftrack.reporters.holders import IDS, HolderRow, each_in_words, holder_rows, scopes_in_words
from reftrack.reporters.late import HeldRow
from reftrack.reporters.words import KIB, MIB, and_more, counted, duration, size

_ALIVE = 10  # tests shown when nothing was explained
_CYCLIC_FROM = MIB
_INSTANCES_FROM = 64 * KIB
_RUNNERS = ("unittest ", "pytest ")  # beginnings of roots
_LEAST = KIB  # of a row that nobody has asked for
_TRIFLE = 64 * KIB
_NATIVE_FROM = 16 * MIB  # without a test to name: allocators' own needs and imports come near it
_RELEASED = 5
_IGNORED = 2  # names for each reason
FEW = 10  # who asks for no more holders is spared the trifles, and the runner's
_ORDER: tuple[Verdict, ...] = ("growing", "once", "collateral", "unexplained", "runner")


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


class RestRow(msgspec.Struct, frozen=True):
    """Holders of one verdict that have no row of their own, and the largest of them: as a row would
    have it, with `together` attributes of one class."""

    verdict: Verdict
    bytes: int
    count: int
    largest: str
    largest_bytes: int
    together: int = 1


class IgnoredRow(msgspec.Struct, frozen=True):
    """Holders that the user has accepted, by name, and why."""

    bytes: int
    count: int
    names: str


class ReleasedRow(msgspec.Struct, frozen=True):
    """What `--release` let go of: "in 2 tests" are its `scopes`."""

    bytes: int
    scopes: str
    name: str


class Page(msgspec.Struct, frozen=True):
    """The whole report. `now` says how far a run has come that goes on. `failed` are reasons for
    which it did not pass; `incomplete` is empty for a run that came to its end, or goes on. `rest`
    and `runner` sum up the holders that have no row; as many as `all_holders` would show them.
    `in_full` says that the reader has asked for more than fits a screen."""

    tests: int
    seconds: float
    backend: str
    survived_bytes: int
    explained_bytes: int
    incomplete: str
    holders: list[HolderRow]
    rest: list[RestRow]
    runner: RestRow | None
    all_holders: int
    in_full: bool
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
    now: str = ""
    stopped: list[str] = []
    ignored: IgnoredRow | None = None
    failed: list[str] = []
    processes: int = 1


def build(
    report: Report, holders: int = FEW, *, directory: str | None = None, now: str = ""
) -> Page:
    """The rows of the report: at most `holders` holders, files relative to `directory` (by
    default the current one) where they lie below it; `now` for a run that goes on."""
    base = _current_directory() if directory is None else directory
    totals = report.totals
    judged = [holder for holder in report.holders if holder.verdict != "runner"]
    ranked, shown = _shown(report, holders)
    runner = _ranked(holder for holder in report.holders if holder.verdict == "runner")
    if holders > FEW:
        shown += runner[: holders - len(shown)]
    rest = {row.verdict: row for row in _rest([*ranked, *runner], shown)}
    rows, reason = _reason_in_common(holder_rows(shown, report, base))
    unexplored = not report.complete and report.run.seconds == 0.0
    return Page(
        tests=totals.tests,
        seconds=report.run.seconds,
        backend=report.run.backend,
        survived_bytes=totals.survived_bytes,
        explained_bytes=totals.explained_bytes,
        incomplete="" if now else _incomplete(report),
        holders=rows,
        rest=[row for verdict, row in rest.items() if verdict != "runner"],
        runner=rest.get("runner"),
        all_holders=max(len(ranked) + len(runner), FEW + 1),
        in_full=holders > FEW,
        alive=[] if report.complete or (now and rows) else _alive(report.scopes),
        held=late.held(report.scopes),
        notes=list(_notes(report, reason)),
        unexplained_bytes=0 if unexplored else _unexplained(report),
        cyclic=_cyclic(report.scopes),
        native=_native(report),
        released=[_released_row(row) for row in report.released[:_RELEASED]],
        more_released=len(report.released[_RELEASED:]),
        more_released_bytes=sum(row.bytes for row in report.released[_RELEASED:]),
        not_released=counted(report.not_released, "test") if report.not_released else "",
        ignored=_ignored([holder for holder in judged if holder.ignored]),
        now=now,
        stopped=[reason for reason in report.failed if reason.startswith(MEMORY)],
        failed=[reason for reason in report.failed if not reason.startswith(MEMORY)],
        processes=report.run.processes,
    )


# Which holders


def growing(report: Report, holders: int = FEW) -> list[Block]:
    """The growing ones of those that have a row among so many."""
    return [block for block in _shown(report, holders)[1] if block[0].verdict == "growing"]


def _shown(report: Report, count: int) -> tuple[list[Block], list[Block]]:
    """Those that are neither the runner's nor accepted, ranked, and which of them have a row."""
    judged = (h for h in report.holders if h.verdict != "runner" and not h.ignored)
    ranked = _ranked(judged)
    return ranked, _worth_a_row(ranked, count, report.totals.survived_bytes)


def _ranked(holders: Iterable[Holder]) -> list[Block]:
    """By verdict, and within it the largest first."""
    single = ([holder] for holder in holders)
    ranked = sorted(single, key=_rank)
    return sorted(classes.blocks(holder for (holder,) in ranked), key=_rank)


def _rank(block: Block) -> tuple[int, int]:
    return _ORDER.index(block[0].verdict), -classes.survived(block)


def _worth_a_row(ranked: list[Block], count: int, survived: int) -> list[Block]:
    """The biggest, whatever their verdict, in their order; trifles only for who asks for many. What
    imports alone have made is meant to stay: it has a row where there is room for one."""
    imports = [block for block in ranked if _is_of_imports(block)]
    others = [block for block in ranked if not _is_of_imports(block)]
    biggest: list[Block] = []
    for blocks in (others, imports):
        left = heapq.nlargest(max(0, count - len(biggest)), blocks, key=classes.survived)
        most = classes.survived(left[0]) if left else 0
        if count <= FEW and len(ranked) <= count:
            least = max(_LEAST, survived // 1000)
            left = [block for block in left if classes.survived(block) >= least]
        elif count <= FEW:
            left = [block for block in left if not _is_trifle(block, survived, most)]
        biggest += left
    chosen = {id(block) for block in biggest}
    return [block for block in ranked if id(block) in chosen]


def _is_of_imports(block: Block) -> bool:
    kinds = {charge.scope for holder in block for charge in holder.charged}
    return kinds == {"import"}


def _is_trifle(block: Block, survived: int, most: int) -> bool:
    """Is it next to nothing, of all that survived and beside the largest?"""
    counts_from = KIB if block[0].verdict == "growing" else _TRIFLE
    small = min(survived // 100, max(counts_from, most // 10))
    return classes.survived(block) < max(_LEAST, small)


def _rest(ranked: Iterable[Block], shown: Iterable[Block]) -> Iterable[RestRow]:
    told = {id(block) for block in shown}
    for verdict, blocks in groupby(ranked, lambda block: block[0].verdict):
        left = [block for block in blocks if id(block) not in told]
        if left:
            total, count = sum(map(classes.survived, left)), sum(map(len, left))
            most = max(left, key=classes.survived)
            names = classes.name(most)
            yield RestRow(verdict, total, count, names, classes.survived(most), len(most))


def _ignored(holders: list[Holder]) -> IgnoredRow | None:
    """The largest of each reason by name."""
    if not holders:
        return None
    by_reason: dict[str, list[str]] = {}
    for holder in sorted(holders, key=lambda holder: -holder.survived_bytes):
        by_reason.setdefault(holder.ignored, []).append(holder.name)
    names = "; ".join(
        f"{and_more(of[:_IGNORED], len(of[_IGNORED:]))} ({reason})"
        for reason, of in by_reason.items()
    )
    return IgnoredRow(sum(holder.survived_bytes for holder in holders), len(holders), names)


def _reason_in_common(rows: list[HolderRow]) -> tuple[list[HolderRow], str]:
    """Why none was proved, told once where it is the same for all of several."""
    reasons = {row.not_proved for row in rows}
    if len(rows) < 2 or len(reasons) > 1:
        return rows, ""
    return [msgspec.structs.replace(row, not_proved="") for row in rows], reasons.pop()


def _notes(report: Report, not_proved: str) -> Iterable[str]:
    """What to know of the whole run, with one cure for what many classes have."""
    yield from () if report.run.release else _cure(report)
    yield from report.run.notes
    if not_proved:
        yield f"nothing was proved: {not_proved}"


def _cure(report: Report) -> Iterable[str]:
    """What `--release` would let go of; not what hangs on instances that the program holds."""
    found = [holder for holder in report.holders if classes.class_of(holder)]
    kept = [holder for holder in found if holder.root.startswith(_RUNNERS)]
    total, rest = classes.survived(kept), classes.survived(found) - classes.survived(kept)
    names = {classes.class_of(holder) for holder in kept}
    least = max(_INSTANCES_FROM, report.totals.survived_bytes // 100)
    if len(names) > 1 and total >= least:
        words = f"{len(names)} test classes keep {size(total)} on instances to the end: "
        is_plugin = "--reftrack" in report.run.command
        words += "pytest --reftrack --reftrack-release" if is_plugin else "reftrack run --release"
        words += " lets go of it"
        if rest >= least:
            words += f"; not of {size(rest)} on instances that the program itself holds"
        yield words


def _unexplained(report: Report) -> int:
    shown = sum(h.survived_bytes for h in report.holders if h.verdict == "unexplained")
    rest = report.totals.survived_bytes - report.totals.explained_bytes - shown
    return rest if rest >= min(64 * KIB, max(KIB, report.totals.survived_bytes // 100)) else 0


def _incomplete(report: Report) -> str:
    if report.complete:
        return ""
    more = len(report.run.cut_in[IDS:])
    last = next((s.id for s in reversed(report.scopes) if s.scope == "test"), None)
    if report.run.exit_status is not None:
        what = "the run ended, but its heap was not looked at after the last test"
    elif report.run.cut_in:
        what = f"the run was cut in test {and_more(report.run.cut_in[:IDS], more)}"
    elif last is not None:
        what = f"the run was cut after test {last}"
    else:
        what = "the run was cut before a test had ended"
    if report.run.seconds == 0.0:
        return f"{what}; there is no checkpoint: figures are those of each test's end"
    when = duration(report.run.seconds)
    return f"{what}; figures are those of the last checkpoint ({when} into the run)"


def _released_row(row: Released) -> ReleasedRow:
    return ReleasedRow(row.bytes, counted(row.scopes, row.scope), row.name)


def _alive(scopes: Iterable[Scope]) -> list[AliveRow]:
    tests = (scope for scope in scopes if scope.scope == "test" and scope.survived_bytes)
    biggest = heapq.nlargest(_ALIVE, tests, key=lambda scope: scope.survived_bytes)
    return [AliveRow(s.id, s.survived_bytes, s.allocated_bytes) for s in biggest]


def _cyclic(scopes: Iterable[Scope]) -> SumRow | None:
    """Scopes of whose memory much went with the collector only. The cycle of a test that failed is
    that of its traceback and its frame, and no doing of the user's."""
    return _sum_row(
        [
            (scope.collected_bytes, scope)
            for scope in scopes
            if scope.collected_bytes >= _CYCLIC_FROM and scope.outcome not in ("failed", "error")
        ]
    )


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
    ids = [scope.id for _, scope in ranked[:IDS]]
    kinds = [Charge(scope.id, scope.scope, count, 0) for count, scope in ranked]
    total = sum(count for count, _ in ranked)
    each = each_in_words(kinds) or size(total)
    return SumRow(total, scopes_in_words(kinds), ids, len(ranked) - len(ids), each)


def _current_directory() -> str:
    try:
        return os.getcwd()
    except OSError:  # the suite removed it
        return ""
