"""Whose memory a fix is about, and which lines allocated it: where code can be typed, and when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from reftrack import owners, sources
from reftrack.model import Charge, Frame, ScopeKind
from reftrack.sources import Setter
from reftrack.tracing import enclosing_class
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

EACH = ("after each test", "self.addCleanup")
OVER = {
    "class": ("when the class is over", "cls.addClassCleanup"),
    "module": ("when the module is over", "unittest.addModuleCleanup"),
}
"""When what a scope around tests has left is over, and what a call could be given to."""

NO_CALL = ("await ", "; ", ": ", " = ", "del ")


class Situation(NamedTuple):
    """Scopes that left memory with a holder, most bytes first, and the stacks that allocated it."""

    charged: Sequence[Charge]
    stacks: Sequence[Sequence[Frame]]
    is_pytests: bool  # pytest runs the suite

    @property
    def scope(self) -> ScopeKind | None:
        return self.charged[0].scope if self.charged else None

    @property
    def by_tests(self) -> bool:
        return self.scope == "test"

    @property
    def fixture(self) -> str:
        return self.charged[0].id.partition(" ")[0] if self.scope == "fixture" else ""

    @property
    def in_pytest(self) -> bool:
        """Is it typed into plain functions and fixtures, which have no cleanups? TestCases have
        them, whoever runs these; nobody but unittest calls those of modules."""
        if not self.charged or self.scope == "fixture":
            return bool(self.charged)
        id = self.charged[0].id
        is_pytests = self.is_pytests or "::" in id
        return is_pytests and (self.scope == "module" or not owners.is_test_case(id))

    @property
    def is_of_library(self) -> bool:
        """Is it the fixture of an installed plugin, into which nothing can be typed?"""
        if self.scope != "fixture":
            return False
        frames = list(self._frames())
        return bool(frames) and all(owners.is_library_file(frame.file) for frame in frames)

    @property
    def is_made_by_library(self) -> bool:
        largest = self.stacks[0] if self.stacks else []
        return bool(largest) and owners.is_library_file(largest[-1].file)

    def setters(self, attribute: str) -> list[Setter | None]:
        """The statement that sets the attribute, in each stack that has a user's line: the user's
        statement, else a library's."""
        found = ((stack, _setter(stack, attribute)) for stack in self.stacks)
        return [
            setter
            for stack, setter in found
            if setter or not all(owners.is_library_file(call.file) for call in stack)
        ]

    def file_of(self, cls: str) -> str:
        """Where the class stands, if one of its methods has allocated."""
        own = (frame for frame in self._frames() if not owners.is_library_file(frame.file))
        return next((f.file for f in own if enclosing_class(f.file, f.line) == cls), "")

    def is_rebound(self, attribute: str, kind: str) -> bool:
        """Does one of the functions that allocate give the name a new object?"""
        places = {(f.file, f.line) for f in self._frames() if not owners.is_library_file(f.file)}
        return any(sources.is_rebound(place, attribute, kind) for place in places)

    def is_cached_property(self, attribute: str) -> bool:
        return any(
            call.function == "__get__" and owners.is_library_file(call.file)
            for stack in self.stacks
            for call, then in pairwise(stack)
            if then.function == attribute
        )

    def after_each(self, code: str) -> str:
        """When the code is to be run, and by what."""
        if self.fixture:
            return f"in {self.fixture}, behind its yield: {code}"
        when, add = OVER.get(self.scope or "", EACH)
        if self.in_pytest:
            return f"{when} (in a fixture, behind its yield): {code}"
        called, _, arguments = code.removesuffix(")").rpartition("(")
        is_call = code.endswith(")") and not any(part in code for part in NO_CALL)
        handed = f"{called}, {arguments}" if arguments else called
        return f"{when}: {code}, as by {add}({handed})" if is_call else f"{when}: {code}"

    def before(self, code: str) -> str:
        return f"before the test adds to it: {code}"

    def _frames(self) -> Iterator[Frame]:
        return (frame for stack in self.stacks for frame in stack)


def _setter(stack: Sequence[Frame], attribute: str) -> Setter | None:
    of_library = None
    for call in reversed(stack):
        setter = sources.setter(call.file, call.line, attribute)
        if setter is not None and not setter.is_library:
            return setter
        of_library = of_library or setter
    return of_library
