"""What a place is: whose it is, and what kind of thing it belongs to. Pure predicates on places."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reftrack import naming, owners
from reftrack.model import Owner
from reftrack.naming import Bases, Place
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

TEST_CASE = "unittest.case.TestCase"
TESTS_BEGIN = "Test"
"""How classes are called that pytest collects, whatever they derive from."""
SUB_TEST = "unittest.case._SubTest"
TEST_RESULTS = {
    "unittest.result.TestResult": "unittest",
    "nose2.plugins.mp.RecordingPluginInterface": "nose2",
    "nose2.plugins.result.ResultReporter": "nose2",
}
"""What runners keep outcomes in, with the tests that had them; and what they are called."""
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
RESULTS_OWN = frozenset(
    {
        "collectedDurations",
        "errors",
        "expectedFailures",
        "failures",
        "skipped",
        "unexpectedSuccesses",
    }
)
"""Attributes of a result that unittest fills: tests that a user's line has made among them."""
PARAMETERS = frozenset({"_pytest.python.CallSpec", "_pytest.python.CallSpec2"})
PYTEST_ITEM = "_pytest.python.Function"
PYTEST_NODE = "_pytest.nodes.Node"
PYTEST_SESSION = "_pytest.main.Session"
FUNCARGS = "funcargs"
MOCK = "unittest.mock"
MOCK_RECORDS = frozenset(
    {"_mock_call_args", "_mock_call_args_list", "_mock_mock_calls", "method_calls"}
)
PATCH = "unittest.mock._patch"
AUTOSPECCED = frozenset({"call_args_list", "mock_calls", "call_args", "method_calls", "mock"})
"""Attributes of the functions that create_autospec() makes."""
MOCK_AWAITS = frozenset({"_mock_await_args", "_mock_await_args_list"})
EMPTIED = ("dict", "list", "set", "bytearray", "collections.deque")
"""Containers that can be emptied, with those that derive from them."""
CONTAINERS = (
    "_thread._local",
    "argparse.Namespace",
    "collections.ChainMap",
    "collections.UserDict",
    "collections.UserList",
    "queue.LifoQueue",
    "queue.PriorityQueue",
    "queue.Queue",
    "types.SimpleNamespace",
    "weakref.WeakKeyDictionary",
    "weakref.WeakValueDictionary",
    "_weakrefset.WeakSet",
)
"""Of libraries, to put things into: a `WeakKeyDictionary.data` says nothing, its owner does."""
DESCRIPTORS = ("django.db.models.manager.ManagerDescriptor", "django.test.testcases.TestData")
"""What stands on a class for what its attribute gives: their own are out of reach."""
CONTAINER_MODULES = ("collections", "queue", "weakref", "_weakrefset")
IMPORT_SYSTEMS = ("__loader__", "__spec__")
"""What the import system has put into each module: pytest's loader leads to its session."""
NAMED_INSIDE = (naming.GENERATOR, naming.CLOSURE, naming.FRAME)


def first(places: Sequence[Place], test: Callable[[Place], bool]) -> int | None:
    for k, place in enumerate(places):
        if test(place):
            return k
    return None


def last(places: Sequence[Place], test: Callable[[Place], bool]) -> int | None:
    for k in range(len(places) - 1, -1, -1):
        if test(places[k]):
            return k
    return None


def is_test_instance(places: Sequence[Place], place: Place, bases: Bases) -> bool:
    """An attribute of a TestCase, or of the instance that a pytest item keeps."""
    if place.kind != naming.INSTANCE:
        return False
    if naming.is_a(place.owner, TEST_CASE, bases):
        return place.attribute not in UNITTESTS_OWN and owner_of(place) != "runner"
    at = places.index(place)
    return (
        at > 0
        and naming.is_a(places[at - 1].owner, PYTEST_ITEM, bases)
        and places[at - 1].attribute in ("_instance", "_obj")
        and owner_of(place) != "runner"
    )


def is_class_of_tests(place: Place, bases: Bases) -> bool:
    if naming.is_a(place.owner, TEST_CASE, bases):
        return True
    of_class = place.kind in (naming.CLASS, naming.INSTANCE)
    return of_class and place.owner.rpartition(".")[2].startswith(TESTS_BEGIN)


def is_fixture_value(place: Place, bases: Bases) -> bool:
    if naming.is_a(place.owner, PYTEST_ITEM, bases):
        return place.attribute == FUNCARGS and place.item != ""
    if naming.is_a(place.owner, FIXTURE, bases):
        return place.attribute in ("cached_result", "_finalizers")
    return place.owner in PARAMETERS


def is_result(place: Place, bases: Bases) -> bool:
    return place.kind == naming.INSTANCE and whose_result(place, bases) != ""


def whose_result(place: Place, bases: Bases) -> str:
    """What the runner is called whose result it is; empty where it is none."""
    known = TEST_RESULTS.items()
    return next((name for cls, name in known if naming.is_a(place.owner, cls, bases)), "")


def runners_frame(places: Sequence[Place]) -> Place | None:
    """The first frame of a runner's that a traceback leads through, outwards: what its own frames
    have called, such as assertEqual(), is the test's."""
    back = first(places, lambda place: place.attribute == "f_back")
    outer = places[len(places) if back is None else back :]
    return next((p for p in outer if p.kind == naming.FRAME and owner_of(p) == "runner"), None)


def owner_of(place: Place) -> Owner:
    if place.owner.startswith(MOCK):
        return "library"
    if place.kind in (naming.CONTEXT, naming.INTERPRETER):
        return "your code"
    return owners.of_module(place.owner)


def is_users(place: Place) -> bool:
    return owner_of(place) in ("your test", "your code")


def is_users_own(place: Place) -> bool:
    """A name that the user's own code has given: of a module, a class, a function's variable."""
    if place.kind in (naming.CONTEXT, naming.INTERPRETER):
        return True
    if place.kind == naming.MODULE and place.attribute in IMPORT_SYSTEMS:
        return False
    kinds = (naming.MODULE, naming.CLASS, naming.DEFAULT, *NAMED_INSIDE)
    return place.kind in kinds and is_users(place)


def can_be_emptied(type_name: str, bases: Bases) -> bool:
    return any(naming.is_a(type_name, known, bases) for known in EMPTIED)


def is_public_container(place: Place, bases: Bases) -> bool:
    """An attribute that a library's object shows, and what users put things into."""
    is_public = place.kind == naming.INSTANCE and not place.attribute.startswith("_")
    return (
        is_public
        and can_be_emptied(place.value, bases)
        and place.owner not in DESCRIPTORS
        and place.owner.partition(".")[0] not in CONTAINER_MODULES
    )


def is_mocks(type_name: str, but: tuple[str, ...] = ()) -> bool:
    return type_name.startswith(MOCK) and not type_name.startswith(but)


def is_private(name: str) -> bool:
    return any(part.startswith("_") for part in name.split("."))


def is_never_stopped(places: Sequence[Place]) -> bool:
    """A patch that runs is in a list of `unittest.mock`'s. A decorator's own patch stays with its
    function when it has been stopped, and one of a dict keeps a copy of that."""
    return any(place.attribute == "_active_patches" for place in places)


def patched(places: Sequence[Place]) -> str:
    """What a patch that was never stopped has replaced: "json.dumps"."""
    called = next((place.called for place in places if place.owner == PATCH and place.called), "")
    target, _, attribute = called.rpartition(" ")
    return f"{naming.in_short(target)}.{attribute}" if target else called
