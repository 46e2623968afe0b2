"""What of a scope lasts: was it alive at the last look only because its tear-down came later?"""

from __future__ import annotations

from reftrack.model import Scope


def left(scope: Scope) -> int:
    """Bytes that a scope left: of a test, when its last phase was over; the runner lets go of it
    then."""
    return scope.phases[-1].live_bytes if scope.phases else scope.ended_bytes


def was_torn_down(scope: Scope) -> bool:
    """Was a scope wider than a test alive at the last look, and has it been released since?"""
    later = scope.scope != "test" and scope.released_by is not None
    return later and 2 * scope.survived_bytes >= left(scope)
