"""Reports that were written as JSON, read back: format 1, as `reftrack json` writes it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from reftrack.errors import RecordError
from reftrack.model import FORMAT, Report

SUFFIX = ".json"
ENOUGH = 64
"""Bytes from the beginning of a file that tell whether it is such a document."""

_RECORD = b'{"event":'


def begins(first: bytes) -> bool:
    """Does a file with these first bytes hold one JSON document, and not a record's lines?"""
    return first.lstrip().startswith(b"{") and not first.startswith(_RECORD)


def read(data: bytes, path: Path) -> Report:
    """The report in a document; `path` is for words. Fields that a later version has added are
    passed over. Raises RecordError."""
    is_complete(data, path)
    try:
        return _report.decode(data)
    except msgspec.ValidationError as error:
        raise RecordError(
            f"{path} is damaged: {error}",
            hint="Something else than reftrack changed it; write it again from the record.",
        ) from error


def is_complete(data: bytes, path: Path) -> bool:
    """Is it of a run that came to its end? Nothing is made of the rest, which may be much.

    Raises RecordError for what is no report of this format.
    """
    try:
        str(data, "utf-8")  # what is passed over is not looked at
        head = _head.decode(data)
    except msgspec.ValidationError as error:
        raise RecordError(
            f"{path} is not a record of reftrack, nor a report of one as JSON",
            hint="Take what reftrack run wrote to .reftrack/, or to FILE with --json FILE.",
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RecordError(
            f"{path} is not whole: its JSON breaks off or is damaged",
            hint="Write it again, from the record: reftrack json RUN -o FILE",
        ) from error
    if head.format != FORMAT:
        remedy = "Upgrade reftrack" if head.format > FORMAT else "Run the suite again"
        raise RecordError(
            f"{path} is a report of format {head.format}; this reftrack reads format {FORMAT}",
            hint=f"{remedy}, or read it with the version of reftrack that wrote it.",
        )
    return head.complete is True


class _Head(msgspec.Struct):
    """As much of the document as every format has."""

    format: int
    complete: object = False


_head = msgspec.json.Decoder(_Head)
_report = msgspec.json.Decoder(Report)
