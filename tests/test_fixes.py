"""What to type: one line for every kind of holder, in the user's own names, with its place."""

from __future__ import annotations

import functools
import json
import sys
import types
import unittest
from pathlib import Path
from typing import cast

import pytest

from reftrack import fixes, naming, owners
from reftrack.choosing import Choice
from reftrack.model import Allocation, Charge, Frame, HolderKind, Owner, ScopeKind
from reftrack.reaching import Nested

LINE = [Allocation(100, 1, [Frame("/work/tests/test_app.py", 12, "setUp")])]
UNITTEST = [Charge("test_app.T.test_a", "test", 100, 1)]
PYTEST = [Charge("test_app.py::test_a", "test", 100, 1)]


def charged(kind: ScopeKind, id: str = "test_app.T") -> list[Charge]:
    return [Charge(id, kind, 100, 1)]


def holder(
    name: str, kind: HolderKind, *, owner: Owner = "your code", value: str = "bytearray"
) -> Choice:
    first, _, attribute = name.rpartition(".")
    place_kind = naming.CLASS if kind == "class-attribute" else naming.MODULE
    return Choice(
        name,
        kind,
        owner,
        "module app",
        [name],
        [name],
        place_kind=place_kind,
        attribute=attribute,
        owner_name=first,
        holder_name=name,
        value=value,
        kinds=(value,),
    )


SUITE = """\
class Base(TestCase):
    def setUp(self):
        self.user = make(self)

    @classmethod
    def setUpClass(cls):
        cls.data = [
            row for row in range(9)
        ]

    def load(self):
        self.rows = read()

    def seen(self):
        LOG.append(self.user)

def make(test):
    return User()

class Closing(TestCase):
    def setUp(self):
        self.addCleanup(self.close)
        self.user = connect()
        for k in range(2):
            self.page = k

    def tearDown(self):
        del self.text

    def setUpText(self):
        self.text = read()

class TestPlain(Plain):
    def setup_method(self):
        self.buffer = bytearray(9)

class TestOwn(Plain):
    def setup_method(self):
        self.buffer = bytearray(9)

    def teardown_method(self):
        close()

@pytest.fixture
def client(request):
    request.instance.client = Client()

ITEMS = None

def lazy():
    global ITEMS
    if ITEMS is None:
        ITEMS = [row for row in range(9)]

def start():
    global ITEMS
    if ITEMS is None:
        ITEMS = []

def more():
    global ITEMS
    ITEMS += [9]

class Basket:
    items = []

    def __init__(self):
        self.items = []

    @classmethod
    def add(cls, item):
        cls.items = [*cls.items, item]

def kinds_of(basket):
    if not hasattr(basket, "kinds"):
        basket.kinds = defaultdict(list)
    return basket.kinds
"""


@pytest.fixture
def suite(tmp_path: Path) -> str:
    path = tmp_path / "test_app.py"
    path.write_text(SUITE)
    return str(path)


def line(text: str) -> int:
    """The first line of the suite that has the text."""
    return next(k for k, source in enumerate(SUITE.splitlines(), 1) if text in source)


def calls(*frames: Frame) -> list[Allocation]:
    return [Allocation(100, 1, list(frames))]


def kept_by_test(name: str, *classes: str) -> Choice:
    owner = name.partition(".")[0]
    kept = holder(name, "testcase-attribute")
    return kept._replace(of_test_case=True, classes=frozenset({owner, *classes, "TestCase"}))


def test_an_attribute_that_only_set_up_sets_is_taken_off_right_there(suite: str) -> None:
    made = calls(Frame(suite, line("self.user = make"), "setUp"), Frame(suite, 18, "make"))
    expected = 'in Base.setUp (test_app.py:3): self.addCleanup(delattr, self, "user")'
    assert fixes.suggest(kept_by_test("T.user", "Base"), UNITTEST, made) == expected


@pytest.mark.parametrize(
    ("attribute", "text", "where"),
    [
        ("rows", "self.rows = read", "Base.setUp, before all else"),  # in a helper
        ("user", "LOG.append", "T.setUp, before all else"),  # on no line that sets it
    ],
)
def test_else_it_is_taken_off_after_all_other_cleanups(
    suite: str, attribute: str, text: str, where: str
) -> None:
    kept = kept_by_test(f"T.{attribute}", "Base")
    made = calls(Frame(suite, line(text), "load"))
    expected = f'in {where}: self.addCleanup(self.__dict__.pop, "{attribute}", None)'
    assert fixes.suggest(kept, UNITTEST, made) == expected


@pytest.mark.parametrize("text", ["self.user = connect", "self.page = k", "self.text = read"])
def test_what_a_cleanup_may_use_or_a_loop_sets_or_tear_down_deletes_is_no_case_for_delattr(
    suite: str, text: str
) -> None:
    attribute = text.partition(" ")[0].removeprefix("self.")
    made = calls(Frame(suite, line(text), "setUp"))
    fix = fixes.suggest(kept_by_test(f"Closing.{attribute}"), UNITTEST, made)
    assert fix.startswith("in Closing.setUp, before all else: self.addCleanup(self.__dict__.pop")


def test_all_lines_that_allocate_count_and_not_the_largest_alone(suite: str) -> None:
    first = calls(Frame(suite, line("self.user = make"), "setUp"))
    second = calls(Frame(suite, line("LOG.append"), "seen"))
    fix = fixes.suggest(kept_by_test("T.user", "Base"), UNITTEST, [*first, *second])
    assert fix == 'in Base.setUp, before all else: self.addCleanup(self.__dict__.pop, "user", None)'


def test_what_a_library_or_a_runner_sets_for_itself_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / "site-packages" / "casekit.py"
    library.parent.mkdir()
    library.write_text("class Case:\n    def add(self):\n        self.__details = {}\n")
    module = types.ModuleType("casekit")
    module.__file__ = str(library)
    monkeypatch.setitem(sys.modules, "casekit", module)
    owners.forget()
    kinds = ("test_app.T", "casekit.Case")
    details = kept_by_test("T._Case__details", "Case")._replace(owner_kinds=kinds)
    assert fixes.suggest(details, UNITTEST, []) == ""
    other = kept_by_test("T.details", "Case")._replace(owner_kinds=kinds)
    assert fixes.suggest(other, UNITTEST, []) != ""
    failed = kept_by_test("_FailedTest._exception")
    place = "unittest.loader._FailedTest._exception"
    assert fixes.suggest(failed._replace(place=place), UNITTEST, []) == ""


def test_tests_that_a_library_was_installed_with_are_those_of_who_runs_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "site-packages" / "kit" / "test_kit.py"
    installed.parent.mkdir(parents=True)
    installed.write_text("class T:\n    def setUp(self):\n        self.user = make()\n")
    module = types.ModuleType("kit.test_kit")
    module.__file__ = str(installed)
    monkeypatch.setitem(sys.modules, "kit.test_kit", module)
    owners.forget()
    user = kept_by_test("T.user", "T")._replace(owner_kinds=("kit.test_kit.T",))
    assert 'pop, "user", None)' in fixes.suggest(user, UNITTEST, [])


def test_who_reads_the_tests_that_a_list_keeps_still_can() -> None:
    runs = naming.Place(naming.CLASS, "app.T", "runs", "T.runs", "T.runs", value="list")
    kept = kept_by_test("T.user")._replace(keeper=runs)
    assert fixes.suggest(kept, UNITTEST, []).startswith("once no test needs it: T.runs.clear(); or")
    made_by_loader = kept._replace(had_entries=True)
    assert fixes.suggest(made_by_loader, UNITTEST, []).startswith("in T.setUp, before all else")


def test_a_test_whose_method_is_registered_is_unsubscribed() -> None:
    bus = naming.Place(naming.MODULE, "app", "of", "app.BUS.of", "app.BUS.of", value="dict")
    method = naming.Place(naming.SLOT, "method", "__self__", "method.__self__", "method.__self__")
    kept = kept_by_test("T.user")._replace(keeper=bus, above=(method,))
    expected = "once no test needs it: app.BUS.of.clear(), or unsubscribe"
    assert fixes.suggest(kept, UNITTEST, []) == expected
    inner = kept._replace(nested=Nested('["paid"]', "list"))
    assert 'app.BUS.of["paid"].clear(), or unsubscribe' in fixes.suggest(inner, UNITTEST, [])
    known = kept._replace(unregistered="app.paid.disconnect(receiver) after the test")
    assert fixes.suggest(known, UNITTEST, []) == known.unregistered
    unknown = kept._replace(keeper=bus._replace(value="app.Bus"))
    assert "unsubscribe the test" in fixes.suggest(unknown, UNITTEST, [])


def test_a_handler_that_is_a_method_of_a_test_is_put_back() -> None:
    handlers = naming.Place(naming.INTERPRETER, "", "", "signal handlers", "signal handlers")
    kept = kept_by_test("T.user")._replace(keeper=handlers)
    assert "signal.signal(number, handler)" in fixes.suggest(kept, UNITTEST, [])


def test_an_attribute_of_a_plain_class_of_tests_goes_in_the_tear_down_beside_its_set_up(
    suite: str,
) -> None:
    for owner, where in (
        ("TestOwn", "TestOwn.teardown_method"),
        ("TestPlain", "TestPlain.teardown_method, with super()'s if there is one"),
    ):
        at = line(f"class {owner}") + 2
        kept = holder("TestX.buffer", "testcase-attribute")._replace(classes=frozenset({owner}))
        made = calls(Frame(suite, at, "setup_method"))
        expected = f'in {where}: self.__dict__.pop("buffer", None)'
        assert fixes.suggest(kept, PYTEST, made) == expected


def test_what_a_fixture_puts_on_an_instance_or_class_goes_behind_its_yield(suite: str) -> None:
    made = calls(Frame(suite, line("request.instance.client"), "client"))
    client = holder("TestX.client", "testcase-attribute")
    expected = "in client, behind its yield: del request.instance.client"
    assert fixes.suggest(client, PYTEST, made) == expected
    of_class = holder("TestX.db", "class-attribute")._replace(of_tests=True)
    expected = "in db, behind its yield: del request.cls.db"
    assert fixes.suggest(of_class, charged("fixture", "db (class)"), []) == expected


def test_data_of_a_class_is_taken_off_by_a_class_cleanup_and_a_list_on_it_is_emptied(
    suite: str,
) -> None:
    data = holder("T.data", "class-attribute")._replace(
        of_test_case=True, of_tests=True, classes=frozenset({"T", "Base"})
    )
    at = line("cls.data")
    made = calls(Frame(suite, at, "setUpClass"), Frame(suite, at + 1, "<listcomp>"))
    whole = f"test_app.py:{at}-{at + 2}"  # the statement: it is typed behind that
    expected = f'in Base.setUpClass ({whole}): cls.addClassCleanup(delattr, cls, "data")'
    assert fixes.suggest(data, charged("class"), made) == expected
    log = data._replace(value="list", kinds=("list",))
    assert "T.data.clear()" in fixes.suggest(log, UNITTEST, LINE)


@pytest.mark.parametrize(
    ("name", "text", "is_rebound"),
    [
        ("app.ITEMS", "ITEMS = [row", True),
        ("app.ITEMS", "ITEMS += [9]", False),
        ("app.ITEMS", "ITEMS = []", False),
        ("Basket.kinds", "basket.kinds = defaultdict(list)", False),
        ("Basket.items", "cls.items = [", True),
        ("Basket.items", "self.items = []", False),
    ],
)
def test_a_list_that_is_replaced_is_put_back_and_not_emptied(
    suite: str, name: str, text: str, is_rebound: bool
) -> None:
    kind: HolderKind = "class-attribute" if name[0] == "B" else "module-global"
    items = holder(name, kind, value="list")
    fix = fixes.suggest(items, UNITTEST, calls(Frame(suite, line(text), "add")))
    owner, _, attribute = name.rpartition(".")
    assert (f'self.addCleanup(setattr, {owner}, "{attribute}", {name})' in fix) is is_rebound
    assert (f"{name}.clear()" in fix) is not is_rebound


def test_a_cached_property_is_dropped_and_not_emptied() -> None:
    rows = holder("app.SHOP.rows", "module-global", value="list")._replace(joined=True)
    made = calls(Frame(functools.__file__, 1001, "__get__"), Frame("/work/app.py", 3, "rows"))
    expected = 'after each test: vars(app.SHOP).pop("rows", None), as by self.addCleanup('
    assert fixes.suggest(rows, UNITTEST, made).startswith(expected)


@pytest.mark.parametrize("value", ["tuple", "frozenset", "str", "bytes", "int"])
def test_what_cannot_change_was_replaced_and_is_put_back(value: str) -> None:
    log = holder("app.LOG", "module-global", value=value)._replace(is_older=True)
    assert 'self.addCleanup(setattr, app, "LOG", app.LOG)' in fixes.suggest(log, UNITTEST, LINE)


def test_a_name_that_was_not_there_is_taken_away() -> None:
    extra = holder("json.extra", "module-global", owner="library")._replace(
        put_by_test=True, place="json.extra"
    )
    in_fixture = charged("fixture", "table (session)")
    assert fixes.suggest(extra, UNITTEST, LINE) == 'self.addCleanup(delattr, json, "extra")'
    assert "value, raising=False)" in fixes.suggest(extra, PYTEST, LINE)
    assert fixes.suggest(extra, in_fixture, LINE) == "in table, behind its yield: del json.extra"
    loads = extra._replace(name="json.loads", attribute="loads", holder_name="json.loads")
    loads = loads._replace(place="json.loads")
    assert "delattr" not in fixes.suggest(loads, UNITTEST, LINE)
    built_in = extra._replace(name="time.sleep", attribute="sleep", holder_name="time.sleep")
    built_in = built_in._replace(place="time.sleep")
    for charges, back, taken in (
        (UNITTEST, "setattr, time", "delattr, time"),
        (PYTEST, "setattr(time", "raising=False"),
        (in_fixture, "time.sleep = what it was before", "or del time.sleep"),
    ):
        fix = fixes.suggest(built_in, charges, LINE)
        assert back in fix
        assert taken in fix


def test_a_function_that_a_test_has_put_there_is_put_back() -> None:
    run = holder("Service.run", "closure", value="function")
    assert fixes.suggest(run, UNITTEST, LINE) == ""
    replaced = run._replace(put_by_test=True)
    assert 'setattr, Service, "run"' in fixes.suggest(replaced, UNITTEST, LINE)


def test_a_test_case_has_cleanups_whoever_runs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("test_both")
    module.__file__ = "/work/test_both.py"
    vars(module).update(T=type("T", (unittest.TestCase,), {}), TestX=type("TestX", (), {}))
    monkeypatch.setitem(sys.modules, "test_both", module)
    owners.forget()
    log = holder("app.LOG", "module-global", value="list")
    for id, kind, cleanup in (
        ("test_both.py::T::test_a", "test", "self.addCleanup"),
        ("test_both.T", "class", "cls.addClassCleanup"),
        ("test_both.py::TestX::test_a", "test", ""),
        ("test_both.TestX", "class", ""),
        ("test_both", "module", ""),
    ):
        fix = fixes.suggest(log, [Charge(id, cast("ScopeKind", kind), 9, 1)], LINE, True)
        assert (f", as by {cleanup}(" if cleanup else "(in a fixture, behind its yield)") in fix
    handlers = holder("logging.getLogger('a').handlers", "callback")._replace(
        fix="self.addCleanup(logging.getLogger('a').removeHandler, handler)"
    )
    of_case = [Charge("test_both.py::T::test_a", "test", 9, 1)]
    assert fixes.suggest(handlers, of_case, LINE, True) == handlers.fix
    owners.forget()


def test_a_plugins_fixture_cannot_be_edited() -> None:
    table = holder("app.TABLE", "module-global", value="list")
    of_plugin = calls(Frame(json.__file__, 3, "django_db_setup"))
    charges = charged("fixture", "django_db_setup (session)")
    assert fixes.suggest(table, charges, of_plugin) == ""
    assert "app.TABLE.clear()" in fixes.suggest(table, charges, LINE)


@pytest.mark.parametrize(
    ("nested", "in_unittest", "in_pytest"),
    [
        (Nested('["GET"]', "list"), 'app.ROUTES["GET"].clear()', 'app.ROUTES["GET"].clear()'),
        (
            Nested('["GET"]', "dict", True),
            'mock.patch.dict(app.ROUTES["GET"])',
            'with mock.patch.dict(app.ROUTES["GET"]): yield, in a fixture',
        ),
        (
            Nested(),
            "mock.patch.dict(app.ROUTES, copy.deepcopy(app.ROUTES))",
            'monkeypatch.setattr(app, "ROUTES", copy.deepcopy(app.ROUTES))',
        ),
    ],
)
def test_a_container_in_another_is_emptied_and_stays_in_it(
    nested: Nested, in_unittest: str, in_pytest: str
) -> None:
    routes = holder("app.ROUTES", "module-global", value="dict")._replace(nested=nested)
    assert in_unittest in fixes.suggest(routes, UNITTEST, LINE)
    assert in_pytest in fixes.suggest(routes, PYTEST, LINE)


def test_a_container_that_begins_empty_is_emptied_whatever_tests_put_into_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "app.py"
    source.write_text("BUS = {}\nROUTES = {'GET': []}\n")
    module = types.ModuleType("app")
    module.__file__ = str(source)
    monkeypatch.setitem(sys.modules, "app", module)
    for name, emptied in (("BUS", "app.BUS"), ("ROUTES", 'app.ROUTES["GET"]')):
        of = holder(f"app.{name}", "module-global", value="dict")
        of = of._replace(nested=Nested('["GET"]', "list"), owner_kinds=("app",))
        assert f": {emptied}.clear()," in fixes.suggest(of, UNITTEST, LINE)


def test_a_table_of_ctypes_which_pointers_need_is_not_emptied() -> None:
    box = holder("app.BOX._objects", "module-global", value="dict")._replace(joined=True)
    simple = box._replace(
        owner_kinds=("ctypes.py_object", "_ctypes._SimpleCData", "_ctypes._CData")
    )
    assert "app.BOX.value = 0" in fixes.suggest(simple, UNITTEST, LINE)
    struct = box._replace(owner_kinds=("app.Box", "_ctypes.Structure", "_ctypes._CData"))
    assert "or let go of app.BOX" in fixes.suggest(struct, UNITTEST, LINE)


def test_a_function_that_a_connection_calls_is_put_back() -> None:
    of = naming.Place(naming.INSTANCE, "sqlite3.Connection", "row_factory", "", "")
    db = holder("app.DB", "closure", value="sqlite3.Connection")._replace(below=(of,))
    fix = fixes.suggest(db, UNITTEST, LINE)
    expected = 'setattr, app.DB, "row_factory", app.DB.row_factory), before it is replaced'
    assert fix.endswith(expected)


def test_what_derives_from_a_container_is_emptied_like_it_and_tasks_are_cancelled() -> None:
    own = holder("app.OWN", "module-global", value="app.Own")
    own = own._replace(kinds=("app.Own", "dict", "object"))
    assert "app.OWN.clear()" in fixes.suggest(own, UNITTEST, LINE)
    tasks = holder("app.TASKS", "module-global", value="set")
    tasks = tasks._replace(item_kinds=("_asyncio.Task", "_asyncio.Future"))
    assert "(and before it each.cancel())" in fixes.suggest(tasks, UNITTEST, LINE)


def test_errors_of_a_chain_and_what_has_tracebacks_have_their_own_words() -> None:
    slot = naming.Place(naming.SLOT, "E", "__context__", "E.__context__", "E.__context__")
    end = slot._replace(attribute="__traceback__")
    last = holder("app.LAST", "exception", value="ValueError")
    fix = fixes.suggest(last._replace(below=(slot, end)), UNITTEST, LINE)
    assert "app.LAST.with_traceback(None), app.LAST.__context__.with_traceback(None)" in fix
    for value in ("traceback", "frame", "tuple"):
        of_frames = last._replace(value=value, kinds=(value,))
        assert "app.LAST = None" in fixes.suggest(of_frames, UNITTEST, LINE)
    info = "_pytest._code.code.ExceptionInfo"
    fix = fixes.suggest(last._replace(value=info, kinds=(info,)), PYTEST, LINE)
    assert fix.startswith("keep str(excinfo.value)")


def test_a_return_value_is_reset_and_a_fixtures_patch_has_no_self() -> None:
    value = holder("app.API.get.return_value", "mock")._replace(holder_name="app.API")
    expected = "app.API.get.reset_mock(return_value=True)"
    assert expected in fixes.suggest(value, UNITTEST, LINE)
    dumps = holder("json.dumps", "mock")._replace(patched=True)
    fix = fixes.suggest(dumps, charged("fixture", "fake (session)"), LINE)
    assert fix.startswith("in fake, behind its yield: patcher.stop()")
    assert "json.dumps.reset_mock() after each test" in fixes.suggest(dumps, PYTEST, LINE)


@pytest.mark.parametrize(
    ("name", "place", "fix"),
    [
        (
            "Module.snapshot",
            "_pytest.python.Module.snapshot",
            ": del request.node.getparent(pytest.Module).snapshot",
        ),
        ("Function.user_properties", "_pytest.python.Function.user_properties", "record something"),
        ("HookCaller._call_history", "pluggy._hooks.HookCaller._call_history", "a shorter text"),
        ("FixtureManager.config", "_pytest.fixtures.FixtureManager.config", ""),
    ],
)
def test_of_pytests_objects_what_a_test_can_reach_is_named(name: str, place: str, fix: str) -> None:
    kept = holder(name, "instance-attribute")._replace(
        place_kind=naming.INSTANCE, place=place, made_here=True
    )
    found = fixes.suggest(kept, PYTEST, LINE)
    assert (fix in found) if fix else (found == "")


def test_a_closure_is_emptied_by_the_function_that_has_a_name() -> None:
    cache = holder("cache in the closure of wrapper()", "closure", value="dict")._replace(
        place_kind=naming.CLOSURE, cell="app.fetch.__closure__[0]"
    )
    fix = fixes.suggest(cache, UNITTEST, LINE)
    assert fix.endswith(": app.fetch.__closure__[0].cell_contents.clear()")
    assert fixes.suggest(cache._replace(cell=""), UNITTEST, LINE) == ""


@pytest.mark.parametrize(
    ("value", "made_here", "code"),
    [
        ("dict", False, "app.CACHE.clear()"),
        ("collections.deque", False, "app.CACHE.clear()"),
        ("array.array", False, "del app.CACHE[:]"),
        ("_io.BytesIO", False, "app.CACHE.seek(0); app.CACHE.truncate()"),
        ("sched.scheduler", False, "for event in app.CACHE.queue: app.CACHE.cancel(event)"),
        ("xml.etree.ElementTree.Element", False, "app.CACHE.clear()"),
        ("queue.Queue", False, "app.CACHE.queue.clear()"),
        ("dict", True, 'setattr(app, "CACHE", value)'),
        ("app.User", True, 'setattr(app, "CACHE", value)'),
        ("generator", True, "app.CACHE.close()"),
        ("sqlite3.Connection", False, "app.CACHE.close()"),
    ],
)
def test_a_container_is_emptied_what_can_be_is_closed_and_the_rest_is_given_up(
    value: str, made_here: bool, code: str
) -> None:
    cache = holder("app.CACHE", "module-global", value=value)._replace(made_here=made_here)
    assert code in fixes.suggest(cache, PYTEST, LINE)
    code = code.replace("setattr(app, ", "setattr, app, ").replace("value)", "app.CACHE)")
    assert code in fixes.suggest(cache, UNITTEST, LINE)


def test_what_was_there_before_the_tests_is_not_given_up() -> None:
    engine = holder("app.ENGINE", "module-global", value="app.Engine")._replace(is_older=True)
    assert "take out of app.ENGINE" in fixes.suggest(engine, UNITTEST, LINE)


@pytest.mark.parametrize(
    ("value", "in_unittest", "in_pytest"),
    [
        (
            "dict",
            "mock.patch.dict(app.HOOKS)",
            "with mock.patch.dict(app.HOOKS): yield, in a fixture",
        ),
        (
            "list",
            'mock.patch.object(app, "HOOKS", list(app.HOOKS))',
            'monkeypatch.setattr(app, "HOOKS", list(app.HOOKS))',
        ),
    ],
)
def test_entries_from_before_the_tests_stay(value: str, in_unittest: str, in_pytest: str) -> None:
    hooks = holder("app.HOOKS", "module-global", value=value)._replace(had_entries=True)
    for charges, expected in ((UNITTEST, in_unittest), (PYTEST, in_pytest)):
        fix = fixes.suggest(hooks, charges, LINE)
        assert expected in fix
        assert "HOOKS.clear()" not in fix


def test_what_an_import_leaves_is_meant_to_stay() -> None:
    table = holder("app.TABLE", "module-global", value="dict")
    assert fixes.suggest(table, charged("import"), LINE) == ""


def test_a_context_variable_without_a_name_has_no_fix() -> None:
    assert fixes.suggest(holder("a context", "context")._replace(attribute=""), UNITTEST, []) == ""
    of_flask = holder("context", "context")._replace(attribute="flask.app_ctx")
    assert "ctx.pop()" in fixes.suggest(of_flask, UNITTEST, [])


def test_what_a_test_put_into_a_library_is_put_back() -> None:
    clock = holder("time.sleep", "module-global", owner="library")._replace(put_by_test=True)
    assert 'monkeypatch.setattr(time, "sleep", value)' in fixes.suggest(clock, PYTEST, LINE)
    assert 'self.addCleanup(setattr, time, "sleep"' in fixes.suggest(clock, UNITTEST, LINE)
    assert fixes.suggest(clock._replace(put_by_test=False), PYTEST, LINE) == ""


@pytest.mark.parametrize(
    ("kind", "name", "text"),
    [
        ("exception", "app.LAST", "app.LAST.with_traceback(None)"),
        ("mock", "app.CLIENT", "app.CLIENT.reset_mock()"),
        ("context", "app.USER", "USER.reset(token)"),
        ("thread", "data in work()", "thread.join()"),
        ("unreachable", "unreachable app.Node", "gc.unfreeze()"),
        ("fixture", "fixture db (session)", 'scope="function"'),
    ],
)
def test_each_kind_has_its_own_remedy(kind: HolderKind, name: str, text: str) -> None:
    assert text in fixes.suggest(holder(name, kind, value="ValueError"), UNITTEST, LINE)


def test_a_cache_is_cleared_by_the_name_that_leads_to_it_and_by_no_other() -> None:
    hidden = holder("Service.total (cache)", "cache")
    assert fixes.suggest(hidden, UNITTEST, LINE) == ""
    reached = hidden._replace(cleared="Service.total")
    assert "Service.total.cache_clear()" in fixes.suggest(reached, UNITTEST, LINE)


def test_a_librarys_private_cache_is_not_for_tests_to_clear() -> None:
    cached = holder("urlsplit", "cache")._replace(cleared="urllib.parse.urlsplit")
    private = cached._replace(cleared="urllib.parse._byte_quoter_factory")

    assert "urlsplit.cache_clear()" in fixes.suggest(cached, UNITTEST, LINE)
    assert "_factory.cache_clear()" in fixes.suggest(private, UNITTEST, LINE)
    assert fixes.suggest(private._replace(owner="library"), UNITTEST, LINE) == ""


def test_a_patch_is_stopped_rather_than_reset() -> None:
    patched = holder("json.dumps.call_args_list", "mock")._replace(patched=True)
    assert "(json.dumps): self.addCleanup(patcher.stop)" in fixes.suggest(patched, UNITTEST, LINE)


def test_what_an_import_made_is_meant_to_stay() -> None:
    methods = holder("test_app.T", "class-attribute")
    assert fixes.suggest(methods, charged("import", "test_app"), LINE) == ""


def test_the_dict_of_a_class_is_not_taken_away() -> None:
    methods = holder("T.__dict__", "class-attribute")._replace(of_test_case=True, of_tests=True)
    assert fixes.suggest(methods, charged("class"), LINE) == ""


def test_what_was_there_before_the_tests_is_not_given_up_since_they_need_it() -> None:
    dispatcher = holder("app.render", "closure", value="function")._replace(is_older=True)
    expected = "after each test: take out of app.render what the test put in"
    assert fixes.suggest(dispatcher, UNITTEST, LINE) == expected


def test_what_has_to_be_awaited_is_no_cleanup() -> None:
    kept = holder("app.STREAM", "generator", value="async_generator")
    assert fixes.suggest(kept, UNITTEST, LINE) == "after each test: await app.STREAM.aclose()"


def test_loggers_with_different_names_are_called_by_none_of_them() -> None:
    fix = "self.addCleanup(logging.getLogger(...).removeHandler, handler)"
    handlers = holder("logging.getLogger(...).handlers", "callback")._replace(fix=fix)
    expected = "self.addCleanup(logger.removeHandler, handler)"
    assert fixes.suggest(handlers, UNITTEST, LINE) == expected


def test_what_c_code_holds_is_worth_a_word_where_it_adds_up_or_is_large() -> None:
    held = holder("C code holds 1 reference to dict", "c-reference")._replace(path=[])
    few = [Charge("test_app.T.test_a", "test", 9000, 1)]
    large = [Charge("test_app.T.test_a", "test", 2 << 20, 1)]
    assert fixes.suggest(held, few, LINE) == ""
    assert "close or free" in fixes.suggest(held, few * 3, LINE)
    assert "close or free" in fixes.suggest(held, large, LINE)


def test_attributes_that_tests_set_on_a_class_are_taken_off_one_by_one() -> None:
    grown = holder("Config.__dict__", "class-attribute")
    assert "self.addCleanup(delattr, Config, name)" in fixes.suggest(grown, UNITTEST, LINE)
    assert "monkeypatch.setattr(Config, name, value" in fixes.suggest(grown, PYTEST, LINE)


@pytest.mark.parametrize(
    ("kind", "id", "expected"),
    [
        ("class", "app.T", "when the class is over: {}, as by cls.addClassCleanup(app.ROWS.clear)"),
        (
            "module",
            "app",
            "when the module is over: {}, as by unittest.addModuleCleanup(app.ROWS.clear)",
        ),
        ("fixture", "rows (session)", "in rows, behind its yield: {}"),
    ],
)
def test_what_a_wider_scope_has_left_is_let_go_of_when_that_is_over(
    kind: ScopeKind, id: str, expected: str
) -> None:
    rows = holder("app.ROWS", "module-global", value="list")
    fix = fixes.suggest(rows, charged(kind, id), LINE)
    assert fix == expected.format("app.ROWS.clear()")


def test_what_hangs_on_an_object_of_pytests_is_called_as_a_test_reaches_it() -> None:
    response = holder("Function.response", "instance-attribute", value="app.Response")._replace(
        place_kind=naming.INSTANCE, place="_pytest.python.Function.response", made_here=True
    )
    assert fixes.suggest(response, PYTEST, LINE).endswith(": del request.node.response")


def test_a_mock_that_a_fixture_gives_is_reset() -> None:
    bucket = holder("fixture bucket (session)", "fixture")._replace(item="unittest.mock.AsyncMock")
    assert "bucket.reset_mock() after each test" in fixes.suggest(bucket, PYTEST, LINE)


def test_what_a_library_keeps_for_itself_is_left_alone() -> None:
    cache = holder("json._default", "module-global", owner="library")._replace(put_by_test=True)
    by_library = calls(
        Frame("/work/tests/test_app.py", 3, "test"), Frame(json.__file__, 9, "dumps")
    )
    assert fixes.suggest(cache, UNITTEST, by_library) == ""
    assert "addCleanup(setattr, json" in fixes.suggest(cache, UNITTEST, LINE)


def test_what_an_iterator_has_yet_to_read_is_read() -> None:
    archive = holder("app.ARCHIVE", "module-global", value="itertools._tee")
    assert fixes.suggest(archive, UNITTEST, LINE).startswith("read app.ARCHIVE as far as")


def test_what_a_test_set_on_a_class_of_the_runners_is_taken_off_in_the_test() -> None:
    extra = holder("TestCase.extra", "class-attribute")._replace(
        of_test_case=True,
        of_tests=True,
        made_here=True,
        place="unittest.case.TestCase.extra",
    )
    assert fixes.suggest(extra, UNITTEST, LINE) == (
        'after each test: delattr(TestCase, "extra"), '
        'as by self.addCleanup(delattr, TestCase, "extra")'
    )
