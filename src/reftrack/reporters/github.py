"""Annotations of GitHub's workflow runs: what grows, and gates that failed, at the user's lines.

A line that a step writes as `::warning file=...,line=...,title=...::message` becomes a mark in the
summary of the run and beside that line of a pull request.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from reftrack.model import Allocation, Frame, Report
from reftrack.reporters import FEW, growing
from reftrack.reporters.classes import Block
from reftrack.reporters.holders import HolderRow, holder_rows, own_frame
from reftrack.reporters.words import size


def is_on(environ: Mapping[str, str]) -> bool:
    """Does this process run in a step of a workflow?"""
    return environ.get("GITHUB_ACTIONS") == "true"


def commands(report: Report, holders: int = FEW, *, directory: str) -> list[str]:
    """A line for each growing holder that the report shows and for each gate that failed. Files
    are told as seen from `GITHUB_WORKSPACE`, or from `directory` where there is none."""
    base = os.environ.get("GITHUB_WORKSPACE") or directory
    blocks = growing(report, holders)
    rows = holder_rows(blocks, report, directory)
    lines = [
        _line("warning", own_line(block), _title(row), _message(row), base)
        for block, row in zip(blocks, rows, strict=True)
    ]
    for text in report.failed:
        lines.append(_line("error", _line_of(text, report), "reftrack", text, base))
    return lines


def own_line(block: Block) -> Frame | None:
    """The user's own line that allocated most of what is kept there, if any is known."""
    found: list[Allocation] = sorted(
        (allocation for holder in block for allocation in holder.allocations),
        key=lambda allocation: -allocation.bytes,
    )
    frames = (own_frame(allocation.traceback) for allocation in found)
    return next((frame for frame in frames if frame is not None), None)


def _line_of(failed: str, report: Report) -> Frame | None:
    """The line to look at for a gate: that of the largest holder of the scope, or else the holder,
    that its words are about."""
    ranked = sorted(report.holders, key=lambda holder: -holder.survived_bytes)
    for holder in ranked:
        if any(failed.startswith(f"{charge.id} ") for charge in holder.charged):
            return own_line([holder])
    return next((own_line([holder]) for holder in ranked if holder.name in failed), None)


def _title(row: HolderRow) -> str:
    amount = f"{size(row.bytes)} in {row.scopes}" if row.scopes else size(row.bytes)
    return f"reftrack: {row.verdict.upper()} {amount}"


def _message(row: HolderRow) -> str:
    told = [row.title]
    if row.sites:
        told.append(f"allocated {row.sites[0].place}")
    return "\n".join([*told, *(f"fix: {line}" for line in row.fix.splitlines())])


def _line(kind: str, place: Frame | None, title: str, message: str, base: str) -> str:
    properties = {"title": title}
    if place is not None and place.line and not place.file.startswith("<"):
        properties = {"file": _relative(place.file, base), "line": str(place.line), **properties}
    told = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{kind} {told}::{_escaped(message)}"


def _relative(file: str, base: str) -> str:
    return file.removeprefix(base.rstrip("/") + "/") if base else file


def _property(value: str) -> str:
    return _escaped(value).replace(":", "%3A").replace(",", "%2C")


def _escaped(text: str) -> str:
    """As the runner of GitHub reads it: one line, whatever the text has."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
