"""Which container inside another one survivors lie in, where both are from before the tests."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from reftrack.grouping import Held
from reftrack.heap import Look, Told
from reftrack.naming import LONGEST_KEY
from reftrack.reaching import Nested
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

SEVERAL = Nested()


def agreed(seen: Look, held: Held) -> dict[int, Nested]:
    """By the numbers of holders, what all of their groups lie in.

    Small dicts and lists pass for old where they come from a free list, as if they had entries. One
    into which several tests have put something is old.
    """
    found: dict[int, dict[Nested, set[int]]] = {}
    for k, (number, (choice, last)) in enumerate(zip(held.holder_of, held.chosen, strict=True)):
        if number and choice.inner[1]:
            nested = _nested(seen, seen.numbers(last)[slice(*choice.inner)])
            found.setdefault(number, {}).setdefault(nested, set()).add(seen.groups[k][0])
    of_fixtures = _in_fixtures(seen, held)
    directly = {
        number
        for number, (choice, _) in zip(held.holder_of, held.chosen, strict=True)
        if not choice.inner[1]
    }
    agreed: dict[int, Nested] = {}
    for number, of in found.items():
        is_shared = any(nested.keys and len(scopes) > 1 for nested, scopes in of.items())
        had_entries = held.choices[number].had_entries
        if len(of) == 1 and number not in directly:
            [nested] = of
            if is_shared or (had_entries and nested.had_entries):
                agreed[number] = nested
        elif is_shared and had_entries:
            agreed[number] = SEVERAL
    return agreed | of_fixtures


def _in_fixtures(seen: Look, held: Held) -> dict[int, Nested]:
    """Of fixtures' objects: what these themselves have in the container that tests have filled. By
    whom a small dict or list was made is not always known: one that several tests have put
    something into is old."""
    found: dict[int, dict[Nested | None, set[int]]] = {}
    sure: set[int] = set()
    for k, (number, (choice, last)) in enumerate(zip(held.holder_of, held.chosen, strict=True)):
        if number and choice.kind == "fixture" and choice.filled is not None:
            scope, numbers = seen.groups[k][0], seen.numbers(last)
            maker = seen.made_by(numbers[choice.filled.step])
            inner = _made_with(seen, scope, maker, numbers[choice.filled.step + 1 :])
            nested = _nested(seen, inner) if inner else None
            found.setdefault(number, {}).setdefault(nested, set()).add(scope)
            if inner and seen.made_by(inner[0]):
                sure.add(number)
    agreed = {}
    for number, of in found.items():
        is_shared = any(nested and len(scopes) > 1 for nested, scopes in of.items())
        if is_shared or number in sure:
            agreed[number] = (next(iter(of)) if len(of) == 1 else None) or SEVERAL
    return agreed


def _made_with(seen: Look, scope: int, maker: int, numbers: Sequence[int]) -> list[int]:
    """The steps below a container to what was made with it, and not by the survivors' scope."""
    if maker == scope:
        return []
    return list(takewhile(lambda number: seen.made_by(number) in (maker, 0), numbers))


def _nested(seen: Look, numbers: Sequence[int]) -> Nested:
    steps: list[Told] = [seen.steps[number] for number in numbers]
    keys = [_key(label) for _, _, label, _, _ in steps]
    if not keys or not all(keys):
        return SEVERAL
    return Nested("".join(keys), steps[-1][3], numbers[-1] in seen.older)


def _key(label: object) -> str:
    """As a subscript; empty of what cannot be written as one."""
    text = f'"{label}"' if isinstance(label, str) else repr(label)
    is_short = isinstance(label, str | int) and len(text) <= LONGEST_KEY
    is_plain = not isinstance(label, str) or (label.isprintable() and not {'"', "\\"} & {*label})
    return f"[{text}]" if is_short and is_plain else ""
