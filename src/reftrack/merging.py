"""The reports of several processes, or of several runs, as one.

What each process does anew (imports, fixtures of a module or session, warm-ups of caches) is told
once, with the figures of the process that has most of it: the report is then that of one process
which runs all of the tests. Bytes that are left out so are left out of all sums.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import msgspec

from reftrack.describing import module_of_test
from reftrack.model import (
    COUNTED,
    Allocation,
    Charge,
    Holder,
    Released,
    Report,
    RunInfo,
    Scope,
    ScopeKind,
    Totals,
    TypeCount,
    Verdict,
)
from reftrack.verdicts import (
    GROWING_BYTES_PER_TEST_OF_LIBRARY,
    GROWING_BYTES_PER_TEST_OF_USER,
    GROWING_INSTANCES,
    GROWING_TESTS,
)

_Named = tuple[ScopeKind, str]
"""Kind and id of a scope."""


class Part(NamedTuple):
    """A holder as one process has it, by the process's place among the reports."""

    process: int
    holder: Holder


def merged(reports: Sequence[Report]) -> Report:
    """One report of all; the first one's command and start are those of the whole.

    The reports are used up: their parts become the result's.
    """
    first = reports[0]
    if len(reports) == 1:
        return first
    owners = _owners(reports)
    parts = _by_holder(
        Part(k, holder) for k, report in enumerate(reports) for holder in report.holders
    )
    kept = [_kept(found, owners) for found in parts]
    _leave_out(reports, parts, kept)
    holders = [_holder(*both) for both in zip(parts, kept, strict=True)]
    scopes = [
        scope
        for process, report in enumerate(reports)
        for scope in report.scopes
        if owners.get((scope.scope, scope.id), process) == process
    ]
    return Report(
        format=first.format,
        complete=all(report.complete for report in reports),
        run=_run(reports),
        totals=_totals(reports, scopes, holders),
        scopes=scopes,
        holders=sorted(
            (holder for holder in holders if holder.survived_bytes > 0),
            key=lambda holder: -holder.survived_bytes,
        ),
        released=_released(reports),
        not_released=sum(report.not_released for report in reports),
        failed=list(dict.fromkeys(chain.from_iterable(r.failed for r in reports))),
    )


def together(holders: Iterable[Holder]) -> list[Holder]:
    """Those of one process, of several looks at different scopes: each holder once, largest first.

    They are used up: the result has their parts.
    """
    parts = _by_holder(Part(0, holder) for holder in holders)
    found = [_holder(same, [part.holder for part in same]) for same in parts]
    return sorted(found, key=lambda holder: -holder.survived_bytes)


def _by_holder(parts: Iterable[Part]) -> list[list[Part]]:
    """The parts of each holder, the largest first."""
    found: dict[tuple[str, ...], list[Part]] = {}
    for part in parts:
        found.setdefault(_same(part.holder), []).append(part)
    return [sorted(same, key=lambda part: -part.holder.survived_bytes) for same in found.values()]


def _same(holder: Holder) -> tuple[str, ...]:
    """What makes holders of several processes one. As in one process, a place is one holder by
    whatever way it is come to."""
    return holder.key, holder.name


def _owners(reports: Sequence[Report]) -> dict[_Named, int]:
    """Of each scope that a process has anew, the process whose figures are told: that in which most
    of it survived."""
    found: dict[_Named, Counter[int]] = {}
    anew = _are_modules_shared(reports)
    for process, report in enumerate(reports):
        charges = chain.from_iterable(holder.charged for holder in report.holders)
        rows = [(charge.scope, charge.id, charge.bytes) for charge in charges]
        rows += [(scope.scope, scope.id, 0) for scope in report.scopes]
        for kind, id, size in rows:
            if _is_made_anew(kind, id, anew):
                found.setdefault((kind, id), Counter())[process] += size
    return {named: max(sizes, key=sizes.__getitem__) for named, sizes in found.items()}


def _are_modules_shared(reports: Sequence[Report]) -> bool:
    """Have tests of one module run in several processes?"""
    modules = [
        {module_of_test(scope.id) for scope in report.scopes if scope.scope == "test"}
        for report in reports
    ]
    return sum(map(len, modules)) > len(set().union(*modules))


def _is_made_anew(kind: ScopeKind, id: str, modules_shared: bool) -> bool:
    """A class or module, the session's fixtures, an import: the tests of one may run in several
    processes. The id of a module's or class's fixture does not say of which."""
    if kind == "fixture":
        return modules_shared or id.endswith(("(session)", "(package)"))
    return kind in ("class", "module", "import")


def _leave_out(
    reports: Sequence[Report], parts: Iterable[list[Part]], kept: Iterable[list[Holder]]
) -> None:
    """Take what no holder keeps any more out of the scopes' figures."""
    less: Counter[tuple[int, ScopeKind, str]] = Counter()
    for before, after in zip(parts, kept, strict=True):
        for part, holder in zip(before, after, strict=True):
            for charge in part.holder.charged:
                less[part.process, charge.scope, charge.id] += charge.bytes
            for charge in holder.charged:
                less[part.process, charge.scope, charge.id] -= charge.bytes
    for process, report in enumerate(reports):
        for scope in report.scopes:
            named = process, scope.scope, scope.id  # of set-up and tear-down alike
            size = min(scope.survived_bytes, less[named])
            scope.survived_bytes -= size
            less[named] -= size


def _run(reports: Sequence[Report]) -> RunInfo:
    run = reports[0].run
    run.notes = list(dict.fromkeys(chain.from_iterable(r.run.notes for r in reports)))
    run.processes = sum(r.run.processes for r in reports if r.totals.tests) or 1
    run.cut_in = list(chain.from_iterable(report.run.cut_in for report in reports))
    run.seconds = max(report.run.seconds for report in reports)
    return run


def _totals(reports: Sequence[Report], scopes: list[Scope], holders: list[Holder]) -> Totals:
    return Totals(
        tests=sum(scope.scope == "test" for scope in scopes),
        survived_bytes=sum(s.survived_bytes for s in scopes if s.scope in COUNTED),
        explained_bytes=sum(
            charge.bytes
            for holder in holders
            if holder.verdict != "unexplained"
            for charge in holder.charged
            if charge.scope in COUNTED
        ),
        resident_bytes=sum(report.totals.resident_bytes for report in reports),
        native_bytes=sum(report.totals.native_bytes for report in reports),
        later_bytes=sum(report.totals.later_bytes for report in reports),
    )


def _released(reports: Sequence[Report]) -> list[Released]:
    found: dict[tuple[str, ScopeKind], Released] = {}
    for row in chain.from_iterable(report.released for report in reports):
        same = found.setdefault((row.name, row.scope), Released(row.name, 0, 0, row.scope))
        same.scopes += row.scopes
        same.bytes += row.bytes
    return sorted(found.values(), key=lambda row: -row.bytes)


# Holders


def _kept(parts: list[Part], owners: Mapping[_Named, int]) -> list[Holder]:
    """What is told of each part."""
    is_once = _verdict([part.holder for part in parts]) == "once"
    kept: list[Holder] = []
    for process, holder in parts:
        again = is_once and _is_again(holder, kept)
        charges = [
            charge
            for charge in holder.charged
            if owners.get((charge.scope, charge.id), process) == process
            and not (again and charge.scope == "test")
        ]
        kept.append(only(holder, charges))
    return kept


def _holder(parts: Sequence[Part], kept: Sequence[Holder]) -> Holder:
    """One holder of what the same holder has in several processes."""
    largest = parts[0].holder
    if len(parts) == 1:
        return kept[0]
    told = [holder for holder in kept if holder.charged]
    proved = [holder.proved_bytes for holder in told if holder.proved_bytes is not None]
    return msgspec.structs.replace(
        largest,
        verdict=_verdict([part.holder for part in parts]),
        processes=sum({part.process: part.holder.processes for part in parts}.values()),
        charged=charges_by_scope(chain.from_iterable(holder.charged for holder in told)),
        survived_bytes=sum(holder.survived_bytes for holder in told),
        retained_bytes=sum(holder.retained_bytes for holder in told),
        objects=sum(holder.objects for holder in told),
        together_bytes=sum(holder.together_bytes for holder in told),
        types=_types(told),
        allocations=_allocations(told),
        proved_bytes=sum(proved) if len(proved) == len(told) else None,
        not_proved=next((h.not_proved for h in told if h.proved_bytes is None), ""),
        repeats=list(chain.from_iterable(part.holder.repeats for part in parts)),
        torn_down=all(part.holder.torn_down for part in parts),
        ignored=next((part.holder.ignored for part in parts if part.holder.ignored), ""),
    )


def _verdict(parts: Sequence[Holder]) -> Verdict:
    """As one process would have it: where two tests of one process have added to the same holder,
    it adds up, and those of the others count with them. That each process has filled it once says
    nothing of the kind."""
    largest = parts[0]
    if any(holder.verdict == "growing" for holder in parts):
        return "growing"
    if largest.verdict != "once" or largest.bounded or largest.rule:
        return largest.verdict
    tests = [_adding(holder) for holder in parts]
    if largest.kind == "testcase-attribute":
        return "growing" if sum(tests) >= GROWING_INSTANCES else "once"
    few = max(tests) == GROWING_TESTS - 1  # with more, a process has judged by itself
    return "growing" if few and sum(tests) >= GROWING_TESTS else "once"


def _adding(holder: Holder) -> int:
    """How many tests left what counts."""
    least = GROWING_BYTES_PER_TEST_OF_USER
    if holder.owner == "library":
        least = GROWING_BYTES_PER_TEST_OF_LIBRARY
    return sum(charge.scope == "test" and charge.bytes >= least for charge in holder.charged)


def _is_again(holder: Holder, kept: Sequence[Holder]) -> bool:
    """Has a test filled here what one has filled in another process, from the same lines? Each test
    has an instance of its own. What many tests have filled, bit by bit, adds up, unless it is known
    to stay within bounds."""
    if holder.kind == "testcase-attribute" or _adding(holder) > 1:
        return False
    if holder.owner != "library" and any(_adding(other) > 1 for other in kept):
        return False  # there each has added something of its own
    most = max((charge.bytes for charge in holder.charged), default=0)
    if not holder.rule and holder.most_entries is None and 2 * most < holder.survived_bytes:
        return False
    known = {line for other in kept for line in _bytes_by_line(other)}
    here = _bytes_by_line(holder)
    again = sum(size for line, size in here.items() if line in known)
    return bool(kept) and 2 * again >= sum(here.values())


def _bytes_by_line(holder: Holder) -> dict[tuple[str, int], int]:
    """By the innermost line that allocated them; one that is not known stands for itself."""
    found: dict[tuple[str, int], int] = {}
    for allocation in holder.allocations:
        frames = allocation.traceback
        line = (frames[-1].file, frames[-1].line) if frames else ("", 0)
        found[line] = found.get(line, 0) + allocation.bytes
    return found


def only(holder: Holder, charges: list[Charge]) -> Holder:
    """The part of a holder that these charges are; its other figures in proportion."""
    size = sum(charge.bytes for charge in charges)
    if len(charges) == len(holder.charged):
        return holder
    share = size / max(1, sum(charge.bytes for charge in holder.charged))
    proved = holder.proved_bytes
    return msgspec.structs.replace(
        holder,
        charged=charges,
        survived_bytes=size,
        objects=sum(charge.objects for charge in charges),
        retained_bytes=round(holder.retained_bytes * share),
        together_bytes=round(holder.together_bytes * share),
        proved_bytes=None if proved is None else round(proved * share),
        types=[
            TypeCount(row.type, round(row.objects * share), round(row.bytes * share))
            for row in holder.types
        ],
        allocations=[
            Allocation(round(row.bytes * share), round(row.objects * share), row.traceback)
            for row in holder.allocations
        ],
    )


def charges_by_scope(charges: Iterable[Charge]) -> list[Charge]:
    """One of each scope, most bytes first."""
    found: dict[_Named, Charge] = {}
    for row in charges:
        same = found.setdefault((row.scope, row.id), Charge(row.id, row.scope, 0, 0))
        same.bytes += row.bytes
        same.objects += row.objects
    return sorted(found.values(), key=lambda charge: -charge.bytes)


def _types(parts: Sequence[Holder]) -> list[TypeCount]:
    found: dict[str, TypeCount] = {}
    for row in chain.from_iterable(holder.types for holder in parts):
        same = found.setdefault(row.type, TypeCount(row.type, 0, 0))
        same.objects += row.objects
        same.bytes += row.bytes
    return sorted(found.values(), key=lambda row: -row.bytes)


def _allocations(parts: Sequence[Holder]) -> list[Allocation]:
    found: dict[tuple[object, ...], Allocation] = {}
    for row in chain.from_iterable(holder.allocations for holder in parts):
        same = found.setdefault(tuple(row.traceback), Allocation(0, 0, row.traceback))
        same.bytes += row.bytes
        same.objects += row.objects
    return sorted(found.values(), key=lambda row: -row.bytes)
