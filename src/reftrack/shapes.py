"""Which paths are alike: one choice of a holder does for all of them."""

from __future__ import annotations

from collections.abc import Sequence

from reftrack import naming, rules
from reftrack.heap import Told, unseen
from reftrack.traits import FUNCARGS
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS


class Shapes:
    """A number for each step, the same for two of them if their paths differ in nothing that the
    choice of a holder goes by: thousands differ in an index or a key alone. Steps may be added."""

    def __init__(self, steps: Sequence[Told]) -> None:
        self._steps = steps
        self._found: dict[int, int] = {0: 0}
        self._known: dict[tuple[object, ...], int] = {}

    def __getitem__(self, number: int) -> int:
        """Of the steps of one path those that are new, and no others, cost anything."""
        for at in unseen(number, self._steps, self._found):
            key = self._key(*self._steps[at])
            self._found[at] = self._known.setdefault(key, len(self._known) + 1)
        return self._found[number]

    def _key(
        self, before: int, edge: str, label: object, type_name: str, name: str | None
    ) -> tuple[object, ...]:
        above = self._steps[before]
        named = naming.is_name(above[1], edge, label, type_name)
        of_rule = rules.known_key(label) if edge == "key" else ""
        # A threading.local's attribute, a fixture's name, a module's: keys of dicts, and yet names.
        keyed = self._steps[above[0]][3] == naming.LOCAL_TYPE or above[2] == FUNCARGS
        keyed = keyed or above[1] == "modules"
        return (
            self._found[before],
            edge,
            label if named or (keyed and edge == "key" and type(label) is str) else None,
            type_name,
            name,
            of_rule,
        )
