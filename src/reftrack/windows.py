"""Stretches of the program whose allocations are charged apart for a while, within whatever scope a
run has open: that one's figures come out as they would without them.

What a window has within a scope of the run goes back to that when the scope ends; the window goes
on in the next one.
"""

from __future__ import annotations

from reftrack import _reftrack
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS


class Window:
    """What is allocated from `open_one` to `close`.

    `parts` are the ledger's scopes for it, each with the one around it (0: no run's); `given_back`
    says whether the run has had some of them back.
    """

    def __init__(self) -> None:
        self.parts: dict[int, int] = {}
        self.given_back = False
        self.ledger = _reftrack.ledger_id()

    @property
    def has_ledger(self) -> bool:
        """Is the ledger still there that it was opened in?"""
        return self.ledger == _reftrack.ledger_id()


_windows: list[Window] = []  # of which a run has not had all back
_open: Window | None = None


def open_one() -> Window:
    """Charge what follows to a new window. Raises RuntimeError where the ledger is not started, has
    no scope left, or a window is open."""
    global _open
    if _open is not None and _open.has_ledger:
        raise RuntimeError("a window is open")
    window = Window()
    _enter(window)
    _open = window
    _windows[:] = [other for other in _windows if other.has_ledger]
    if 0 not in window.parts.values():
        _windows.append(window)
    return window


def close(window: Window) -> None:
    """What follows is charged to the scope around it again."""
    global _open
    if _open is window:
        _open = None
        if window.has_ledger:
            for inner in window.parts:
                _reftrack.leave_within(inner)


def close_left() -> None:
    """Close the one that is open: nobody is left to do it."""
    if _open is not None:
        close(_open)


def follow(outer: int) -> None:
    """The run charges that scope now: a window that is open goes on within it."""
    if _open is None or not _open.has_ledger:
        return
    for inner, around in _open.parts.items():
        if around == outer:
            _reftrack.enter_within(inner)
            return
    _enter(_open)


def parts() -> dict[int, int]:
    """The ledger's scopes of windows that are not given back, each with the one around it."""
    return {
        inner: outer
        for window in _windows
        if window.has_ledger
        for inner, outer in window.parts.items()
    }


def give_back(outer: int) -> None:
    """That scope is about to end: what windows have within it is its own again."""
    for window in tuple(_windows):
        _give_back(window, [inner for inner, around in window.parts.items() if around == outer])


def give_back_all() -> None:
    """All scopes of the run are looked at: each has its own."""
    for window in tuple(_windows):
        _give_back(window, list(window.parts))
    if _open is not None and _open in _windows:
        _enter(_open)


def _enter(window: Window) -> None:
    inner, outer = _reftrack.enter_within()
    window.parts[inner] = outer


def _give_back(window: Window, inners: list[int]) -> None:
    if not window.has_ledger:
        _windows.remove(window)
        return
    for inner in inners:
        _reftrack.move_scope(inner, window.parts.pop(inner))
        window.given_back = True
    if not window.parts and window is not _open:
        _windows.remove(window)
