"""Sizes in bytes, as people write them."""

from __future__ import annotations

import re

from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30

_UNITS = {"": 1, "b": 1} | {
    name: base**power
    for power, letter in enumerate("kmgt", 1)
    for name, base in ((letter, 1024), (f"{letter}ib", 1024), (f"{letter}b", 1000))
}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", re.IGNORECASE)


def parse(value: object) -> int:
    """Bytes: a whole number of them, or text such as `1 MiB`, `500MB`, `4G` (of 1024), `1.5 GiB`.

    Raises ValueError for anything else, and for less than nothing.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None or match[2].lower() not in _UNITS:
        raise ValueError(f"{value!r} is not a size such as 1MiB")
    return int(float(match[1]) * _UNITS[match[2].lower()])


def in_words(count: int) -> str:
    """512 B, 800.0 KiB, 31.2 MiB, 1.5 GiB."""
    if count < KIB:
        return f"{count} B"
    for unit, word in ((KIB, "KiB"), (MIB, "MiB")):
        if round(count / unit, 1) < 1024:
            return f"{count / unit:.1f} {word}"
    return f"{count / GIB:.1f} GiB"
