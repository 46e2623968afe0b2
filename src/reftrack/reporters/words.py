"""Figures and names in words, as every line of the report has them."""

from __future__ import annotations

from collections.abc import Sequence

from reftrack import sizes
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

KIB, MIB, size = sizes.KIB, sizes.MIB, sizes.in_words

_PLURAL = {"class": "classes", "entry": "entries"}
_GAP = "..."
_LEFT_OUT = f"{_GAP}/"


def duration(seconds: float) -> str:
    """Seconds in words: 1.5 s, 12 min 03 s."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s"


def counted(count: int, kind: str) -> str:
    """A number of scopes or the like: 1 class, 2 classes."""
    return f"{count} {kind if count == 1 else _PLURAL.get(kind, kind + 's')}"


def and_more(names: Sequence[str], more: int) -> str:
    """Names in words: a, b and 3 more."""
    shown = ", ".join(names)
    return f"{shown} and {more} more" if more else shown


def shortened(name: str, room: int) -> str:
    """A test's id within `room` columns: folders go first, from the left, since the end tells most;
    then the middle of what is left."""
    name = _without_folders(name, room)
    tail = (room - len(_GAP)) // 2
    head = room - len(_GAP) - tail
    return name if len(name) <= room else name[:head] + _GAP + name[-tail:]


def shortened_place(place: str, room: int) -> str:
    """The same of a place in a file, which is of no use without its end, the line."""
    place = _without_folders(place, room)
    return place if len(place) <= room else _GAP + place[len(_GAP) - room :]


def _without_folders(name: str, room: int) -> str:
    """As few of them left out as will do, or all."""
    if len(name) <= room:
        return name
    folders, slash, rest = name.partition("[")[0].rpartition("/")
    rest = name[len(folders) + len(slash) :]
    for nth in range(1, len(folders.split("/"))):
        shorter = _LEFT_OUT + "/".join([*folders.split("/")[nth:], rest])
        if len(shorter) <= room:
            return shorter
    return _LEFT_OUT + rest if slash and len(_LEFT_OUT + rest) <= room else rest
