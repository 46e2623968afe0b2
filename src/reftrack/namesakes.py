"""Paths that differ in the name of a class of tests alone: what is said of one is said of all.

A suite has hundreds of classes that derive from the same ones, each with the same holders. The
class on a path gets a name that stands for all of its sort, and what was chosen along such a path
gets the class's own name again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from reftrack import naming, owners
from reftrack.heap import Step, Told, unseen
from reftrack.naming import Bases
from reftrack.traits import TEST_CASE, TESTS_BEGIN
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

MARK = "ꙮ"
"""A letter that no name has, so that a stand-in's name is treated as any other class's is."""


class General(NamedTuple):
    """What a path is with a stand-in for the first class of tests on it: the same number for two
    that differ in that `name` alone. There is no class without a name."""

    number: int
    name: str = ""
    stand_in: str = ""
    cls: str = ""


class Namesakes:
    """The stand-ins of classes of tests on a look's paths. `bases` has theirs as well as those that
    were given. Steps may be added."""

    def __init__(self, steps: Sequence[Told], bases: Bases) -> None:
        self.bases = dict(bases)
        self._steps = steps
        self._found: dict[int, General | None] = {0: General(0)}
        self._known: dict[tuple[object, ...], int] = {}
        self._stand_ins: dict[str, str] = {}  # by class, its stand-in's name in full; or ""
        self._sorts: dict[tuple[str, str, tuple[str, ...]], str] = {}
        self._same: Same = {}

    def general(self, number: int) -> General | None:
        """The path to a step; None where the class's name is also a part of another name or key.
        Of the steps of one path those that are new, and no others, cost anything."""
        for at in unseen(number, self._steps, self._found):
            self._found[at] = self._next(*self._steps[at])
        return self._found[number]

    def path(self, numbers: Sequence[int], general: General) -> list[Step]:
        """The path with these steps, with the stand-in."""
        return [Step(*self._in_general(*self._steps[number], general)) for number in numbers]

    def filler(self, value: Any, general: General) -> Fill | None:
        """How to give what was found along that path the names of other classes."""
        return filler(value, general.stand_in, self._same)

    def _next(
        self, before: int, edge: str, label: object, kind: str, name: str | None
    ) -> General | None:
        general = self._found[before]
        if general is None:
            return None
        if not general.name:
            cls = kind if self._stand_in(kind) else name or ""
            if full := self._stand_in(cls):
                general = General(general.number, _last(cls), _last(full), cls)
                if self._is_above(before, general.name):
                    return None
        told = edge, label, kind, name
        if general.name:
            told = self._in_general(before, *told, general)
            if _has(told, general.name):
                return None
        edge, label, kind, name = told
        # 1 is not True, nor is it "1"; lists cannot be in a key.
        label = label if type(label) is str else (repr(label),)
        key = general.number, edge, label, kind, name
        return general._replace(number=self._known.setdefault(key, len(self._known) + 1))

    def _in_general(
        self, before: int, edge: str, label: object, kind: str, name: str | None, general: General
    ) -> tuple[str, object, str, str | None]:
        if general.cls not in (kind, name):
            return edge, label, kind, name
        full = self._stand_in(general.cls)
        is_its = label == general.name and name == general.cls
        if is_its and naming.is_name(self._steps[before][1], edge, label, kind):
            label = general.stand_in
        kind = full if kind == general.cls else kind
        return edge, label, kind, full if name == general.cls else name

    def _is_above(self, number: int, name: str) -> bool:
        while number:
            number, *told = self._steps[number]
            if _has(told, name):
                return True
        return False

    def _stand_in(self, cls: str) -> str:
        found = self._stand_ins.get(cls)
        if found is None:
            found = self._stand_ins[cls] = self._new(cls) if self._is_of_tests(cls) else ""
        return found

    def _is_of_tests(self, cls: str) -> bool:
        """Only such a class, since no rule is about one; and by a name as most have it."""
        around, _, name = cls.rpartition(".")
        if not around or not (name.isascii() and name.isidentifier() and name[0].isupper()):
            return False
        if self.bases.get(cls, (cls,))[0] != cls or owners.module_of(cls)[1] == "":
            return False
        owner = owners.of_module(cls)
        derives = naming.is_a(cls, TEST_CASE, self.bases) and owner == "your code"
        return derives or owner == "your test"

    def _new(self, cls: str) -> str:
        """All that is asked of a class's name: where it stands, how it begins, its bases."""
        around, _, name = cls.rpartition(".")
        begins = TESTS_BEGIN if name.startswith(TESTS_BEGIN) else name[0]
        sort = around, begins, self.bases.get(cls, (cls,))[1:]
        full = self._sorts.setdefault(sort, f"{around}.{begins}{MARK}{len(self._sorts)}{MARK}")
        self.bases[full] = full, *sort[2]
        return full


def _has(told: Sequence[object], name: str) -> bool:
    """Is it a part of anything that is told of a step, but the edge?"""
    _, label, kind, called = told
    text = label if type(label) is str else repr(label)
    return name in text or name in str(kind) or name in str(called)


Fill = Callable[[Any, str], Any]
"""Puts a class's name in the place of its stand-in's."""

Same = dict[Any, Any]
"""One for all of several equal values: what a class's holders say of it is the same for many."""


def filler(value: Any, stand_in: str, same: Same) -> Fill | None:
    """How to put names into a value, of strings in tuples and the like; None where there is nothing
    to put in. What is the same for all names is found once."""
    if isinstance(value, str):
        return (lambda text, name: text.replace(stand_in, name)) if stand_in in value else None
    if isinstance(value, frozenset):
        if not any(stand_in in each for each in value):
            return None
        return lambda of, name: _one(same, frozenset(e.replace(stand_in, name) for e in of))
    if not isinstance(value, tuple | list):
        return None
    fills = [(k, fill) for k, each in enumerate(value) if (fill := filler(each, stand_in, same))]
    if not fills:
        return None
    texts = [k for k, _ in fills if isinstance(value[k], str)]  # most are: they need no call
    others = [(k, fill) for k, fill in fills if k not in texts]
    make: Callable[[list[Any]], Any] = getattr(type(value), "_make", type(value))
    is_part = isinstance(value, tuple) and not any(isinstance(each, list) for each in value)

    def fill_items(of: Any, name: str) -> Any:
        items = list(of)
        for k in texts:
            items[k] = _one(same, items[k].replace(stand_in, name))
        for k, fill in others:
            items[k] = fill(items[k], name)
        return _one(same, make(items)) if is_part else make(items)

    return fill_items


def _one(same: Same, value: Any) -> Any:
    return same.setdefault(value, value)


def _last(name: str) -> str:
    return name.rpartition(".")[2]
