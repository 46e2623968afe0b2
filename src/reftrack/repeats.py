"""What a holder's tests kept with it when they were run again, and what that says of it."""

from __future__ import annotations

from collections.abc import Mapping

from reftrack.model import Holder, Repeat, Repeated, Verdict

LEAST = 1 << 7
"""Bytes that a test or a repetition has to leave with a holder to add to it: strays from free lists
are less."""

_MADE_ANEW = ("unittest ", "pytest ")
"""Beginnings of roots: what a runner has of its own, repetitions have as new objects."""


def of_holder(holder: Holder, repeated: Mapping[str, Repeated]) -> list[Repeat]:
    """What the tests charged to a holder kept there again, by their ids in `repeated`. Left out is
    what says nothing: that they kept nothing with a fixture or a runner's object, which was a new
    one."""
    if holder.verdict not in ("growing", "once"):
        return []
    is_made_anew = holder.kind in ("fixture", "result") or holder.root.startswith(_MADE_ANEW)
    found = []
    for charge in holder.charged:
        row = repeated.get(charge.id) if charge.scope == "test" else None
        if row is not None and row.holders is not None:
            kept = row.holders.get(holder.key, Repeat(charge.id, [0] * len(row.bytes)))
            if any(kept.bytes) or not is_made_anew:
                found.append(kept)
    return found


def verdict(holder: Holder) -> Verdict:
    """A holder's verdict, where each repetition counts as one more test.

    It grows if all of them added, two at least: one may have replaced what was there. It was filled
    once if none of them did, and they are as many as the tests that had: one of a hundred says
    nothing of the others. What the run's own test left is no measure: it may have filled something
    as well, or a table was doubled in it that all the others had filled.
    """
    added = {
        charge.id for charge in holder.charged if charge.scope == "test" and charge.bytes >= LEAST
    }
    again = [
        size >= LEAST
        for repeat in holder.repeats
        if repeat.id in added and not is_in_place(repeat)
        for size in repeat.bytes
    ]
    if len(again) > 1 and all(again):
        return "growing"
    if len(again) > 1 and not any(again) and len(again) >= len(added):
        return "once"
    return holder.verdict


def is_in_place(repeat: Repeat) -> bool:
    """Has as much of before gone as was kept? So it does from a cache that is full."""
    return any(repeat.bytes) and 2 * repeat.gone >= sum(repeat.bytes)
