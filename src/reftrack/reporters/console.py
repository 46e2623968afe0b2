"""Lines put on a stream: in colour on a terminal, as plain text elsewhere.

Everything that reftrack itself says is ASCII, so that only the program's own names may need
escaping.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TextIO

from reftrack.reporters.layout import Line

DEFAULT_WIDTH = 100
NARROWEST = 40

STYLES = {
    "growing": "bold red",
    "once": "bold yellow",
    "collateral": "bold magenta",
    "unexplained": "bold red",
    "runner": "dim",
    "held": "bold cyan",
    "cyclic": "bold cyan",
    "process": "bold cyan",
    "released": "bold green",
    "failed": "bold red",
    "ignored": "dim",
    "new": "bold red",
    "grown": "bold red",
    "gone": "bold green",
    "shrunk": "bold green",
    "note": "yellow",
    "incomplete": "bold reverse red",
    "strong": "bold",
    "place": "cyan",
    "faint": "dim",
    "": "none",
}


def write(lines: Callable[[int], list[Line]], stream: TextIO, width: int | None = None) -> None:
    """Write what `lines` makes of a width: in colour on a terminal unless NO_COLOR is set, as plain
    text elsewhere, `width` columns wide (by default the terminal's, or COLUMNS, or 100).

    What the stream's encoding cannot express is escaped. Raises what the stream raises.
    """
    from rich.console import Console
    from rich.segment import Segment, Segments
    from rich.style import Style

    class Plain(Console):
        def on_broken_pipe(self) -> None:
            raise  # rich would send the process's stdout nowhere and raise SystemExit

    terminal = stream.isatty()
    console = Plain(
        file=stream,
        # With NO_COLOR rich would leave out the colours and go on to set bold and dim.
        force_terminal=terminal and not os.environ.get("NO_COLOR"),
        force_jupyter=False,
        width=_width(width, terminal),
    )
    encoding = getattr(stream, "encoding", None) or "utf-8"
    styles = {name: Style.parse(definition) for name, definition in STYLES.items()}
    segments: list[Segment] = []
    for line in lines(max(NARROWEST, console.width)):
        segments += [Segment(printable(text, encoding), styles[style]) for text, style in line]
        segments.append(Segment.line())
    console.print(Segments(segments), soft_wrap=True, end="")


def _width(width: int | None, terminal: bool) -> int | None:
    """None lets rich ask the terminal."""
    if width is not None:
        return max(NARROWEST, width)
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns) > 0:
        return max(NARROWEST, int(columns))
    return None if terminal else DEFAULT_WIDTH


def printable(text: str, encoding: str) -> str:
    """The program's own names may hold control sequences, lone surrogates, any character."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return text.encode(encoding, "backslashreplace").decode(encoding)
