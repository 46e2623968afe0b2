"""What to type: one line for every kind of holder, in the user's own names, with its place."""

from __future__ import annotations

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


def test_an_attribute_of_a_test_case_is_taken_off_by_a_cleanup_where_it_was_set() -> None:
    kept = holder("T.user", "testcase-attribute")._replace(of_test_case=True)
    expected = 'in T.setUp (test_app.py:12): self.addCleanup(delattr, self, "user")'
    assert fixes.suggest(kept, UNITTEST, LINE) == expected
    assert fixes.suggest(kept, UNITTEST, []) == 'in T: self.addCleanup(delattr, self, "user")'


def test_an_attribute_of_a_plain_class_of_tests_goes_in_teardown_method() -> None:
    kept = holder("TestX.obj", "testcase-attribute")
    expected = 'in TestX.teardown_method: self.__dict__.pop("obj", None)'
    assert fixes.suggest(kept, PYTEST, LINE) == expected


def test_data_of_a_class_is_taken_off_by_a_class_cleanup_and_a_list_on_it_is_emptied() -> None:
    data = holder("T.data", "class-attribute")._replace(of_test_case=True, of_tests=True)
    line = [Allocation(100, 1, [Frame("/work/tests/test_app.py", 7, "setUpClass")])]
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
        ("dict", True, "app.CACHE = None"),
        ("app.User", True, "app.CACHE = None"),
        ("generator", True, "app.CACHE.close()"),
        ("sqlite3.Connection", False, "app.CACHE.close()"),
    ],
)
def test_a_container_is_emptied_what_can_be_is_closed_and_the_rest_is_given_up(
    value: str, made_here: bool, code: str
) -> None:
    cache = holder("app.CACHE", "module-global", value=value)._replace(made_here=made_here)
    assert code in fixes.suggest(cache, UNITTEST, LINE)
    assert code in fixes.suggest(cache, PYTEST, LINE)


def test_what_was_there_before_the_tests_is_not_given_up() -> None:
    engine = holder("app.ENGINE", "module-global", value="app.Engine")._replace(is_older=True)
    assert "take out of app.ENGINE" in fixes.suggest(engine, UNITTEST, LINE)


def test_what_an_import_leaves_is_meant_to_stay() -> None:
    table = holder("app.TABLE", "module-global", value="dict")
    assert fixes.suggest(table, charged("import"), LINE) == ""


def test_a_context_variable_without_a_name_has_no_fix() -> None:
    assert fixes.suggest(holder("a context", "context")._replace(attribute=""), UNITTEST, []) == ""


def test_what_a_test_put_into_a_library_is_put_back() -> None:
    clock = holder("time.sleep", "module-global", owner="library")._replace(put_by_test=True)
    assert 'monkeypatch.setattr(time, "sleep", fake)' in fixes.suggest(clock, PYTEST, LINE)
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
