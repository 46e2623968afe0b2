"""Which of the places on a path is the holder: the one that a user can name and change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from reftrack import naming, owners, rules
from reftrack.heap import Step, Told
from reftrack.model import HolderKind, Owner
from reftrack.naming import Bases, Place
from reftrack.rules import Rule

TEST_CASE = "unittest.case.TestCase"
TEST_RESULT = "unittest.result.TestResult"
TEST_SUITE = "unittest.suite.BaseTestSuite"
FIXTURE = "_pytest.fixtures.FixtureDef"
UNITTESTS_OWN = frozenset(
    {
        "_asyncioRunner",
        "_asyncioTestContext",
        "_cleanups",
        "_class_cleanups",
        "_outcome",
        "_subtest",
        "_testMethodDoc",
        "_testMethodName",
        "_type_equality_funcs",
        "tearDown_exceptions",
    }
)
PARAMETERS = frozenset({"_pytest.python.CallSpec", "_pytest.python.CallSpec2"})
PYTEST_ITEM = "_pytest.python.Function"
PYTEST_SESSION = "_pytest.main.Session"
MOCK = "unittest.mock"
MOCK_RECORDS = frozenset(
    {"_mock_call_args", "_mock_call_args_list", "_mock_mock_calls", "method_calls"}
)
MOCK_AWAITS = frozenset({"_mock_await_args", "_mock_await_args_list"})
JOINED_ATTRIBUTES = 2


def shapes(steps: Sequence[Told]) -> list[int]:
    """A number for each step, the same for two of them if their paths differ in nothing that the
    choice of a holder goes by: thousands differ in an index or a key alone."""
    known: dict[tuple[object, ...], int] = {}
    found: list[int] = []
    for before, edge, label, type_name, name in steps:
        above = steps[before]
        named = naming.is_name(above[1], edge, label, type_name)
        in_local = edge == "key" and steps[above[0]][3] == naming.LOCAL_TYPE
        key = (
            found[before] if found else 0,
            edge,
            label if named or (in_local and type(label) is str) else None,
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
    step: int = -1  # index on the path of the step that the holder's edge leads to
    owns_anchor: bool = False  # its edge lies above the anchor: cut, all of the anchor goes
    collateral: bool = False  # pinned through a runner's frame that another test's traceback keeps
    place: str = ""  # the name in full, with the module
    rule: Rule | None = None
    fix: str = ""  # the rule's, in words
    place_kind: str = ""
    attribute: str = ""  # the last part of the name
    owner_name: str = ""  # the first part, of an attribute
    holder_name: str = ""  # without what a mock or a cache adds to it
    value: str = ""  # type of what the holder's edge leads to
    of_test_case: bool = False
    of_tests: bool = False  # the owner is a class of tests
    patched: bool = False  # a mock that the test itself put there
    attribute_of_local: bool = False  # of a threading.local

    @property
    def key(self) -> tuple[str, str, str, bool]:
        """What makes groups one holder."""
        return self.name, self.place, self.kind, self.collateral


class Found(NamedTuple):
    """The holder's place, by its index, its kind, and the rule that recognised it, if one did."""

    at: int
    kind: HolderKind
    rule: Rule | None = None


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
    found = _holder(path, places, outside, bases)
    at, kind, place = found.at, found.kind, places[found.at]
    start = _first_shown(places, at, bases)
    if start > 0 or _is_result(places[0], bases):
        root = _runner_root(places[start], bases) or root
    last = _last_joined(places, at, outside, kind)
    owner: Owner = "your test" if kind == "testcase-attribute" else _owner(place)
    rule = found.rule or _steady_rule(place, owner, bases)
    return Choice(
        name=_name(places, at, last, found, root),
        kind=kind,
        # Also of an installed package: who runs its tests has made them theirs.
        owner=owner,
        root=root,
        path=[place.text for place in places[start:]],
        pattern=[place.pattern for place in places[start:]],
        step=place.step,
        owns_anchor=place.step <= anchor,
        collateral=_is_collateral(places[at:]) if kind == "exception" else False,
        place=f"{place.owner}.{place.attribute}",
        rule=rule,
        fix=rules.words(rule.fix, places, at) if rule else "",
        place_kind=place.kind,
        attribute=places[last].attribute,
        owner_name=naming.without_subscripts(place.text).rpartition(".")[0],
        holder_name=_plain_name(places, at, last),
        value=places[last].value,
        of_test_case=naming.is_a(place.owner, TEST_CASE, bases),
        of_tests=_is_class_of_tests(place, bases),
        patched=kind == "mock" and place.step > anchor,
        attribute_of_local=places[last].owner == naming.LOCAL_TYPE,
    )


def _holder(path: Sequence[Step], places: Sequence[Place], outside: int, bases: Bases) -> Found:
    """The holder's place, and its kind: by what it is, or by the nature of what it keeps."""
    for special in (_exception, _test_attribute, _fixture, _mock, _cache):
        found = special(places, bases)
        if found is not None:
            return found
    held = places[: max(outside, 1)]
    named = _last(held, _is_users_own)
    known = rules.last_match(held, bases)
    if known is not None and (named is None or known[0] > named):
        return Found(known[0], known[1].kind, known[1])
    if named is not None:
        return Found(named, _kind_of_kept(places, named))
    for kinds in ((naming.INSTANCE,), NAMED_INSIDE):
        inner = _last(held, lambda p, kinds=kinds: p.kind in kinds and _is_users(p))  # type: ignore[misc]
        if inner is not None:
            return Found(inner, _kind_of_frame(path, places, inner))
    result = _last(held, lambda p: _is_result(p, bases))
    if result is not None:
        return Found(result, "result")
    other = _last(held, lambda p: p.kind in (naming.MODULE, naming.CLASS, naming.INSTANCE))
    at = other if other is not None else len(held) - 1
    return Found(at, _KINDS[places[at].kind])


def _exception(places: Sequence[Place], bases: Bases) -> Found | None:
    at = _first(places, lambda p: p.kind == naming.SLOT and p.attribute == "__traceback__")
    if at is None or at == 0 or _owner(places[at - 1]) == "runner":
        return None
    return Found(at - 1, "exception", rules.rule_for(places[at - 1], bases, rules.FRAMEWORKS))


def _test_attribute(places: Sequence[Place], bases: Bases) -> Found | None:
    at = _last(places, lambda p: _is_test_instance(places, p, bases))
    return None if at is None else Found(at, "testcase-attribute")


def _fixture(places: Sequence[Place], bases: Bases) -> Found | None:
    at = _last(places, lambda p: _is_fixture_value(p, bases))
    return None if at is None else Found(at, "fixture")


def _mock(places: Sequence[Place], bases: Bases) -> Found | None:
    at = _first(places, lambda p: p.owner.startswith(MOCK))
    return None if at is None else Found(max(at - 1, 0), "mock")


def _cache(places: Sequence[Place], bases: Bases) -> Found | None:
    at = _last(places, lambda p: p.kind == naming.CACHE)
    return None if at is None else Found(at, "cache")


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
    naming.CONTEXT: "context",
    naming.DEFAULT: "closure",
    naming.INTERPRETER: "callback",
}


def _is_users_own(place: Place) -> bool:
    """A name that the user's own code has given, for good: of a module, a class, a default."""
    if place.kind in (naming.CONTEXT, naming.INTERPRETER):
        return True
    return place.kind in (naming.MODULE, naming.CLASS, naming.DEFAULT) and _is_users(place)


def _kind_of_kept(places: Sequence[Place], at: int) -> HolderKind:
    for place in places[at + 1 :]:
        if place.kind in (naming.GENERATOR, naming.CLOSURE):
            return _KINDS[place.kind]
    return _KINDS[places[at].kind]


def _kind_of_frame(path: Sequence[Step], places: Sequence[Place], at: int) -> HolderKind:
    kind = _KINDS[places[at].kind]
    return "thread" if kind == "frame" and path[0].edge == "thread" else kind


def _first(places: Sequence[Place], test: Callable[[Place], bool]) -> int | None:
    return next((k for k, place in enumerate(places) if test(place)), None)


def _last(places: Sequence[Place], test: Callable[[Place], bool]) -> int | None:
    return next((k for k in range(len(places) - 1, -1, -1) if test(places[k])), None)


def _is_test_instance(places: Sequence[Place], place: Place, bases: Bases) -> bool:
    """An attribute of a TestCase, or of the instance that a pytest item keeps."""
    if place.kind != naming.INSTANCE:
        return False
    if naming.is_a(place.owner, TEST_CASE, bases):
        return place.attribute not in UNITTESTS_OWN
    at = places.index(place)
    return (
        at > 0
        and naming.is_a(places[at - 1].owner, PYTEST_ITEM, bases)
        and places[at - 1].attribute in ("_instance", "_obj")
        and _owner(place) != "runner"
    )


def _is_class_of_tests(place: Place, bases: Bases) -> bool:
    if naming.is_a(place.owner, TEST_CASE, bases):
        return True
    return place.kind == naming.CLASS and place.owner.rpartition(".")[2].startswith("Test")


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
    if place.kind in (naming.CONTEXT, naming.INTERPRETER):
        return "your code"
    return owners.of_module(place.owner)


def _is_users(place: Place) -> bool:
    return _owner(place) in ("your test", "your code")


def _steady_rule(place: Place, owner: Owner, bases: Bases) -> Rule | None:
    if owner != "runner":
        return None
    return rules.rule_for(place, bases, rules.STEADY) or rules.RUNNER_INTERNALS


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


# The name of a holder


def _name(places: Sequence[Place], at: int, last: int, found: Found, root: str) -> str:
    if found.rule is not None:
        return rules.words(found.rule.title, places, at)
    if found.kind == "result":
        return f"result.{places[at].attribute}"
    name = _plain_name(places, at, last)
    if found.kind == "cache":
        return f"{name} (cache)"
    return _mock_name(name, places, at) if found.kind == "mock" else name


def _plain_name(places: Sequence[Place], at: int, last: int) -> str:
    name = naming.without_subscripts(places[at].text)
    return ".".join([name, *(place.attribute for place in places[at + 1 : last + 1])])


def _last_joined(places: Sequence[Place], at: int, outside: int, kind: HolderKind) -> int:
    """A module global's or class attribute's name goes on with the attributes of what it leads to,
    as long as they are the user's own: "myapp.REGISTRY.items"."""
    last = at
    if places[at].kind in (naming.MODULE, naming.CLASS) and kind not in ("mock", "exception"):
        for place in places[at + 1 : min(outside, at + 1 + JOINED_ATTRIBUTES)]:
            is_own = _is_users(place) or place.owner == naming.LOCAL_TYPE
            if place.kind != naming.INSTANCE or not is_own or "[" in places[last].text:
                break
            last += 1
    return last


def _mock_name(name: str, places: Sequence[Place], at: int) -> str:
    """As the mock's user would write it: `CLIENT.send.call_args_list`, not the private attributes."""
    for place in places[at:]:
        if not place.owner.startswith(MOCK):
            continue
        if place.attribute in MOCK_RECORDS:
            return f"{name}{'.' + place.call if place.call else ''}.call_args_list"
        if place.attribute in MOCK_AWAITS:
            return f"{name}.await_args_list"
        if place.attribute == "_mock_children":
            name += "." + naming.last_key(place.text).strip("'")
        elif place.attribute.endswith("return_value"):
            name += ".return_value"
        elif place.attribute in ("_mock_side_effect", "_mock_wraps"):
            return name + place.attribute.removeprefix("_mock").replace("_", ".", 1)
    return name


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
