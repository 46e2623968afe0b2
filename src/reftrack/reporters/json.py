"""The record of a run as one JSON document, format 1."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

import msgspec

from reftrack.descriptors import BINARY, System
from reftrack.errors import RecordError
from reftrack.journal import encode

NO_LINKS = getattr(os, "O_NOFOLLOW", 0)
"""Windows has no such flag; there only who may do so makes links."""


def dumps(report: msgspec.Struct) -> bytes:
    """The report, or another struct, as indented UTF-8 JSON with a newline at its end; keys in the
    model's order."""
    return msgspec.json.format(encode(report), indent=2) + b"\n"


def write(report: msgspec.Struct, path: Path | str) -> None:
    """Write the report to `path`: whoever reads it sees all of the old file or all of the new.

    Raises RecordError when it cannot be written; an existing file is then as it was.
    """
    data = dumps(report)
    target = System.realpath(Path(path))  # a link keeps pointing where it points
    try:
        if _is_special(target):
            _write_all(target, os.O_WRONLY, data)
        else:
            _replace(target, data)
    except OSError as error:
        raise RecordError(
            f"{path} cannot be written: {error.strerror}",
            hint="The record is kept; write it elsewhere with: reftrack json -o FILE",
        ) from error


def _is_special(target: str) -> bool:
    """/dev/stdout, a pipe, a directory: what must not be replaced by a file."""
    try:
        return not stat.S_ISREG(System.stat(target).st_mode)
    except FileNotFoundError:
        return False


def _replace(target: str, data: bytes) -> None:
    temporary = f"{target}.{System.getpid()}.tmp"
    try:
        _write_all(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | NO_LINKS, data)
        System.replace(temporary, target)
    except OSError:
        _remove(temporary)
        raise


def _write_all(target: str, flags: int, data: bytes) -> None:
    descriptor = System.open(target, flags | BINARY, 0o666)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[System.write(descriptor, rest) :]
    finally:
        System.close(descriptor)


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):  # it may never have been made
        System.unlink(path)
