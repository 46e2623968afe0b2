"""What can go wrong, what to do about it, and the exit status that says so."""

from __future__ import annotations

import os


class ReftrackError(Exception):
    """An error of reftrack's own, never of the program that it runs.

    `hint` is the user's next step; `exit_status` is what the command line ends with.
    """

    exit_status = 2

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        message = super().__str__()
        return f"{message}\n  {self.hint}" if self.hint else message


class UsageError(ReftrackError):
    """A command line, option or setting that reftrack cannot act on."""


class RecordError(ReftrackError):
    """A record that is missing, foreign, damaged, of another version, or cannot be written."""


class BackendError(ReftrackError):
    """Allocations cannot be tracked in this process."""


def no_report(error: Exception, record: os.PathLike[str]) -> str:
    """Words for a report that could not be made, though its record may be whole."""
    if isinstance(error, MemoryError):
        return (
            "reftrack: no report: memory is short here\n"
            f"  python -m reftrack report {record} shows it"
        )
    return (
        f"reftrack: error: no report, for a fault of reftrack\n{_details(error)}"
        f"  python -m reftrack report {record} may show it"
    )


def _details(error: Exception) -> str:
    """The traceback, unless the program has left nothing to import it from."""
    try:
        import traceback

        return "".join(traceback.format_exception(error))
    except Exception:
        return f"{type(error).__name__}: {error}\n"
