"""What to type for an attribute of a test's instance or class, and in whose method."""

from __future__ import annotations

from collections.abc import Iterable

from reftrack import bindings, owners, remedies, sources
from reftrack.choosing import Choice
from reftrack.naming import INSTANCE, INTERPRETER
from reftrack.situation import Situation
from reftrack.sources import Setter
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

SET_UP = ("setUp", "asyncSetUp")


def of_instance(choice: Choice, at: Situation) -> str:
    name = choice.attribute
    if name == "__dict__" or owners.of_module(choice.place) == "runner":
        return ""  # a table that goes with what is in it; a class that nobody can edit
    setters = at.setters(name)
    own = _own(setters)
    of = () if own else [owner for owner in choice.owner_kinds if sources.sets(owner, name)]
    if of and all(map(sources.is_librarys, of)):
        return ""  # a library's own affair
    if choice.of_test_case:
        let_go = _by_cleanup(choice, own, len(own) == len(setters) > 0, at)
    else:
        let_go = _by_tear_down(choice, own, at)
    return _of_keeper(choice, let_go, at)


def _by_cleanup(choice: Choice, own: list[Setter], are_all: bool, at: Situation) -> str:
    """Cleanups run last first: one that is registered before all others lets no other one miss the
    attribute. Right behind the line that sets it stands what can never fail there."""
    name, owner = choice.attribute, _class_of(choice, own)
    once = next(iter(own), None)
    if once and are_all and all(s == once for s in own) and once.target == "self":
        is_set_up = once.function in SET_UP and once.owner in choice.classes
        if is_set_up and sources.is_set_once(once, name, choice.classes):
            return f'in {_at(once)}: self.addCleanup(delattr, self, "{name}")'
    where = f"in {owner}.setUp, before all else"
    file = at.file_of(owner)
    if file and not sources.has_method(file, owner, "setUp"):
        where = f"in {owner}.setUp, before super().setUp()"
    return f'{where}: self.addCleanup(self.__dict__.pop, "{name}", None)'


def _by_tear_down(choice: Choice, own: list[Setter], at: Situation) -> str:
    name, owner = choice.attribute, _class_of(choice, own)
    fixtures = {s.function: s.target for s in own if s.is_fixture and s.target not in ("", "self")}
    if len(fixtures) == 1 == len({s.function for s in own}):
        [(fixture, target)] = fixtures.items()
        return f"in {fixture}, behind its yield: del {target}.{name}"
    where = f"in {owner}.teardown_method"
    file = at.file_of(owner)
    has_own = sources.has_method(file, owner, "teardown_method")
    if not has_own and sources.has_bases(file, owner):
        where += ", with super()'s if there is one"
    return f'{where}: self.__dict__.pop("{name}", None)'


def of_class(choice: Choice, at: Situation) -> str:
    """Of data of a class of tests, that is gone with it."""
    name, owner = choice.attribute, choice.owner_name
    own = _own(at.setters(name))
    if at.scope == "fixture":
        target = (own[0].target if own else "") or "request.cls"
        return f"in {at.fixture}, behind its yield: del {target}.{name}"
    if choice.of_test_case and at.by_tests and owners.of_module(choice.place) == "runner":
        return at.after_each(f'delattr({owner}, "{name}")')
    if choice.of_test_case:
        which = f", where cls is {owner}" if at.by_tests else ""
        inside = [s for s in own if s.owner in choice.classes]
        where = _at(inside[0]) if inside else f"{owner}.setUpClass"
        return f'in {where}: cls.addClassCleanup(delattr, cls, "{name}"){which}'
    return f"in {_class_of(choice, own)}.teardown_class: del cls.{name}"


def set_by_fixture(choice: Choice, at: Situation) -> str:
    """Of an object's attribute that the fixture itself has set: there it has a name."""
    own = _own(at.setters(choice.attribute))
    targets = {setter.target for setter in own if setter.is_fixture}
    if choice.place_kind != INSTANCE or not at.fixture or len(targets) != 1 or "" in targets:
        return ""
    return f"in {at.fixture}, behind its yield: del {targets.pop()}.{choice.attribute}"


def _own(setters: Iterable[Setter | None]) -> list[Setter]:
    return [setter for setter in setters if setter is not None and not setter.is_library]


def _of_keeper(choice: Choice, let_go: str, at: Situation) -> str:
    """Of what the program has put a test into: others may read it there. A registry that still
    calls the test's methods would miss an attribute that is taken away."""
    if choice.unregistered:
        return choice.unregistered
    keeper = choice.keeper
    if keeper is None:
        return let_go
    if keeper.kind == INTERPRETER:
        return remedies.INTERPRETERS.get(keeper.text, let_go)
    is_called = any(place.attribute == "__self__" for place in choice.above)
    clear = _emptied(choice, at)
    if is_called and not clear:
        return f"unsubscribe the test when it is over: {keeper.text} calls it"
    if is_called:
        return f"once no test needs it: {clear}, or unsubscribe"
    return f"once no test needs it: {clear}; or {let_go}" if clear else let_go


def _emptied(choice: Choice, at: Situation) -> str:
    keeper, nested = choice.keeper, choice.nested
    if keeper is None:
        return ""
    if nested and not bindings.starts_empty(keeper.owner, keeper.attribute):
        is_known = nested.keys and not nested.had_entries
        return remedies.emptied((nested.value,), keeper.text + nested.keys) if is_known else ""
    return "" if choice.had_entries else remedies.emptied((keeper.value,), keeper.text)


def _class_of(choice: Choice, own: list[Setter]) -> str:
    """The class in whose methods it is set, where that is one: typed into another that derives from
    it, a method would take the place of this one's."""
    classes = {setter.owner for setter in own}
    return classes.pop() if len(classes) == 1 and classes <= choice.classes else choice.owner_name


def _at(setter: Setter) -> str:
    file = setter.file.rsplit("/", 1)[-1]
    return f"{setter.owner}.{setter.function} ({file}:{setter.lines})"
