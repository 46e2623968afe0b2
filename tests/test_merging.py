"""Reports of several processes: the sum is that of one process which ran all of the tests."""

from __future__ import annotations

import msgspec

from reftrack.merging import merged, together
from reftrack.model import (
    FORMAT,
    Allocation,
    Charge,
    Frame,
    Holder,
    HolderKind,
    Report,
    RunInfo,
    Scope,
    ScopeKind,
    Totals,
    Verdict,
)

KB = 1000
Left = tuple[ScopeKind, str, int]


def holder(
    name: str,
    *left: Left,
    verdict: Verdict = "once",
    kind: HolderKind = "module-global",
    line: int = 1,
) -> Holder:
    size = sum(bytes for _, _, bytes in left)
    return Holder(
        name=name,
        kind=kind,
        verdict=verdict,
        owner="your code",
        root="module m",
        path=[name],
        retained_bytes=size,
        survived_bytes=size,
        objects=len(left),
        types=[],
        charged=[Charge(id, scope, bytes, 1) for scope, id, bytes in left],
        allocations=[Allocation(size, len(left), [Frame("m.py", line, "f")])],
        proved_bytes=size,
        key=name,
    )


def report(*holders: Holder, tests: tuple[str, ...] = (), complete: bool = True) -> Report:
    """Of one process; what its scopes left is what its holders have of them."""
    found = {("test", id): Scope(id, "test") for id in tests}
    for charge in (charge for each in holders for charge in each.charged):
        named = charge.scope, charge.id
        found.setdefault(named, Scope(charge.id, charge.scope)).survived_bytes += charge.bytes
    scopes = list(found.values())
    return Report(
        format=FORMAT,
        complete=complete,
        run=RunInfo(["-m", "pytest"], "3.11.7", "native", "2026-11-29"),
        totals=Totals(tests=sum(scope.scope == "test" for scope in scopes)),
        scopes=scopes,
        holders=list(holders),
    )


def test_one_report_is_itself() -> None:
    alone = report(holder("CACHE", ("test", "a", 5)))

    assert merged([alone]) is alone


def test_tests_that_add_to_the_same_holder_are_summed() -> None:
    first = holder("CACHE", *(("test", f"a{n}", 10 * KB) for n in range(3)), verdict="growing")
    second = holder("CACHE", *(("test", f"b{n}", 10 * KB) for n in range(4)), verdict="growing")

    (found,) = merged([report(first), report(second)]).holders

    assert (found.verdict, found.processes, len(found.charged)) == ("growing", 2, 7)
    assert found.survived_bytes == found.retained_bytes == found.proved_bytes == 70 * KB
    assert [row.bytes for row in found.allocations] == [70 * KB]


def test_what_each_process_warms_up_once_is_told_once() -> None:
    both = merged(
        [
            report(holder("CACHE", ("test", "a", 20 * KB))),
            report(holder("CACHE", ("test", "b", 21 * KB))),
        ]
    )

    (found,) = both.holders
    assert (found.verdict, found.survived_bytes, found.processes) == ("once", 21 * KB, 2)
    assert [charge.id for charge in found.charged] == ["b"]
    assert {scope.id: scope.survived_bytes for scope in both.scopes} == {"a": 0, "b": 21 * KB}
    assert both.totals.survived_bytes == both.totals.explained_bytes == 21 * KB


def test_what_many_tests_have_filled_bit_by_bit_adds_up_unless_it_has_a_bound() -> None:
    def reports(**more: object) -> list[Report]:
        each = [[("test", f"{p}{n}", 800) for n in range(10)] for p in "ab"]
        made = [holder("lib.SEEN", *left) for left in each]  # type: ignore[arg-type]
        return [report(msgspec.structs.replace(one, owner="library", **more)) for one in made]

    assert merged(reports()).totals.survived_bytes == 16_000
    assert merged(reports(rule="re-cache")).totals.survived_bytes == 8_000
    assert merged(reports(most_entries=50)).totals.survived_bytes == 8_000


def test_what_several_tests_of_one_process_have_filled_is_no_warm_up_in_another() -> None:
    several = holder("CACHE", *[("test", f"a{n}", 20 * KB) for n in range(5)])
    both = merged([report(several), report(holder("CACHE", ("test", "b", 21 * KB)))])

    assert both.totals.survived_bytes == 121 * KB
    assert len(both.holders[0].charged) == 6


def test_what_different_lines_fill_once_is_summed() -> None:
    both = merged(
        [
            report(holder("CACHE", ("test", "a", 20 * KB), line=1)),
            report(holder("CACHE", ("test", "b", 21 * KB), line=2)),
        ]
    )

    assert both.totals.survived_bytes == 41 * KB


def test_two_additions_in_one_process_and_one_in_another_add_up() -> None:
    both = merged(
        [
            report(holder("CACHE", ("test", "a", 20 * KB), ("test", "b", 20 * KB))),
            report(holder("CACHE", ("test", "c", 20 * KB))),
        ]
    )

    (found,) = both.holders
    assert (found.verdict, found.survived_bytes) == ("growing", 60 * KB)


def test_instances_kept_in_two_processes_add_up() -> None:
    parts = [
        report(holder("T.big", ("test", id, 20 * KB), kind="testcase-attribute")) for id in "ab"
    ]

    (found,) = merged(parts).holders

    assert (found.verdict, found.survived_bytes) == ("growing", 40 * KB)


def test_a_class_that_two_processes_set_up_counts_as_in_the_one_with_most() -> None:
    data: list[Left] = [("class", "m.C", 30 * KB), ("class", "m.C", 31 * KB)]

    both = merged([report(holder("C.data", row)) for row in data])

    (found,) = both.holders
    assert found.survived_bytes == both.totals.survived_bytes == 31 * KB
    assert [scope.id for scope in both.scopes] == ["m.C"]


def test_a_modules_fixture_counts_twice_only_where_the_modules_differ() -> None:
    def both(first: str, second: str) -> int:
        left: Left = ("fixture", "db (module)", 10 * KB)
        parts = [
            report(holder("db", left), tests=(f"{module}::test",)) for module in (first, second)
        ]
        return merged(parts).totals.survived_bytes

    assert both("a.py", "b.py") == 20 * KB
    assert both("a.py", "a.py") == 10 * KB


def test_what_is_left_out_of_a_fixtures_two_scopes_is_left_out_once() -> None:
    """Given a process in which the session's fixture left less, and its tear-down some more."""
    less = report(holder("POOL", ("fixture", "db (session)", 30 * KB)), tests=("a",))
    less.scopes.append(Scope("db (session)", "fixture", survived_bytes=5 * KB))
    more = report(holder("POOL", ("fixture", "db (session)", 40 * KB)), tests=("b",))

    merged([more, less])

    of_fixture = [s.survived_bytes for s in less.scopes if s.id == "db (session)"]
    assert of_fixture == [0, 5 * KB]


def test_several_looks_of_one_process_tell_of_each_holder_once() -> None:
    found = together(
        [
            holder("CACHE", ("test", "a", 20 * KB)),
            holder("OTHER", ("test", "a", 25 * KB)),
            holder("CACHE", ("fixture", "wide (module)", 10 * KB)),
        ]
    )

    assert [(each.name, each.survived_bytes) for each in found] == [
        ("CACHE", 30 * KB),
        ("OTHER", 25 * KB),
    ]
    assert [charge.id for charge in found[0].charged] == ["a", "wide (module)"]


def test_one_cut_process_makes_the_whole_incomplete() -> None:
    assert not merged([report(), report(complete=False)]).complete


def test_processes_without_tests_are_not_counted() -> None:
    parts = [report(), report(tests=("a",)), report(tests=("b",))]

    assert merged(parts).run.processes == 2
