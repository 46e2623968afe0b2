"""Names and holders from hand-made paths: plain data in, words out."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import pytest

from reftrack import choosing, fixes, naming
from reftrack.heap import Step
from reftrack.model import HolderKind
from scoped import module

BASES = {
    "app.test_x.T": ("app.test_x.T", "unittest.case.TestCase", "object"),
    "unittest.runner.TextTestResult": (
        "unittest.runner.TextTestResult",
        "unittest.result.TestResult",
        "object",
    ),
    "unittest.suite.TestSuite": ("unittest.suite.TestSuite", "unittest.suite.BaseTestSuite"),
}

Path = list[Step]


@pytest.fixture(autouse=True)
def app() -> Iterator[ModuleType]:
    """The modules that the paths speak of are the user's own."""
    with module("app") as made, module("app.test_x") as tests:
        made.__file__, tests.__file__ = "/home/me/app/__init__.py", "/home/me/app/test_x.py"
        yield made


def loaded(name: str) -> Path:
    """From the root to a module's namespace."""
    return [
        Step("modules", None, "dict", None),
        Step("key", name, "module", name),
        Step("dict", None, "dict", None),
    ]


def attribute(name: str, type: str = "app.Thing", own: str | None = None) -> Path:
    """An attribute kept in the namespace dict that comes before it."""
    return [Step("key", name, type, own)]


def field(name: str, type: str = "app.Thing", own: str | None = None) -> Path:
    return [Step("attr", name, type, own)]


def texts(path: Path) -> list[str]:
    return [place.text for place in naming.places(path)]


BLOB = Step("index", 0, "bytearray", None)
FUNCTION = Step("key", "f", "function", "app.f")

PLACES: dict[str, tuple[Path, list[str]]] = {
    "global": (loaded("app") + attribute("CACHE"), ["app.CACHE"]),
    "key": (
        [*loaded("app"), *attribute("CACHE", "dict"), Step("key", "k", "app.Thing", None)],
        ["app.CACHE['k']"],
    ),
    "key of a user's type": (
        [*loaded("app"), *attribute("CACHE", "dict"), Step("key", ["app.K"], "app.Thing", None)],
        ["app.CACHE[<K>]"],
    ),
    "long key": (
        [*loaded("app"), *attribute("CACHE", "dict"), Step("key", "k" * 99, "app.Thing", None)],
        ["app.CACHE['" + "k" * 36 + "...]"],
    ),
    "index": ([*loaded("app"), *attribute("ROWS", "list"), BLOB], ["app.ROWS[0]"]),
    "far index": (
        [*loaded("app"), *attribute("ROWS", "list"), Step("index", None, "bytearray", None)],
        ["app.ROWS[?]"],
    ),
    "a key itself": (
        [*loaded("app"), *attribute("CACHE", "dict"), Step("keys", None, "bytes", None)],
        ["app.CACHE[*]"],
    ),
    "member": (
        [*loaded("app"), *attribute("SEEN", "set"), Step("member", None, "bytes", None)],
        ["app.SEEN[*]"],
    ),
    "deque": (
        [
            *loaded("app"),
            *attribute("EVENTS", "collections.deque"),
            Step("ref", None, "bytes", None),
        ],
        ["app.EVENTS[*]"],
    ),
    "inline attribute": (
        loaded("app") + attribute("ONE") + field("data", "bytearray"),
        ["app.ONE", "Thing.data"],
    ),
    "attribute in a dict": (
        [*loaded("app"), *attribute("ONE"), Step("dict", None, "dict", None), *attribute("data")],
        ["app.ONE", "Thing.data"],
    ),
    "class attribute": (
        [
            *loaded("app"),
            *attribute("Thing", "type", "app.Thing"),
            Step("dict", None, "dict", None),
            *attribute("data"),
        ],
        ["app.Thing", "Thing.data"],
    ),
    "class by its instance": (
        [
            *loaded("app"),
            *attribute("ONE"),
            Step("type", None, "type", "app.Thing"),
            Step("dict", None, "dict", None),
            *attribute("data"),
        ],
        ["app.ONE", "Thing.data"],
    ),
    "closure": (
        [
            *loaded("app"),
            FUNCTION,
            Step("closure", ("left", "right"), "tuple", None),
            Step("index", 1, "cell", None),
            Step("cell", None, "bytearray", None),
        ],
        ["app.f", "right in the closure of f()"],
    ),
    "default": (
        [*loaded("app"), FUNCTION, Step("slot", "__defaults__", "tuple", None), BLOB],
        ["app.f", "f.__defaults__[0]"],
    ),
    "generator": (
        [
            *loaded("app"),
            *attribute("ROWS", "generator", "app.rows"),
            Step("local", "buffer", "bytearray", None),
        ],
        ["app.ROWS", "buffer in rows()"],
    ),
    "running frame": (
        [
            Step("frame", "/home/me/app/__init__.py", "frame", "app.main"),
            Step("local", "data", "bytearray", None),
        ],
        ["data in main()"],
    ),
    "temporary of a running frame": (
        [
            Step("frame", "/home/me/app/__init__.py", "frame", "app.main"),
            Step("local", None, "bytearray", None),
        ],
        ["main()"],
    ),
    "lru_cache": (
        [
            *loaded("app"),
            *attribute("load", naming.CACHE_TYPE),
            Step("ref", None, "dict", None),
            Step("key", 1, "bytearray", None),
        ],
        ["app.load", "app.load[1]"],
    ),
    "held by C code": ([Step("c", 2, "list", None), BLOB], ["list[0]"]),
}


@pytest.mark.parametrize("kind", PLACES)
def test_a_path_is_written_as_a_python_developer_would(kind: str) -> None:
    path, expected = PLACES[kind]
    assert texts(path) == expected


def test_the_pattern_of_a_place_has_a_star_for_each_subscript_and_at_most_two() -> None:
    deep = [*loaded("app"), *attribute("ROWS", "list"), *[Step("index", 0, "list", None)] * 5]
    [place] = naming.places(deep)
    assert place.text == "app.ROWS" + "[0]" * 5
    assert place.pattern == "app.ROWS[*][*]"


def test_a_place_knows_the_step_that_its_name_leads_to() -> None:
    path = loaded("app") + attribute("ONE") + field("data", "bytearray")
    assert [place.step for place in naming.places(path)] == [3, 4]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (loaded("app"), "module app"),
        (loaded("app")[:1], "sys.modules"),
        ([Step("frame", "f.py", "frame", "app.main")], "running frame of app.main()"),
        ([Step("c", 1, "app.Thing", None)], "C code holds 1 reference to Thing"),
        ([Step("c", 3, "app.Thing", None)], "C code holds 3 references to Thing"),
        ([Step("c", 0, "type", "app.Thing")], "the interpreter (type)"),
        ([Step("garbage", None, "list", None)], "nothing: unreachable, yet not collected"),
    ],
)
def test_a_root_is_said_in_words(path: Path, text: str) -> None:
    assert naming.root_text(path) == text


def result(list_name: str, *tail: Step) -> Path:
    return [
        Step("frame", "/usr/lib/python3.11/unittest/runner.py", "frame", "unittest.runner.run"),
        Step("local", "result", "unittest.runner.TextTestResult", None),
        Step("dict", None, "dict", None),
        Step("key", list_name, "list", None),
        Step("index", 0, "tuple", None),
        *tail,
    ]


CASE = Step("index", 0, "app.test_x.T", None)
MOCK = "unittest.mock.MagicMock"

CHOICES: dict[str, tuple[Path, HolderKind, str]] = {
    "module-global": (
        [*loaded("app"), *attribute("CACHE", "dict"), Step("key", "k", "bytearray", None)],
        "module-global",
        "app.CACHE",
    ),
    "module-global with attributes": (
        [
            *loaded("app"),
            *attribute("REGISTRY"),
            *field("items", "list"),
            BLOB,
        ],
        "module-global",
        "app.REGISTRY.items",
    ),
    "class-attribute": (
        [
            *loaded("app"),
            *attribute("Thing", "type", "app.Thing"),
            Step("dict", None, "dict", None),
            *attribute("data", "bytearray"),
        ],
        "class-attribute",
        "Thing.data",
    ),
    "testcase-attribute": (
        result("failures", CASE, Step("attr", "user", "bytearray", None)),
        "testcase-attribute",
        "T.user",
    ),
    "result": (
        result("failures", Step("index", 1, "str", None)),
        "result",
        "result.failures",
    ),
    "pytest instance": (
        [
            Step("c", 1, "_pytest.main.Session", None),
            Step("attr", "items", "list", None),
            Step("index", 0, "_pytest.python.Function", None),
            Step("attr", "_instance", "app.test_x.TestX", None),
            Step("attr", "data", "bytearray", None),
        ],
        "testcase-attribute",
        "TestX.data",
    ),
    "fixture": (
        [
            Step("c", 1, "_pytest.fixtures.FixtureDef", None),
            Step("attr", "cached_result", "tuple", None),
            BLOB,
        ],
        "fixture",
        "FixtureDef.cached_result",
    ),
    "cache": (PLACES["lru_cache"][0], "cache", "app.load (cache)"),
    "mock": (
        [
            *loaded("app"),
            *attribute("send", MOCK),
            Step("dict", None, "dict", None),
            Step("key", "_mock_call_args", "unittest.mock._Call", None),
            BLOB,
        ],
        "mock",
        "app.send.call_args_list",
    ),
    "exception": (
        [
            *loaded("app"),
            *attribute("LAST", "ValueError"),
            Step("slot", "__traceback__", "traceback", None),
            Step("slot", "tb_frame", "frame", "app.work"),
            Step("local", "data", "bytearray", None),
        ],
        "exception",
        "app.LAST",
    ),
    "frame": (PLACES["running frame"][0], "frame", "data in main()"),
    "generator": (PLACES["generator"][0], "generator", "app.ROWS"),
    "closure": (
        [
            *loaded("app"),
            *attribute("CALLBACKS", "list"),
            Step("index", 0, "function", "app.f"),
            *PLACES["closure"][0][4:],
        ],
        "closure",
        "app.CALLBACKS",
    ),
    "instance-attribute": (
        [Step("c", 1, "app.Thing", None), Step("attr", "data", "bytearray", None)],
        "instance-attribute",
        "Thing.data",
    ),
    "c-reference": (
        [Step("c", 2, "app.Thing", None)],
        "c-reference",
        "C code holds 2 references to Thing",
    ),
    "unreachable": (
        [Step("garbage", None, "app.Thing", None)],
        "unreachable",
        "unreachable app.Thing",
    ),
}


def chosen(path: Path, anchor: int | None = None, first: int = -1) -> choosing.Choice:
    survivor = choosing.Survivor(len(path) - 2 if anchor is None else anchor, first)
    return choosing.choose(path, survivor, BASES)


@pytest.mark.parametrize("kind", CHOICES)
def test_the_holder_is_what_a_user_can_name_and_change(kind: str) -> None:
    path, expected, name = CHOICES[kind]
    choice = chosen(path, first=3 if kind in ("generator", "closure") else -1)
    assert (choice.kind, choice.name) == (expected, name)


def test_attributes_of_the_survivor_itself_are_not_the_holder() -> None:
    path = [*loaded("app"), *attribute("ROWS", "list"), Step("index", 0, "app.Thing", None)]
    path += field("data", "bytearray")
    assert chosen(path, anchor=3).name == "app.ROWS"
    assert chosen(path, anchor=3).path == ["app.ROWS[0]", "Thing.data"]


def test_a_test_kept_by_the_result_is_shown_from_the_results_list_on() -> None:
    choice = chosen(CHOICES["testcase-attribute"][0])
    assert choice.root == "unittest result.failures"
    assert choice.path == ["TextTestResult.failures[0][0]", "T.user"]
    expected = 'in T.setUp, before all else: self.addCleanup(self.__dict__.pop, "user", None)'
    assert fixes.suggest(choice, [], []) == expected
    assert choice.owner == "your test"


@pytest.mark.parametrize(
    ("kind", "fix"),
    [
        ("cache", "app.load.cache_clear()"),
        ("exception", "str(error)"),
        ("mock", "app.send.reset_mock()"),
        ("module-global", "app.CACHE.clear()"),
        ("pytest instance", "teardown_method"),
    ],
)
def test_a_fix_is_said_in_the_users_own_names(kind: str, fix: str) -> None:
    path = CHOICES[kind][0]
    assert fix in fixes.suggest(chosen(path, anchor=len(path)), [], [])


WRAPPER = naming.CACHE_TYPE
ENTRIES = [Step("ref", None, "dict", None), Step("key", 1, "bytearray", None)]


@pytest.mark.parametrize(
    ("path", "fix"),
    [
        (attribute("load", WRAPPER, "app.load"), "app.load.cache_clear()"),
        (
            [
                *attribute("K", "type", "app.K"),
                Step("dict", None, "dict", None),
                *attribute("load", "staticmethod"),
                Step("attr", "__func__", WRAPPER, "app.K.load"),
            ],
            "K.load.cache_clear()",
        ),
        (
            [
                *attribute("load", "function", "app.load"),
                Step("closure", ("cached",), "tuple", None),
                Step("index", 0, "cell", None),
                Step("cell", None, WRAPPER, "app.load"),
            ],
            "",
        ),
        (
            [
                *attribute("LOADERS", "list"),
                Step("index", 0, WRAPPER, "app.load"),
            ],
            "",
        ),
    ],
    ids=["module", "static method", "behind another wrapper", "in a list"],
)
def test_a_cache_is_cleared_where_its_name_leads_to_it(path: Path, fix: str) -> None:
    path = [*loaded("app"), *path, *ENTRIES]
    found = chosen(path, anchor=len(path))
    assert found.kind == "cache"
    suggested = fixes.suggest(found, [], [])
    assert fix in suggested if fix else suggested == ""


def test_the_caches_of_typing_are_one_holder_without_a_fix() -> None:
    path = [
        *loaded("typing"),
        *attribute("_cleanups", "list"),
        Step("index", 3, "builtin_function_or_method", None),
        Step("slot", "__self__", WRAPPER, "typing.Generic.__class_getitem__"),
        *ENTRIES,
    ]
    found = chosen(path, anchor=len(path))
    assert found.name == "typing (caches of subscripted types)"
    assert found.rule is not None
    assert found.rule.verdict == "once"
    assert fixes.suggest(found, [], []) == ""


@pytest.mark.parametrize(
    ("key", "rule"),
    [(b"PYTEST_CURRENT_TEST", "pytest-current-test"), (b"HOME", "environment")],
)
def test_of_the_environment_pytest_has_its_own_variable_and_tests_the_others(
    key: bytes, rule: str
) -> None:
    path = [
        *loaded("posix"),
        *attribute("environ", "dict"),
        Step("key", key, "bytes", None),
    ]
    found = chosen(path, anchor=4)
    assert found.rule is not None
    assert found.rule.name == rule
    assert (fixes.suggest(found, [], []) == "") is (rule == "pytest-current-test")


def test_the_registry_of_subclasses_is_called_by_the_users_class() -> None:
    path = [
        *loaded("app"),
        *attribute("Base", "type", "app.Base"),
        Step("slot", "__subclasses__()", "dict", None),
    ]
    found = chosen(path, anchor=4)
    assert (found.name, found.kind) == ("app.Base.__subclasses__()", "c-reference")
    assert found.rule is not None
    assert found.rule.verdict == "once"


def test_what_a_runners_frame_passes_on_is_collateral() -> None:
    path = [
        *loaded("app"),
        *attribute("LAST", "ValueError"),
        Step("slot", "__traceback__", "traceback", None),
        Step("slot", "tb_frame", "frame", "app.test_x.T.test_other"),
        Step("slot", "f_back", "frame", "unittest.suite.TestSuite.run"),
        Step("local", "test", "app.test_x.T", None),
        Step("attr", "user", "bytearray", None),
    ]
    survivor = choosing.Survivor(len(path) - 2, first=3, own=False)
    choice = choosing.choose(path, survivor, BASES)
    assert choice.kind == "exception"
    assert choice.collateral
    assert not choosing.choose(path, survivor._replace(own=True), BASES).collateral


def test_what_a_runners_assertion_was_given_is_the_tests() -> None:
    """Whoever made the block of a list before that CPython had for reuse."""
    path = [
        *loaded("app"),
        *attribute("LAST", "list"),
        Step("index", 0, "ValueError", None),
        Step("slot", "__traceback__", "traceback", None),
        Step("slot", "tb_frame", "frame", "unittest.case.TestCase._baseAssertEqual"),
        Step("local", "first", "bytearray", None),
    ]
    survivor = choosing.Survivor(len(path) - 2, first=3, own=False)
    choice = choosing.choose(path, survivor, BASES)
    assert choice.kind == "exception"
    assert not choice.collateral


def test_an_exception_that_a_test_keeps_is_no_runners_frame() -> None:
    assert not chosen(CHOICES["exception"][0]).collateral


def test_a_cache_made_around_a_method_is_called_by_the_attribute_that_has_it() -> None:
    cached = [
        *field("rate", naming.CACHE_TYPE, "app.Rates._rate"),
        Step("ref", None, "dict", None),
        Step("key", "EUR", "bytearray", None),
    ]
    path = [*loaded("app"), *attribute("RATES", "app.Rates"), *cached]
    assert chosen(path).name == "app.RATES.rate (cache)"
    assert chosen(path).path == ["app.RATES", "Rates.rate['EUR']"]
    in_a_list = [*loaded("app"), *attribute("ALL", "list"), Step("index", 0, "app.Rates", None)]
    assert chosen([*in_a_list, *cached]).name == "Rates.rate (cache)"


def test_an_exception_on_an_object_is_called_from_its_global_on() -> None:
    client = [*loaded("app"), *attribute("CLIENT", "app.Client"), *field("error", "ValueError")]
    traceback = CHOICES["exception"][0][4:]
    assert chosen([*client, *traceback]).name == "app.CLIENT.error"


def test_the_attributes_that_a_thread_has_of_a_local_are_names() -> None:
    path = [
        *loaded("app"),
        *attribute("LOCAL", naming.LOCAL_TYPE),
        Step("ref", None, "dict", None),
        Step("key", ["weakref.ReferenceType"], "dict", None),
        Step("key", "parsed", "dict", None),
        Step("key", "a", "bytearray", None),
    ]
    made_by_the_first_test, by_another = chosen(path, 4, 6), chosen(path, 6, 6)
    assert made_by_the_first_test.name == by_another.name == "app.LOCAL.parsed"


def test_an_attribute_of_a_test_is_cut_and_not_what_the_result_made_for_the_test() -> None:
    entry, kept = Step("index", 0, "tuple", None), Step("index", 0, "app.test_x.T", None)
    path = [
        Step("c", 1, "unittest.runner.TextTestResult", None),
        Step("attr", "failures", "list", None),
        entry,
        kept,
        Step("attr", "user", "bytearray", None),
    ]
    choice = chosen(path, anchor=path.index(kept), first=path.index(entry))
    assert (choice.step, choice.part) == (4, None)
    of_a_sub_test = chosen(path, anchor=1, first=path.index(entry))
    assert (of_a_sub_test.step, of_a_sub_test.part) == (2, "entries")


@pytest.mark.parametrize(
    ("inside", "name"),
    [
        ([], "Client._clients"),
        ([Step("index", 0, "asyncio.events.Handle", None)], "_UnixSelectorEventLoop._ready"),
    ],
    ids=["nothing", "what waits"],
)
def test_a_loops_list_is_the_holder_only_of_what_waits_in_it(inside: Path, name: str) -> None:
    """Given a library's registry that keeps a test's loop, then the registry is the holder, unless
    something waits in the loop to be run: then the loop's list is."""
    loop = "asyncio.unix_events._UnixSelectorEventLoop"
    path = [
        *loaded("http.client"),
        *attribute("Client", "type", "http.client.Client"),
        Step("dict", None, "dict", None),
        *attribute("_clients", "dict"),
        Step("key", "loop", loop, None),
        *field("_ready", "collections.deque"),
        *inside,
    ]
    bases = {loop: (loop, "asyncio.base_events.BaseEventLoop", "object")}
    survivor = choosing.Survivor(anchor=5, first=6)
    assert choosing.choose(path, survivor, bases).name == name
