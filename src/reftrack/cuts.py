"""What goes when a holder lets go: exact figures, and who else holds the same survivors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import inf
from typing import NamedTuple

from reftrack import _reftrack, choosing
from reftrack.choosing import Choice, Key, Survivor
from reftrack.heap import WANTED, WANTED_AROUND, WANTED_IMPORT, Cut, Edge, Look
from reftrack.namesakes import Fill, Namesakes
from reftrack.naming import CACHE_TYPE, is_attributes
from reftrack.shapes import Shapes
from reftrack.traits import can_be_emptied
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

MOST = 8
"""Other holders that are looked for; more than these are not worth the reader's time."""

ENOUGH = 0.9
"""Where this part of the survivors goes, the holder is the only one, for all that matters."""

MUCH_OLDER = 2
"""Where emptied containers free so many times what the tests left, only that is taken out."""


class Cutting(NamedTuple):
    """What goes when a holder's edges are cut, and what if the others' are cut as well."""

    bytes: int
    others: list[Choice]
    together_bytes: int
    edges: list[Edge]  # of them all
    is_whole: bool = True  # no others hold the same that were not looked for


class _Other(NamedTuple):
    choice: Choice
    edges: list[Edge]


def edges(seen: Look, chosen: Iterable[tuple[Choice, int]]) -> list[Edge]:
    """The edges of holders, as chosen by paths with these last steps."""
    found = (_edge(seen, choice, seen.numbers(last)) for choice, last in chosen)
    return list(dict.fromkeys(edge for edge in found if edge is not None))


def entries(seen: Look, chosen: Iterable[tuple[Choice, int]]) -> list[Edge]:
    """The same, but of containers to be emptied only what tests and fixtures have put into them."""
    return edges(seen, ((_of_entries(seen, choice, last), last) for choice, last in chosen))


def _of_entries(seen: Look, choice: Choice, last: int) -> Choice:
    numbers = seen.numbers(last)
    below = _emptied(seen, choice, numbers) + 1
    if choice.part != "contents" or below == len(numbers):
        return choice
    return choice._replace(step=below, part="entries")


def _emptied(seen: Look, choice: Choice, numbers: Sequence[int]) -> int:
    """The step to the container to be emptied. A list or dict from a free list bears no date: if
    the one around it was empty before, tests have put it there, and others may have it as well."""
    step = choice.step
    while 0 <= choice.leads_to < step < len(numbers) and choice.part == "contents":
        around = numbers[step - 1]
        by_key = seen.steps[numbers[step]][1] in ("key", "index", "member")
        is_filled = by_key and can_be_emptied(seen.steps[around][3], seen.bases)
        if not is_filled or around in seen.older:
            break
        step -= 1
    return step


def _edge(seen: Look, choice: Choice, numbers: Sequence[int]) -> Edge | None:
    """None for a root, and where the step stands for the middle of a very long path."""
    choice = choice._replace(step=_emptied(seen, choice, numbers))
    least = 0 if choice.part == "contents" else 1
    if not least <= choice.step < len(numbers):
        return None
    number = numbers[choice.step]
    before, edge, *_ = seen.steps[number]
    if edge == "gap":
        return None
    if choice.part is None or (choice.part == "cache" and seen.steps[before][3] != CACHE_TYPE):
        return number
    return number, choice.part


def cut(
    seen: Look,
    key: Key,
    own: Sequence[Edge],
    narrower: Sequence[Edge],
    groups: Sequence[int],
    survived: int,
    until: float = inf,
) -> Cutting:
    """Cut the own edges of the holder with that key, or the narrower ones where much that is older
    would go with those; where survivors are still held, find who holds
    them, one by one, and leave out again whom it does not take.

    The set that is found has no needless member; it need not be the smallest there is. The search
    ends at `until`, by the ledger's clock.
    """
    own, first = _own(seen, key, own, groups, until)
    if narrower != own and first.bytes > MUCH_OLDER * first.survivor_bytes:
        fewer, then = _own(seen, key, narrower, groups, until)
        if then.survivor_bytes >= ENOUGH * first.survivor_bytes:
            own, first = fewer, then
    # Not by what went: with the holder may go what others of the same name and place have.
    if _staying(seen, first) <= (1 - ENOUGH) * survived:
        return Cutting(first.bytes, [], 0, own)
    others = _others(seen, own, first.still_held, groups, until)
    every = seen.cut(_with(own, others), groups)
    is_held = _staying(seen, every) > (1 - ENOUGH) * survived
    # Of each group a part alone is looked for: what went tells of the rest.
    if is_held or every.survivor_bytes < ENOUGH * survived:
        can_go_on = len(others) == MOST or _reftrack.now() > until
        return Cutting(first.bytes, _told(others), 0, own, not can_go_on)
    if every.survivor_bytes <= first.survivor_bytes:
        return Cutting(first.bytes, [], 0, own)
    for other in list(others):
        if _reftrack.now() > until:
            break
        rest = [one for one in others if one is not other]
        if rest and seen.cut(_with(own, rest)).survivor_bytes >= every.survivor_bytes:
            others = rest
    return Cutting(first.bytes, _told(others), every.bytes, _with(own, others))


def _staying(seen: Look, went: Cut) -> int:
    return sum(seen.groups[group][1] for group in went.still_held)


def _told(others: Iterable[_Other]) -> list[Choice]:
    return [other.choice for other in others if not _goes_by_itself(other.choice)]


def _goes_by_itself(choice: Choice) -> bool:
    """A runner's frames, and what C code has in hand while it calls, are over after the look, and
    so are iterators of loops that run: a frame's stack is not known while it calls C code
    (`stacktop` of _PyInterpreterFrame, pycore_frame.h, 3.11 to 3.13)."""
    is_of_loop = choice.kind == "c-reference" and choice.name.endswith("iterator")
    return is_of_loop or (choice.owner == "runner" and choice.kind in ("frame", "c-reference"))


def _own(
    seen: Look, key: Key, own: Sequence[Edge], groups: Sequence[int], until: float
) -> tuple[list[Edge], Cut]:
    """All edges of a holder: some keep the same in several places, as a mock does the arguments of
    a call. With what goes when they are cut."""
    found = dict.fromkeys(own)
    while True:
        went = seen.cut(found, groups)
        more = [edge for choice, edge in _ways(seen, went.still_held) if choice.key == key]
        is_late = len(found) - len(own) >= MOST or _reftrack.now() > until
        if is_late or found.keys() >= set(more):
            return list(found), went
        found |= dict.fromkeys(more)


def _others(
    seen: Look,
    own: Sequence[Edge],
    still_held: dict[int, int],
    groups: Sequence[int],
    until: float,
) -> list[_Other]:
    found: list[_Other] = []
    while still_held and len(found) < MOST and _reftrack.now() <= until:
        known = _ways(seen, still_held)
        if not known:
            break
        choice = known[0][0]
        found.append(_Other(choice, [e for other, e in known if other.key == choice.key]))
        still_held = seen.cut(_with(own, found), groups).still_held
    return found


def _ways(seen: Look, still_held: Mapping[int, int]) -> list[tuple[Choice, Edge]]:
    """The holders of groups by other ways, and their edges, if these can be cut."""
    known = Ways(seen)
    ways = (known.around(group, step) for group, step in still_held.items())
    return [(choice, edge) for choice, edge in ways if edge is not None]


class Ways:
    """The holders on paths to the samples of groups. Paths that are alike have one choice."""

    def __init__(self, seen: Look) -> None:
        self._seen = seen
        self._shapes = Shapes(seen.steps)
        self._chosen: dict[tuple[int, Survivor], Choice] = {}
        self._namesakes = Namesakes(seen.steps, seen.bases)
        self._general: dict[tuple[int, Survivor], tuple[Choice, Fill | None]] = {}
        self._made: dict[int, int] = {}  # by step, the scope that made it

    def choice(self, step: int, survivor: Survivor) -> Choice:
        """The holder on the path with that last step."""
        like = self._shapes[step], survivor
        if like not in self._chosen:
            self._chosen[like] = self._choose(step, survivor)
        return self._chosen[like]

    def _choose(self, step: int, survivor: Survivor) -> Choice:
        """One choice, but for a name in it, does for a class of tests and others of its sort."""
        general = self._namesakes.general(step)
        if general is None or not general.name:
            return choosing.choose(self._seen.path(step), survivor, self._seen.bases)
        alike = general.number, survivor
        if alike not in self._general:
            path = self._namesakes.path(self._seen.numbers(step), general)
            choice = choosing.choose(path, survivor, self._namesakes.bases)
            self._general[alike] = choice, self._namesakes.filler(choice, general)
        choice, fill = self._general[alike]
        made: Choice = choice if fill is None else fill(choice, general.name)
        return made

    def around(self, group: int, step: int) -> tuple[Choice, Edge | None]:
        """The holder on another path to a group's sample, and its edge; None where that is a
        root."""
        numbers = self._seen.numbers(step)
        survivor = self._survivor(self._seen.groups[group][0], numbers)
        choice = with_entries(self._seen, self.choice(step, survivor), numbers)
        return choice, _edge(self._seen, choice, numbers)

    def _survivor(self, scope: int, numbers: Sequence[int]) -> Survivor:
        seen = self._seen
        for end in range(len(numbers), 0, -1):
            if numbers[end - 1] in self._made:  # many paths begin with the same steps
                break
            self._made[numbers[end - 1]] = _made_by(seen, numbers[:end])
        made = [self._made[number] for number in numbers]
        anchor = len(made) - 1
        while anchor >= 0 and made[anchor] == scope:
            anchor -= 1
        if seen.scopes[scope] == WANTED_IMPORT:
            anchor -= 1  # nothing is told of who made what before the tests
        first = next((k for k, by in enumerate(made) if seen.scopes[by] == WANTED), -1)
        return survivor(seen, scope, numbers[-1], anchor, first, made[first])


def _made_by(seen: Look, numbers: Sequence[int]) -> int:
    last = [seen.step(number) for number in numbers[-3:]]
    return 0 if is_attributes(last, len(last) - 1) else seen.made_by(numbers[-1])


def with_entries(seen: Look, choice: Choice, numbers: Sequence[int]) -> Choice:
    """A holder on the path with these steps, and whether it had entries before the tests."""
    leads = 0 <= choice.leads_to < len(numbers) and numbers[choice.leads_to]
    had_entries = leads in seen.older
    return choice if choice.had_entries == had_entries else choice._replace(had_entries=had_entries)


def survivor(seen: Look, scope: int, step: int, anchor: int, first: int, made_by: int) -> Survivor:
    """Where a survivor of a scope begins on the path with that last step. `first` is the index of
    the first object that a test or fixture made, the scope `made_by`; to a class or module its own
    objects are as good."""
    if seen.scopes[scope] == WANTED_AROUND and not 0 <= first <= anchor:
        below = anchor + 1
        return Survivor(anchor, below if below < len(seen.numbers(step)) else -1)
    return Survivor(anchor, first, first < 0 or made_by == scope)


def _with(own: Sequence[Edge], others: Iterable[_Other]) -> list[Edge]:
    return [*own, *(edge for other in others for edge in other.edges)]
