"""Which of the places on a path is the holder: the one that a user can name and change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from reftrack import naming, owners
from reftrack.heap import Step, Told
from reftrack.model import HolderKind, Owner
from reftrack.naming import Bases, Place

TEST_CASE = "unittest.case.TestCase"
TEST_RESULT = "unittest.result.TestResult"
TEST_SUITE = "unittest.suite.BaseTestSuite"
FIXTURE = "_pytest.fixtures.FixtureDef"
UNITTESTS_OWN = frozenset({"tearDown_exceptions"})
PARAMETERS = frozenset({"_pytest.python.CallSpec", "_pytest.python.CallSpec2"})
PYTEST_ITEM = "_pytest.python.Function"
PYTEST_SESSION = "_pytest.main.Session"
MOCK = "unittest.mock"
JOINED_ATTRIBUTES = 2


def shapes(steps: Sequence[Told]) -> list[int]:
    """A number for each step, the same for two of them if their paths differ in nothing that the
    choice of a holder goes by: thousands differ in an index or a key alone."""
    known: dict[tuple[object, ...], int] = {}
    found: list[int] = []
    for before, edge, label, type_name, name in steps:
        key = (
            found[before] if found else 0,
            edge,
            label if naming.is_name(steps[before][1], edge, label, type_name) else None,
            type_name,
            name,
        )
        found.append(known.setdefault(key, len(known)))
    return found


class Choice(NamedTuple):
    """The holder of what lies at the end of a path."""

    name: str
    kind: HolderKind
    owner: Owner
    root: str
    path: list[str]
    pattern: list[str]
    fix: str
    owns_anchor: bool = False  # its edge lies above the anchor: cut, all of the anchor goes
    collateral: bool = False  # pinned through a runner's frame that another test's traceback keeps

    place: str = ""  # the name in full, with the module

    @property
    def key(self) -> tuple[str, str, str, bool]:
        """What makes groups one holder."""
        return self.name, self.place, self.kind, self.collateral


def choose(path: Sequence[Step], anchor: int, bases: Bases) -> Choice:
    """The holder on a path, and the path as text from where it can be recognised.

    `anchor` is the index of the last object on the path that is no survivor itself: ordinary
    attributes behind it are the survivors' own, and hold nothing that would outlive them.
    """
    places = naming.places(path)
    root = naming.root_text(path)
    if not places or path[0].edge == "garbage":
        return _nameless(path, root)
    outside = sum(place.step <= max(anchor, 0) + 1 for place in places)
    at, kind = _holder(places, outside, bases)
    start = _first_shown(places, at, bases)
    if start > 0 or _is_result(places[0], bases):
        root = _runner_root(places[start], bases) or root
    name = _joined(places, at, outside, kind)
    return Choice(
        name=name,
        kind=kind,
        # Also of an installed package: who runs its tests has made them theirs.
        owner="your test" if kind == "testcase-attribute" else _owner(places[at]),
        root=root,
        path=[place.text for place in places[start:]],
        pattern=[place.pattern for place in places[start:]],
        fix=_fix(name, kind, places[at], bases),
        owns_anchor=places[at].step <= anchor,
        place=f"{places[at].owner}.{places[at].attribute}",
        collateral=_is_collateral(places[at:]) if kind == "exception" else False,
    )


def _holder(places: Sequence[Place], outside: int, bases: Bases) -> tuple[int, HolderKind]:
    """The holder's place, and its kind: by what it is, or by the nature of what it keeps."""
    traceback = _first(places, lambda p: p.kind == naming.SLOT and p.attribute == "__traceback__")
    if traceback is not None and traceback > 0 and _owner(places[traceback - 1]) != "runner":
        return traceback - 1, "exception"
    attribute = _last(places, lambda p: _is_test_instance(places, p, bases))
    if attribute is not None:
        return attribute, "testcase-attribute"
    fixture = _last(places, lambda p: _is_fixture_value(p, bases))
    if fixture is not None:
        return fixture, "fixture"
    mock = _first(places, lambda p: p.owner.startswith(MOCK))
    if mock is not None:
        return (mock - 1 if mock > 0 else mock), "mock"
    cache = _last(places, lambda p: p.kind == naming.CACHE)
    if cache is not None:
        return cache, "cache"
    held = places[: max(outside, 1)]
    for kinds in ((naming.MODULE, naming.CLASS), (naming.INSTANCE,)):
        users = [k for k, place in enumerate(held) if place.kind in kinds and _is_users(place)]
        if users:
            return users[-1], _kind_of_kept(places, users[-1])
    inner = _last(held, lambda p: p.kind in NAMED_INSIDE and _is_users(p))
    if inner is not None:
        return inner, _KINDS[places[inner].kind]
    result = _last(held, lambda p: _is_result(p, bases))
    if result is not None:
        return result, "result"
    other = _last(held, lambda p: p.kind in (naming.MODULE, naming.CLASS, naming.INSTANCE))
    at = other if other is not None else len(held) - 1
    return at, _KINDS[places[at].kind]


NAMED_INSIDE = (naming.GENERATOR, naming.CLOSURE, naming.FRAME)

_KINDS: dict[str, HolderKind] = {
    naming.MODULE: "module-global",
    naming.CLASS: "class-attribute",
    naming.INSTANCE: "instance-attribute",
    naming.FRAME: "frame",
    naming.GENERATOR: "generator",
    naming.CLOSURE: "closure",
    naming.CACHE: "cache",
    naming.SLOT: "callback",
    naming.CONTAINER: "instance-attribute",
}


def _kind_of_kept(places: Sequence[Place], at: int) -> HolderKind:
    for place in places[at + 1 :]:
        if place.kind in (naming.GENERATOR, naming.CLOSURE):
            return _KINDS[place.kind]
    return _KINDS[places[at].kind]


def _first(places: Sequence[Place], test: Callable[[Place], bool]) -> int | None:
    return next((k for k, place in enumerate(places) if test(place)), None)


def _last(places: Sequence[Place], test: Callable[[Place], bool]) -> int | None:
    return next((k for k in range(len(places) - 1, -1, -1) if test(places[k])), None)


def _is_test_instance(places: Sequence[Place], place: Place, bases: Bases) -> bool:
    """An attribute of a TestCase, or of the instance that a pytest item keeps."""
    if place.kind != naming.INSTANCE:
        return False
    if naming.is_a(place.owner, TEST_CASE, bases):
        return not place.attribute.startswith("_")
    at = places.index(place)
    return (
        at > 0
        and naming.is_a(places[at - 1].owner, PYTEST_ITEM, bases)
        and places[at - 1].attribute in ("_instance", "_obj")
        and _owner(place) != "runner"
    )


def _is_fixture_value(place: Place, bases: Bases) -> bool:
    is_cache = place.attribute == "cached_result" and naming.is_a(place.owner, FIXTURE, bases)
    return is_cache or place.owner in PARAMETERS


def _is_result(place: Place, bases: Bases) -> bool:
    return place.kind == naming.INSTANCE and naming.is_a(place.owner, TEST_RESULT, bases)


def _is_collateral(places: Sequence[Place]) -> bool:
    return any(place.kind == naming.FRAME and _owner(place) == "runner" for place in places)


def _owner(place: Place) -> Owner:
    if place.owner.startswith(MOCK):
        return "library"
    return owners.of_module(place.owner)


def _is_users(place: Place) -> bool:
    return _owner(place) in ("your test", "your code")


def _first_shown(places: Sequence[Place], at: int, bases: Bases) -> int:
    """Where a reader's interest begins: at the runner's list of tests or results, if any."""
    for k in range(at, -1, -1):
        owner = places[k].owner
        if (
            naming.is_a(owner, TEST_RESULT, bases)
            or naming.is_a(owner, PYTEST_SESSION, bases)
            or (naming.is_a(owner, TEST_SUITE, bases) and places[k].attribute == "_tests")
            or naming.is_a(owner, FIXTURE, bases)
        ):
            return k
    return 0


def _runner_root(place: Place, bases: Bases) -> str | None:
    if naming.is_a(place.owner, TEST_RESULT, bases):
        return f"unittest result.{place.attribute}"
    if naming.is_a(place.owner, TEST_SUITE, bases):
        return f"unittest suite.{place.attribute}"
    if naming.is_a(place.owner, PYTEST_SESSION, bases):
        return f"pytest Session.{place.attribute}"
    if naming.is_a(place.owner, FIXTURE, bases):
        return "pytest fixture cache"
    return None


def _joined(places: Sequence[Place], at: int, outside: int, kind: HolderKind) -> str:
    """A module global with the attributes below it: "myapp.REGISTRY.items"."""
    name = places[at].text.split("[", 1)[0]
    if kind == "result":
        return f"result.{places[at].attribute}"
    if kind == "cache":
        return f"{name} (cache)"
    if places[at].kind == naming.MODULE and kind == "module-global":
        for place in places[at + 1 : min(outside, at + 1 + JOINED_ATTRIBUTES)]:
            if place.kind != naming.INSTANCE or not _is_users(place):
                break
            name += f".{place.attribute}"
    return name


def _nameless(path: Sequence[Step], root: str) -> Choice:
    first = path[0]
    kind: HolderKind = "unreachable" if first.edge == "garbage" else "c-reference"
    last = path[-1]
    if first.edge == "garbage":
        root = f"unreachable {first.type}"
    elif first.type == "Context":
        kind, root = "context", f"a context variable's value ({last.type})"
    elif first.edge == "modules":
        kind = "module-global"
    elif first.edge == "frame":
        kind = "frame"
    return Choice(
        name=root,
        kind=kind,
        owner=owners.of_module(last.name or last.type),
        root=root,
        path=[last.type],
        pattern=[last.type],
        fix=GARBAGE_FIX if kind == "unreachable" else "",
    )


GARBAGE_FIX = "gc.unfreeze(), or break the cycle: the collector does not see it"


def _fix(name: str, kind: HolderKind, place: Place, bases: Bases) -> str:
    owner = place.text.split(".", 1)[0]
    if kind == "testcase-attribute" and naming.is_a(place.owner, TEST_CASE, bases):
        return f'in {owner}: self.addCleanup(delattr, self, "{place.attribute}")'
    if kind == "testcase-attribute":
        return f"in {owner}: def teardown_method(self): del self.{place.attribute}"
    if place.attribute in UNITTESTS_OWN:
        return ""
    if kind == "class-attribute" and naming.is_a(place.owner, TEST_CASE, bases):
        return f"in {owner}.tearDownClass: del cls.{place.attribute}"
    if kind == "cache" and place.attribute:
        return f"after each test: {name.removesuffix(' (cache)')}.cache_clear()"
    if kind == "exception":
        return f"keep str(error), or clear {name} after the test: its traceback keeps every frame"
    if kind == "mock":
        return f"stop the patch of {name}: self.addCleanup(patcher.stop)"
    if kind == "module-global" and _is_users(place):
        return f"clear {name} after each test"
    return ""
