"""Which of the places on a path is the holder: the one that a user can name and change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from reftrack import cutting, finding, naming, owners, reaching, rules, titles
from reftrack.cutting import NOWHERE
from reftrack.finding import Found
from reftrack.heap import Part, Step
from reftrack.model import HolderKind, Owner
from reftrack.naming import Bases, Place
from reftrack.reaching import Nested
from reftrack.rules import Rule
from reftrack.traits import (
    CONTAINERS,
    FIXTURE,
    PYTEST_SESSION,
    TEST_CASE,
    TEST_SUITE,
    is_class_of_tests,
    is_never_stopped,
    is_result,
    last,
    owner_of,
    runners_frame,
    whose_result,
)
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

Key = tuple[str, str, bool]
"""What makes groups one holder: its name, its place in full, and whether it is collateral."""


class Choice(NamedTuple):
    """The holder of what lies at the end of a path."""

    name: str
    kind: HolderKind
    owner: Owner
    root: str
    path: list[str]
    pattern: list[str]
    step: int = NOWHERE  # index on the path of the step that the edge to be cut leads to
    part: Part | None = None  # with that edge others are cut
    owns_anchor: bool = False  # its edge lies above the anchor, or it is emptied: all of that goes
    collateral: bool = False  # pinned through a runner's frame that another test's traceback keeps
    place: str = ""  # the name in full, with the module
    rule: Rule | None = None
    fix: str = ""  # the rule's, in words
    exact: tuple[str, str] = ("", "")  # name and fix of this one owner, where the rule has them
    place_kind: str = ""
    attribute: str = ""  # the last part of the name
    owner_name: str = ""  # the first part, of an attribute
    classes: frozenset[str] = frozenset()  # the owner's, with those it derives from
    holder_name: str = ""  # without what a mock or a cache adds to it
    value: str = ""  # type of what the holder's edge leads to
    item: str = ""  # type of what is in it, where that is a container
    of_test_case: bool = False
    of_tests: bool = False  # the owner is a class of tests
    made_here: bool = False  # what it leads to was made by the scope that left the survivors
    put_by_test: bool = False  # what it leads to was made by a test, this one or another
    is_older: bool = False  # what it leads to was there before any test or fixture
    leads_to: int = -1  # index on the path of the step to that
    had_entries: bool = False  # that is a container, and not all in it is of tests
    patched: bool = False  # a mock that the test itself put there
    attribute_of_local: bool = False  # of a threading.local
    keeper: Place | None = None  # of a test's attribute: the user's place that refers to the test
    filled: Place | None = None  # the user's own container that refers to the survivors
    filled_by: Owner = "your code"  # whose place it is that refers to the survivors
    cleared: str = ""  # the name by which a functools cache can be reached
    cell: str = ""  # the code by which a variable of a closure can
    kinds: tuple[str, ...] = ()  # that type `value`, with those it derives from
    item_kinds: tuple[str, ...] = ()
    owner_kinds: tuple[str, ...] = ()  # of what has the last part of the name
    unregistered: str = ""  # what takes it, or the test, out of a framework's registry
    above: tuple[Place, ...] = ()  # the places that lead to the holder's
    below: tuple[Place, ...] = ()  # and those that it leads to
    inner: tuple[int, int] = (0, 0)  # indexes of steps to containers in it from before the tests
    nested: Nested | None = None  # what of these all survivors lie in, or that they differ
    inner_object: Place | None = None  # of an older object in a container, what leads to survivors
    inner_depth: int = 0  # how many containers that object is in
    sets_inner: bool = False  # it was set by a test, and not filled
    joined: bool = False  # the name goes on with attributes of what the place leads to
    keyed: bool = False  # what refers to the survivors has them by keys, as a cache has
    of_deque: bool = False  # it is a deque, or in one

    @property
    def key(self) -> Key:
        """What makes groups one holder, whatever the nature of what it keeps."""
        return self.name, self.place, self.collateral


class Survivor(NamedTuple):
    """Where on its path a survivor begins. `anchor`: the index of the last object that is none of
    its scope's; `first`: of the first that any test or fixture made, -1 without one; `own`: was
    that made by its scope?"""

    anchor: int
    first: int = -1
    own: bool = True

    @property
    def edge(self) -> int:
        """The index of the first object whose name is the survivors' own affair; the table of an
        older object's attributes is none."""
        return max(self.anchor, 0) + 1 if self.first < 0 else self.first


def choose(path: Sequence[Step], survivor: Survivor, bases: Bases) -> Choice:
    """The holder on a path, and the path as text from where it can be recognised.

    Ordinary attributes of what tests made are those objects' own affair: they hold nothing that
    would outlive them.
    """
    places = naming.places(path, bases)
    root = naming.root_text(path)
    if not places or path[0].edge == "garbage" or _is_only_held_by_c(path, places, survivor):
        return _injected(_nameless(path, root), path, survivor)
    outside = sum(place.step <= survivor.edge for place in places)
    found = finding.find(path, places, outside, bases)
    at, kind, place = found.at, found.kind, places[found.at]
    start = _first_shown(places, at, bases)
    if start > 0 or is_result(places[0], bases) or rules.root_of(places[0], bases):
        root = _known_root(places[start], bases) or root
    shown = _without_repeats(places[start:])
    end = titles.last_joined(places[:outside], at, kind, survivor.first, bases)
    first, anchor = survivor.first, survivor.anchor
    step, part = cutting.to_cut(path, places, found, end, first, anchor, bases)
    owner = _owner(place, kind)
    rule = _known_rule(found, owner) or _steady_rule(place, owner, bases)
    of_test = kind == "testcase-attribute"
    keeper = reaching.keeper(places, at, bases) if of_test else None
    leads_to = places[end].step if keeper is None else keeper.step
    value, item = places[end].value, places[end].item
    made_here = survivor.own and places[end].step == survivor.first
    inner_object = reaching.inner_object(places, end, survivor.first)
    choice = Choice(
        name=titles.title(places, at, end, kind, found.rule),
        kind=kind,
        owner=owner,
        root=root,
        path=[place.text for place in shown],
        pattern=[place.pattern for place in shown],
        step=step,
        part=part,
        owns_anchor=NOWHERE < step <= survivor.anchor,
        collateral=kind == "exception" and _is_collateral(places[at:], survivor),
        place=found.rule.name if found.rule else _place_in_full(place, kind),
        rule=rule,
        fix=rules.words(rule.fix, places, at) if rule else "",
        exact=titles.exact(places, at, found.rule),
        place_kind=place.kind,
        attribute=places[end].attribute,
        owner_name=naming.without_subscripts(place.text).rpartition(".")[0],
        classes=frozenset(
            name.rpartition(".")[2] for name in bases.get(place.owner, (place.owner,))
        ),
        holder_name=titles.reached(places, at, end)
        if kind == "mock"
        else titles.plain(places, at, end),
        value=value,
        item=item,
        of_test_case=naming.is_a(place.owner, TEST_CASE, bases),
        of_tests=is_class_of_tests(place, bases),
        made_here=made_here,
        put_by_test=places[end].step == survivor.first,
        is_older=survivor.first < 0 or places[end].step < survivor.first,
        leads_to=leads_to,
        of_deque=any(
            naming.is_a(path[k].type, "collections.deque", bases)
            for k in (leads_to, step)
            if 0 <= k < len(path)
        ),
        patched=kind == "mock" and (made_here or _is_patched(places, place, owner)),
        attribute_of_local=places[end].owner == naming.LOCAL_TYPE,
        cleared=_name_of_cache(path, places, at) if place.kind == naming.CACHE else "",
        joined=end > at,
        keyed=_is_keyed(path, max(survivor.anchor, 0), bases),
        keeper=keeper,
        filled_by=_filled_by(places[: max(outside, 1)]),
        filled=_filled(places, survivor),
        cell=reaching.cell(path, places, at),
        kinds=bases.get(value, (value,)),
        item_kinds=bases.get(item, (item,)),
        owner_kinds=bases.get(places[end].owner, (places[end].owner,)),
        unregistered=reaching.unregistered(places[:at], bases)
        if of_test
        else reaching.unregistered(places[: outside + 1], bases, end),
        above=tuple(places[:at]),
        below=tuple(places[end + 1 :]),
        inner=reaching.inner(path, leads_to, survivor.first, survivor.anchor),
        inner_object=inner_object,
        inner_depth=places[end].text.count("[") if inner_object is not None else 0,
        sets_inner=inner_object is not None and inner_object.step == survivor.first,
    )
    return _injected(choice, path, survivor)


def _name_of_cache(path: Sequence[Step], places: Sequence[Place], at: int) -> str:
    """What leads to the wrapper that lru_cache() made: the attribute of a module or class, or of
    what such a one leads to. Behind another wrapper, whatever that is called, there is no
    cache_clear()."""
    named = last(places[:at], lambda place: place.owner not in PASSED_ON)
    before = places[named or 0]
    if named is None or before.kind not in (naming.MODULE, naming.CLASS) or "[" in before.text:
        return titles.from_module(places, at)
    between = {step.type for step in path[before.step : places[at].step - 1]}
    return before.text if between <= PASSED_ON else ""


PASSED_ON = frozenset({"classmethod", "staticmethod"})
"""What hands on the attributes of the function in it."""


def _is_keyed(path: Sequence[Step], anchor: int, bases: Bases) -> bool:
    """Does what refers to the survivors have them by keys, as a cache has? A dict that is in
    another container can be of a free list, no older than what is in it."""
    at = anchor
    while 1 < at < len(path) and path[at].type == "dict" and _is_element(path, at):
        at -= 1
    return at < len(path) and naming.is_a(path[at].type, "dict", bases)


def _is_element(path: Sequence[Step], at: int) -> bool:
    by_place = path[at].edge in ("index", "member", "key", "item")
    return (by_place or path[at - 1].type in naming.SEQUENCES) and path[at - 1].edge != "dict"


def _is_collateral(places: Sequence[Place], survivor: Survivor) -> bool:
    """Is what survives another's, or does it begin behind the runner's frame that is kept?"""
    frame = runners_frame(places)
    return frame is not None and (not survivor.own or survivor.first > frame.step)


def _is_patched(places: Sequence[Place], place: Place, owner: Owner) -> bool:
    """Nothing but a patch puts a mock into a library's module or class."""
    replaced = owner == "library" and place.kind in (naming.MODULE, naming.CLASS)
    return replaced or is_never_stopped(places)


def _owner(place: Place, kind: HolderKind) -> Owner:
    """Also of an installed package: who runs its tests has made them theirs. A logger is a
    library's, pytest's handler in it is the runner's."""
    if kind == "testcase-attribute":
        return "your test"
    item = owners.of_module(place.item) if "." in place.item else "library"
    return "runner" if item == "runner" and owner_of(place) == "library" else owner_of(place)


def _filled(places: Sequence[Place], survivor: Survivor) -> Place | None:
    above = [place for place in places if place.step <= survivor.anchor]
    at = finding.last_of_users(above, (naming.INSTANCE,))
    return None if at is None else above[at]


def _filled_by(held: Sequence[Place]) -> Owner:
    """Whose place refers to the survivors: not a container's that is written in Python."""
    at = last(held, lambda place: place.owner not in CONTAINERS)
    return owner_of(held[-1 if at is None else at])


def _place_in_full(place: Place, kind: HolderKind) -> str:
    # What a patch replaced is one holder, whether the module still has it or the patch.
    return "" if kind == "mock" else f"{place.owner}.{place.attribute}"


def _is_only_held_by_c(path: Sequence[Step], places: Sequence[Place], survivor: Survivor) -> bool:
    """Does nothing but code in C refer to the survivor, whatever it has itself, or to containers
    around it? These may be of a free list, and older than what is in them."""
    if path[0].edge != "c" or places[0].attribute == "__self__":
        return False
    if places[0].kind == naming.CONTAINER:
        return all(place.step > survivor.edge for place in places[1:])
    return places[0].kind == naming.INSTANCE and 0 in (survivor.anchor + 1, survivor.first)


def _injected(choice: Choice, path: Sequence[Step], survivor: Survivor) -> Choice:
    """A whole module that a test put among the loaded ones, or what stands in for one: it is there
    that it is kept, whatever it has in it."""
    if survivor.first != 1 or path[0].edge != "modules" or path[1].edge != "key":
        return choice
    module = repr(path[1].label)
    fix = "self.addCleanup(sys.modules.pop, {}), as by del sys.modules[{}]"
    return choice._replace(
        name="sys.modules",
        kind="module-global",
        owner="your test",
        root="the interpreter",
        place="sys.modules",
        rule=None,
        place_kind=naming.MODULE,
        fix=fix.format("name", "name"),
        exact=(f"sys.modules[{module}]", fix.format(module, module)),
        step=1,
        part=None,
    )


def _known_rule(found: Found, owner: Owner) -> Rule | None:
    """What a runner has put into a library's place is bookkeeping, whatever rule is for that."""
    owned_by = found.rule.owners if found.rule is not None else ()
    of_runner = any(owners.of_module(name) == "runner" for name in owned_by)
    # What the interpreter has of a class is nobody else's, whosever the class is.
    of_interpreter = found.rule is not None and found.rule.root == "the interpreter"
    return found.rule if owner != "runner" or of_runner or of_interpreter else None


def _steady_rule(place: Place, owner: Owner, bases: Bases) -> Rule | None:
    known = rules.rule_for(place, bases, rules.IN_STEADY)
    return known or (rules.RUNNER_INTERNALS if owner == "runner" else None)


def _first_shown(places: Sequence[Place], at: int, bases: Bases) -> int:
    """Where a reader's interest begins: at the runner's list of tests or results, if any."""
    for k in range(at, -1, -1):
        owner = places[k].owner
        if rules.root_of(places[k], bases):
            return k
        if (
            whose_result(places[k], bases)
            or naming.is_a(owner, PYTEST_SESSION, bases)
            or (naming.is_a(owner, TEST_SUITE, bases) and places[k].attribute == "_tests")
            or naming.is_a(owner, FIXTURE, bases)
        ):
            return k
    return 0


def _without_repeats(places: Sequence[Place]) -> list[Place]:
    """Without the place that refers to a functools cache where that is called the same."""
    after = [*places[1:], None]
    return [
        place
        for place, of in zip(places, after, strict=True)
        if of is None or of.kind != naming.CACHE or naming.without_subscripts(of.text) != place.text
    ]


def _known_root(place: Place, bases: Bases) -> str | None:
    if root := rules.root_of(place, bases):
        return root
    if whose := whose_result(place, bases):
        return f"{whose} result.{place.attribute}"
    if naming.is_a(place.owner, TEST_SUITE, bases):
        return f"unittest suite.{place.attribute}"
    if naming.is_a(place.owner, PYTEST_SESSION, bases):
        return f"pytest Session.{place.attribute}"
    if naming.is_a(place.owner, FIXTURE, bases):
        return "pytest fixture cache"
    return None


def _nameless(path: Sequence[Step], root: str) -> Choice:
    first, last = path[0], path[-1]
    kind: HolderKind = "unreachable" if first.edge == "garbage" else "c-reference"
    if first.edge == "garbage":
        root = f"unreachable {first.type}"
    elif first.edge == "interpreter":
        kind = "context" if first.label == "context" else "callback"
    elif first.edge == "modules":
        kind = "module-global"
    elif first.edge in ("frame", "thread"):
        kind = "thread" if first.edge == "thread" else "frame"
    return Choice(
        name=root,
        kind=kind,
        owner=owners.of_module(last.name or last.type),
        root=root,
        path=[last.type] if len(path) > 1 else [],
        pattern=[last.type] if len(path) > 1 else [],
        step=len(path) - 1,
    )
