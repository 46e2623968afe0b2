"""Tables that print row by row, as text in columns or as Markdown; and what lies between rows."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence


class Table:
    """A title per column, with its width in text; a width below 0 aligns to the right."""

    def __init__(self, columns: Sequence[tuple[str, int]], *, markdown: bool) -> None:
        self._widths = [width for _, width in columns]
        self._markdown = markdown
        titles = [title for title, _ in columns]
        print()
        self.row(*titles)
        if markdown:
            print("|" + "|".join("---:" if width < 0 else "---" for width in self._widths) + "|")

    def row(self, *cells: str) -> None:
        progress("")
        if self._markdown:
            print("| " + " | ".join(cells) + " |", flush=True)
            return
        padded = (
            cell.rjust(-width) if width < 0 else cell.ljust(width)
            for cell, width in zip(cells, self._widths, strict=True)
        )
        print("  ".join(padded).rstrip(), flush=True)


def progress(line: str) -> None:
    """Shows what runs now, on a terminal; an empty line takes it away."""
    if sys.stderr.isatty():
        print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)


def note(line: str) -> None:
    """Tells of something that is not in the table."""
    progress("")
    print(line, file=sys.stderr, flush=True)


def spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} .. {max(values):.2f})"


def beside(bar: float | None) -> str:
    return "" if bar is None else f"{bar:.2f}"
