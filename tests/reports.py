"""Reports made by hand, for what reads them: holders with what each test left there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from reftrack.model import (
    COUNTED,
    Allocation,
    Charge,
    Frame,
    Holder,
    Report,
    RunInfo,
    Scope,
    Totals,
)

KIB, MIB = 1 << 10, 1 << 20


def holder(name: str, left: Mapping[str, int] | None = None, **changes: Any) -> Holder:
    """A growing holder with the bytes that each test left there, by its id."""
    charged = [Charge(id, "test", size, 1) for id, size in (left or {"m.T.test_1": MIB}).items()]
    total = sum(charge.bytes for charge in charged)
    line = Frame("/proj/app.py", 7, "fill", "CACHE.append(value)")
    found = Holder(
        name=name,
        kind="module-global",
        verdict="growing",
        owner="your code",
        root="module app",
        path=[name],
        retained_bytes=total,
        survived_bytes=total,
        objects=len(charged),
        types=[],
        charged=charged,
        allocations=[Allocation(total, 1, [line])],
        fix=f"{name}.clear()",
        key=f"{name}|app.{name}|",
    )
    return msgspec.structs.replace(found, **changes)


def report(
    *holders: Holder,
    tests: Iterable[str] = (),
    scopes: Iterable[Scope] = (),
    complete: bool = True,
    **run: Any,
) -> Report:
    """A run in which the scopes that are charged ran and passed, and these `tests` and `scopes`."""
    given = {(scope.scope, scope.id): scope for scope in scopes}
    for id in tests:
        given.setdefault(("test", id), Scope(id, "test", "passed"))
    for charge in (charge for holder in holders for charge in holder.charged):
        if charge.scope in COUNTED:
            outcome = "passed" if charge.scope == "test" else None
            given.setdefault((charge.scope, charge.id), Scope(charge.id, charge.scope, outcome))
    info = RunInfo(["-m", "unittest"], "3.11.7", "native", "2026-01-02T03:04:05.678+00:00", 1.5)
    survived = sum(holder.survived_bytes for holder in holders)
    totals = Totals(sum(kind == "test" for kind, _ in given), survived, survived)
    info = msgspec.structs.replace(info, **run)
    return Report(1, complete, info, totals, list(given.values()), list(holders))
