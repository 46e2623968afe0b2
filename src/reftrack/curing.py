"""What a run lets go of under `--release`, and how many bytes went with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from itertools import chain
from typing import Any, NamedTuple, Protocol
from weakref import ref

import msgspec

from reftrack import _reftrack, release, weighing
from reftrack.guard import quietly
from reftrack.holding import Known, is_held
from reftrack.model import Released, ScopeKind
from reftrack.readers import Readers
from reftrack.referrers import reaching
from reftrack.release import Before
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

_SHOWN = 3  # classes that a note names


class Numbered(Protocol):
    """A scope of the run, as the session has it."""

    @property
    def number(self) -> int: ...


class _Part(NamedTuple):
    """About `bytes` hung on an attribute that was let go of, None if unknown. Its `witnesses` are
    what did not die at once: part of a cycle, or held by others, who keep them all."""

    bytes: int | None
    witnesses: list[ref[Any]]


class _Gone(msgspec.Struct):
    """What was let go of at the end of one test. `bytes` of each name went at once. Of the `alive`
    bytes of the test's scope more go later, by the collector, and from CPython's free lists: with
    these `parts`, and with garbage of the test itself, which would have gone anyway."""

    owner: ref[Any] | None
    bytes: dict[str, int]
    parts: dict[str, _Part]
    number: int
    alive: int


class _Over(NamedTuple):
    """An instance whose test is over; `number` is the scope of the test."""

    instance: Callable[[], Any]
    before: Before
    known: Callable[[Any], Known]
    number: int


class Cure:
    """Lets go of what tests put on their instances and classes, as a runner says which are over.

    `only` are the namespaces it is limited to, `opened` and `ended` the session's own lists of
    scopes. To be called while the ledger is paused.
    """

    def __init__(
        self, only: tuple[str, ...], opened: Sequence[Numbered], ended: Sequence[Numbered]
    ) -> None:
        self._only, self._opened, self._ended = only, opened, ended
        self._waiting: _Over | None = None
        self._held: dict[int, list[_Over]] = {}  # by the id() of their class
        self._readers = Readers(reaching)
        self._gone: list[_Gone] = []
        self._rows: dict[str, Released] = {}
        self._unmatched = dict.fromkeys(only)
        self._untouched: dict[str, None] = {}  # names of classes whose texts read all attributes

    def mark(self) -> int:
        """This moment, for `let_go_of_class`."""
        return len(self._ended)

    def wait(
        self, instance: Callable[[], Any], before: Before, known: Callable[[Any], Known]
    ) -> None:
        """The innermost scope's test is over: at `flush` let go of its instance, if it is still
        there then. Most go by themselves, and are left to."""
        self.flush()
        self._waiting = _Over(instance, before, known, self._opened[-1].number)

    def flush(self) -> None:
        """Let go of the instance that waits."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self._try_instance(waiting)

    def let_go_of_instance(
        self, instance: Callable[[], Any], before: Before, known: Callable[[Any], Known]
    ) -> None:
        """The innermost scope's test is over, and what it put on its instance goes, unless others
        than the runner, who has it as `known`, refer to the instance: they may go on to read it."""
        self._try_instance(_Over(instance, before, known, self._opened[-1].number))

    def try_again(self, of: type | None = None) -> bool:
        """Let go of the instances, of one class or all, that others held when their test was over
        and do not hold any more; True if there were some. Garbage, too, holds until collected."""
        if of is None:
            asked, self._held = list(chain.from_iterable(self._held.values())), {}
        else:
            asked = self._held.pop(id(of), [])
        return sum(map(self._try_instance, asked)) > 0

    def held(self) -> int:
        """How many instances the program itself holds, so that nothing of them was let go of."""
        held = chain.from_iterable(self._held.values())
        return sum(over.instance() is not None for over in held)

    def notes(self) -> list[str]:
        """What of all that was asked for came to nothing, and why."""
        found = []
        if self._unmatched:
            names = ",".join(self._unmatched)
            found.append(
                f"--release-only {names}: no test or class that was over had a value of such a type"
            )
        if self._untouched:
            names = ", ".join([*self._untouched][:_SHOWN])
            more = len(self._untouched) - _SHOWN
            found.append(
                f"--release let go of nothing on instances of {names}"
                + (f" and {more} more" if more > 0 else "")
                + ": the texts (id, __str__ and the like) of such a test may read any attribute"
            )
        return found

    def let_go_of_class(self, cls: type, before: Before, scopes: slice, *, to_come: bool) -> bool:
        """What was put on a class goes, charged to these of the ended `scopes`; while tests are
        `to_come` of other classes not what their code may read of it. True if none of that stays.
        """
        names = self._put_since(cls, before)
        kept = self._read_elsewhere(cls, names) if names and to_come else set()
        names = [name for name in names if name not in kept]
        charged = (*self._ended[scopes], *self._opened[1:]) if names else ()
        numbers = [scope.number for scope in charged]
        with quietly():
            for name in names:
                alive = _alive(numbers)
                release.let_go(cls, name, before)
                _add(self._rows, _name(cls, name), alive - _alive(numbers), "class")
        self.try_again(cls)
        return not kept

    def _read_elsewhere(self, cls: type, names: list[str]) -> set[str]:
        # No cell of a frame that asks may have the class: it would count as somebody's.
        return self._readers.of(cls, names, is_held=self._has_held(cls))

    def _has_held(self, cls: type) -> bool:
        return any(over.instance() is not None for over in self._held.get(id(cls), ()))

    def let_go_of_frames(self, name: str, let_go: Callable[[], object]) -> None:
        """The frames of an exception go that a runner keeps under `name`."""
        number = self._opened[-1].number
        alive = _alive([number])
        with quietly():
            let_go()
        rest = _alive([number])
        self._gone.append(_Gone(None, {name: alive - rest}, {name: _Part(None, [])}, number, rest))

    def _try_instance(self, over: _Over) -> bool:
        """Let go of what there is, unless it is held; then it may be tried again."""
        if over.instance() is None:
            return False
        names = self._put_since(over.instance(), over.before)
        if not names:
            return False
        if is_held(over.instance, over.known):
            self._held.setdefault(id(type(over.instance())), []).append(over)
            return False
        instance = over.instance()
        if instance is None:  # garbage, and what was allocated meanwhile had it collected
            return False
        self._let_go_of_instance(instance, names, over.before, over.number)
        return True

    def _put_since(self, owner: object, before: Before) -> list[str]:
        found = release.set_since(owner, before, self._only)
        for namespace in list(self._unmatched):
            if any(release.is_of(value, (namespace,)) for _, value in found):
                del self._unmatched[namespace]
        names = release.put_since(owner, before, self._only)
        if found and not names and release.reads_all(type(owner)):
            self._untouched[release.name_of(type(owner))] = None
        return names

    def _let_go_of_instance(
        self, instance: object, names: list[str], before: Before, number: int
    ) -> None:
        values = dict(release.attributes(instance))
        gone = _Gone(_weak(instance), {}, {}, number, 0)
        seen = {id(instance)}
        with quietly():
            for name in names:
                full_name = _name(type(instance), name)
                on_it = weighing.hanging_on(values[name], number, seen)
                witnesses = weighing.witnesses(values[name])
                alive = _alive([number])
                del values[name]
                release.let_go(instance, name, before)
                gone.bytes[full_name] = alive - _alive([number])
                gone.parts[full_name] = _Part(on_it, witnesses)
        for full_name, part in list(gone.parts.items()):
            part.witnesses[:] = [witness for witness in part.witnesses if witness() is not None]
            if part.bytes is None and not part.witnesses:  # much, and all of it went at once
                del gone.parts[full_name]
        gone.alive = _alive([number])
        self._gone.append(gone)

    def rows(self) -> list[Released]:
        """What was let go of, by name, most bytes first. Instances that have died since would have
        done so anyway, and do not count."""
        self._gone = [gone for gone in self._gone if gone.owner is None or gone.owner() is not None]
        rows = {name: copy(row) for name, row in self._rows.items()}
        for gone in self._gone:
            for name, went in _settled(gone).items():
                _add(rows, name, went, "test")
        found = [row for row in rows.values() if row.bytes > 0]
        return sorted(found, key=lambda row: -row.bytes)


def _name(cls: type, attribute: str) -> str:
    return f"{release.name_of(cls)}.{attribute}"


def _add(rows: dict[str, Released], name: str, went: int, scope: ScopeKind) -> None:
    row = rows.setdefault(name, Released(name, 0, 0, scope))
    row.scopes += 1
    row.bytes += max(0, went)


def _settled(gone: _Gone) -> dict[str, int]:
    """Bytes by name, with those that went later than the attribute that held them."""
    found = dict(gone.bytes)
    later = gone.alive - _alive([gone.number])
    for name, part in gone.parts.items():
        if part.witnesses and all(witness() is not None for witness in part.witnesses):
            continue
        more = later if part.bytes is None else min(later, part.bytes - found[name])
        if more > 0:
            found[name] += more
            later -= more
    return found


def _alive(numbers: list[int]) -> int:
    """What scopes have alive. Of arrays' data it is only known what has gone: the sum is of use for
    its differences."""
    return sum(
        _reftrack.counters(number)[0]
        - _reftrack.array_bytes(number)
        - _reftrack.arrays_gone(number)[0]
        for number in numbers
    )


def _weak(value: Any) -> ref[Any] | None:
    try:
        return ref(value)
    except TypeError:
        return None
