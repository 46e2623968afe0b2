"""What to type: one line for every kind of holder, in the user's own names, with its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reftrack import fixes, naming
from reftrack.choosing import Choice
from reftrack.model import Allocation, Charge, Frame, HolderKind, Owner, ScopeKind

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

def make(test):
    return User()
"""


@pytest.fixture
def suite(tmp_path: Path) -> str:
    path = tmp_path / "test_app.py"
    path.write_text(SUITE)
    return str(path)


def calls(*frames: Frame) -> list[Allocation]:
    return [Allocation(100, 1, list(frames))]


def test_an_attribute_of_a_test_case_is_taken_off_by_a_cleanup_where_it_was_set(suite: str) -> None:
    kept = holder("T.user", "testcase-attribute")._replace(
        of_test_case=True, classes=frozenset({"T", "Base", "TestCase"})
    )
    made = calls(Frame(suite, 3, "setUp"), Frame(suite, 12, "make"))
    expected = 'in T.setUp (test_app.py:3): self.addCleanup(delattr, self, "user")'
    assert fixes.suggest(kept, UNITTEST, made) == expected


def test_no_place_is_told_that_is_no_method_of_the_class(suite: str) -> None:
    kept = holder("T.user", "testcase-attribute")._replace(
        of_test_case=True, classes=frozenset({"T", "TestCase"})
    )
    expected = 'in T: self.addCleanup(delattr, self, "user")'
    for made in (calls(Frame(suite, 3, "setUp")), calls(Frame(suite, 12, "make")), []):
        assert fixes.suggest(kept, UNITTEST, made) == expected


def test_who_reads_the_tests_that_a_list_keeps_still_can() -> None:
    runs = naming.Place(naming.CLASS, "app.T", "runs", "T.runs[0]", "T.runs[*]", value="list")
    kept = holder("T.user", "testcase-attribute")._replace(of_test_case=True, keeper=runs)
    assert fixes.suggest(kept, UNITTEST, []).startswith("once no test needs it: T.runs.clear(); or")
    made_by_loader = kept._replace(had_entries=True)
    assert fixes.suggest(made_by_loader, UNITTEST, []).startswith("in T: self.addCleanup(delattr")


def test_a_handler_that_is_a_method_of_a_test_is_put_back() -> None:
    handlers = naming.Place(naming.INTERPRETER, "", "", "signal handlers", "signal handlers")
    kept = holder("T.user", "testcase-attribute")._replace(of_test_case=True, keeper=handlers)
    assert "signal.signal(number, handler)" in fixes.suggest(kept, UNITTEST, [])


def test_an_attribute_of_a_plain_class_of_tests_goes_in_teardown_method() -> None:
    kept = holder("TestX.obj", "testcase-attribute")
    expected = 'in TestX.teardown_method: self.__dict__.pop("obj", None)'
    assert fixes.suggest(kept, PYTEST, LINE) == expected


def test_data_of_a_class_is_taken_off_by_a_class_cleanup_and_a_list_on_it_is_emptied(
    suite: str,
) -> None:
    data = holder("T.data", "class-attribute")._replace(
        of_test_case=True, of_tests=True, classes=frozenset({"T", "Base"})
    )
    line = calls(Frame(suite, 7, "setUpClass"), Frame(suite, 8, "<listcomp>"))
    expected = 'in T.setUpClass (test_app.py:7): cls.addClassCleanup(delattr, cls, "data")'
    assert fixes.suggest(data, charged("class"), line) == expected
    log = data._replace(value="list")
    assert "T.data.clear()" in fixes.suggest(log, UNITTEST, LINE)


@pytest.mark.parametrize(
    ("value", "made_here", "code"),
    [
        ("dict", False, "app.CACHE.clear()"),
        ("collections.deque", False, "app.CACHE.clear()"),
        ("array.array", False, "del app.CACHE[:]"),
        ("_io.BytesIO", False, "app.CACHE.truncate(0)"),
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
        ("dict", "mock.patch.dict(app.HOOKS)", "monkeypatch.setitem(app.HOOKS, key, value)"),
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
