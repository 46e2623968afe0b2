"""Paths that differ in the name of a class of tests alone: what is said of one is said of all.

A suite has hundreds of classes that derive from the same ones, each with the same holders. The
class on a path gets a name that stands for all of its sort, and what was chosen along such a path
gets the class's own name again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from reftrack import naming, owners
from reftrack.heap import Step
from reftrack.naming import Bases
from reftrack.traits import TEST_CASE, TESTS_BEGIN

MARK = "ꙮ"
"""A letter that no name has, so that a stand-in's name is treated as any other class's is."""


class General(NamedTuple):
    """A path on which a class's `name`, without what it stands in, is the stand-in's."""

    path: list[Step]
    stand_in: str
    name: str


class Namesakes:
    """The stand-ins of classes of tests. `bases` has theirs as well as those that were given."""

    def __init__(self, bases: Bases) -> None:
        self.bases = dict(bases)
        self._known: dict[str, str] = {}  # by class, its stand-in's name in full; "" without one
        self._sorts: dict[tuple[str, str, tuple[str, ...]], str] = {}

    def general(self, path: Sequence[Step]) -> General | None:
        """The path with a stand-in for the first class of tests on it; None where there is none, or
        where its name is also part of another name or key."""
        cls = next((text for _, _, *of in path for text in of if text and self._of(text)), "")
        if not cls:
            return None
        full, name = self._of(cls), _last(cls)
        stand_in = _last(full)
        found: list[Step] = []
        before = "modules"
        for edge, label, type_name, called in path:
            if label == name and called == cls and naming.is_name(before, edge, label, type_name):
                label = stand_in
            kind = full if type_name == cls else type_name
            named = full if called == cls else called
            label_text = label if type(label) is str else repr(label)
            if name in label_text or name in kind or (named is not None and name in named):
                return None
            found.append(Step(edge, label, kind, named))
            before = edge
        return General(found, stand_in, name)

    def _of(self, cls: str) -> str:
        found = self._known.get(cls)
        if found is None:
            found = self._known[cls] = self._new(cls) if self._is_of_tests(cls) else ""
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


def key(path: Sequence[Step]) -> tuple[object, ...]:
    """The same for equal paths; 1 is not True, nor is it "1"."""
    return tuple(
        (edge, label if type(label) is str else (repr(label),), kind, name)
        for edge, label, kind, name in path
    )


Fill = Callable[[Any, str], Any]
"""Puts a class's name in the place of its stand-in's."""


def filler(value: Any, stand_in: str) -> Fill | None:
    """How to put names into a value, of strings in tuples and the like; None where there is nothing
    to put in. What is the same for all names is found once."""
    if isinstance(value, str):
        return (lambda text, name: text.replace(stand_in, name)) if stand_in in value else None
    if isinstance(value, frozenset):
        has = any(stand_in in each for each in value)
        return (lambda of, name: frozenset(e.replace(stand_in, name) for e in of)) if has else None
    if not isinstance(value, tuple | list):
        return None
    found = [(k, fill) for k, each in enumerate(value) if (fill := filler(each, stand_in))]
    if not found:
        return None
    make: Callable[[list[Any]], Any] = getattr(type(value), "_make", type(value))

    def fill_items(of: Any, name: str) -> Any:
        items = list(of)
        for k, fill in found:
            items[k] = fill(items[k], name)
        return make(items)

    return fill_items


def _last(name: str) -> str:
    return name.rpartition(".")[2]
