"""Gates: what a finished run is failed for, in words.

`fail_over` is about each test, class, module and fixture by itself, `baseline` about holders beside
those of an earlier run. pytest's tests are judged one by one while it runs, each as a report of
its own (the plugin); here `fail_over` is judged for every other runner.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

from reftrack import records
from reftrack.config import Options
from reftrack.differences import Difference, compare, counts
from reftrack.errors import RecordError, UsageError
from reftrack.lasting import is_released, torn_down
from reftrack.model import COUNTED, Holder, Report, Scope
from reftrack.reporters.holders import place, scopes_in_words
from reftrack.reporters.words import size

TOLD = 5
"""Scopes and holders that are told one by one."""

_PASSED = ("passed", "xpassed", None)


def checked(options: Options) -> Options:
    """The options with the whole path of the baseline, which has been read to see that it will do.

    There is none yet where this very run writes it. Raises UsageError.
    """
    if options.baseline is None:
        return options
    path = os.path.abspath(options.baseline)
    if not os.path.exists(path):
        if options.json is not None and os.path.abspath(options.json) == path:
            return msgspec.structs.replace(options, baseline=None)
        raise UsageError(
            f"--baseline {options.baseline}: there is no such file",
            hint=f"Make it once, with all else as now: reftrack run --json {options.baseline} ..., "
            f"or pytest --reftrack --reftrack-json {options.baseline} ...",
        )
    try:
        is_complete = records.is_complete(Path(path))
    except RecordError as error:
        raise UsageError(f"--baseline: {error}") from None
    if not is_complete:
        raise UsageError(
            f"--baseline {options.baseline}: its run was cut, and not all of its holders are known",
            hint="Take a run that came to its end.",
        )
    return msgspec.structs.replace(options, baseline=path)


def failures(report: Report, options: Options, directory: str) -> list[str]:
    """Each gate that a finished run does not pass, and why, as one line of text: the worst first.

    Files are told relative to `directory`. Nothing that the user has accepted is judged, nor what
    does not count: see `differences.counts`.
    """
    if options.fail_over is None and options.baseline is None:
        return []
    if report.totals.tests and not report.complete and report.run.seconds == 0.0:
        return ["nothing could be judged: the heap was not looked at after the last test"]
    found: list[str] = []
    if options.fail_over is not None and not _is_of_pytest(report):
        found += _over(report, options.fail_over, directory)
    if options.baseline is not None:
        found += _changed(report, options.baseline, directory)
    return found


def _is_of_pytest(report: Report) -> bool:
    ids = [scope.id for scope in report.scopes if scope.scope == "test"]
    return 2 * sum("::" in id for id in ids) > len(ids)


# What each scope left


class _Kept(msgspec.Struct):
    """What a scope left, and with which holder most of it."""

    scope: Scope
    bytes: int = 0
    most: int = 0
    holder: Holder | None = None


def _over(report: Report, limit: int, directory: str) -> list[str]:
    over = [kept for kept in _left(report) if kept.bytes > limit]
    ranked = sorted(over, key=lambda kept: -kept.bytes)
    told = [
        f"{_name(kept.scope)} left {size(kept.bytes)} behind, over the limit of {size(limit)}: "
        + _in_words(kept, directory)
        for kept in ranked[:TOLD]
    ]
    return [*told, *_more(len(ranked) - TOLD, "left more than that")]


def _left(report: Report) -> list[_Kept]:
    """What each scope that is judged left with holders that are. A test that failed is kept, with
    its traceback, by whoever reports that: this is no leak of its own."""
    found = {
        (scope.scope, scope.id): _Kept(scope)
        for scope in report.scopes
        if scope.scope in COUNTED and scope.outcome in _PASSED
    }
    later = torn_down(report)
    for holder in report.holders:
        if holder.ignored or not counts(holder) or is_released(holder, later):
            continue
        for charge in holder.charged:
            if (kept := found.get((charge.scope, charge.id))) is not None:
                kept.bytes += charge.bytes
                if charge.bytes > kept.most:
                    kept.most, kept.holder = charge.bytes, holder
    return list(found.values())


def _name(scope: Scope) -> str:
    return scope.id if scope.scope == "test" else f"{scope.scope} {scope.id}"


def _in_words(kept: _Kept, directory: str) -> str:
    if kept.holder is None:
        return ""
    part = f" has {size(kept.most)} of it" if 10 * kept.most < 9 * kept.bytes else ""
    return kept.holder.name + part + _allocated(_of_test(kept, kept.holder), directory)


def _of_test(kept: _Kept, holder: Holder) -> Holder:
    """With the lines alone that the test's own function called, if it called any of them: other
    tests may have allocated more, elsewhere."""
    function = re.split(r"[.:]", kept.scope.id.partition("[")[0])[-1]
    own = [
        allocation
        for allocation in holder.allocations
        if any(frame.function == function for frame in allocation.traceback)
    ]
    if not own:
        return holder
    return msgspec.structs.replace(holder, allocations=own, survived_bytes=kept.most)


def _allocated(holder: Holder, directory: str) -> str:
    line = place(holder, directory)
    return f", allocated at {line}" if line else ""


# What has changed since another run


def _changed(report: Report, baseline: str, directory: str) -> list[str]:
    file = os.path.relpath(baseline, directory)
    try:
        old = records.load(Path(baseline))
    except RecordError as error:  # it could be read when the run began
        return [f"nothing could be compared with the baseline: {str(error).splitlines()[0]}"]
    ranked = worse(compare(old, report).differences)
    told = [_change(row, file, directory) for row in ranked[:TOLD]]
    return [*told, *_more(len(ranked) - TOLD, f"(all of them: reftrack diff {file})")]


def worse(differences: Iterable[Difference]) -> list[Difference]:
    """Holders that are new or have grown, without those that the user has accepted; the most bytes
    more first."""
    found = (
        row for row in differences if row.change in ("new", "grown") and not row.holder.ignored
    )
    return sorted(found, key=lambda row: row.old_bytes - row.new_bytes)


def _change(row: Difference, file: str, directory: str) -> str:
    holder, where = row.holder, _allocated(row.holder, directory)
    verdict = f", {holder.verdict}" if holder.verdict == "growing" else ""
    if row.change == "new":
        amount = f"{size(row.new_bytes)}{_scopes(holder)}{verdict}"
        return f"{holder.name} is new since {file}: {amount}{where}"
    amount = f"{size(row.old_bytes)} -> {size(row.new_bytes)}{_scopes(holder)}"
    return f"{holder.name} has grown since {file}: {amount}{where}"


def _scopes(holder: Holder) -> str:
    words = scopes_in_words(holder.charged)
    return f" in {words}" if words else ""


def _more(count: int, what: str) -> list[str]:
    return [f"and {count} more {what}"] if count > 0 else []
