"""What to type: the line that lets go of what a holder keeps, for every kind of holder."""

from __future__ import annotations

import re
from collections.abc import Sequence

from reftrack.choosing import Choice
from reftrack.model import Allocation, Charge, Frame
from reftrack.naming import CLASS, INSTANCE, INTERPRETER, MODULE, Place, without_subscripts
from reftrack.owners import is_library_file
from reftrack.rules import ANY, END_THREAD
from reftrack.tracing import enclosing_class
from reftrack.traits import MOCK, NAMED_INSIDE

CLEARED = {
    "dict": "{name}.clear()",
    "list": "{name}.clear()",
    "set": "{name}.clear()",
    "bytearray": "{name}.clear()",
    "collections.deque": "{name}.clear()",
    "collections.OrderedDict": "{name}.clear()",
    "collections.defaultdict": "{name}.clear()",
    "collections.Counter": "{name}.clear()",
    "collections.ChainMap": "{name}.clear()",
    "collections.UserDict": "{name}.clear()",
    "collections.UserList": "{name}.clear()",
    "weakref.WeakKeyDictionary": "{name}.clear()",
    "weakref.WeakValueDictionary": "{name}.clear()",
    "weakref.WeakSet": "{name}.clear()",
    "array.array": "del {name}[:]",
    "_io.BytesIO": "{name}.truncate(0)",
    "_io.StringIO": "{name}.truncate(0)",
    "queue.Queue": "{name}.queue.clear()",
    "queue.LifoQueue": "{name}.queue.clear()",
    "queue.PriorityQueue": "{name}.queue.clear()",
    "queue.SimpleQueue": "{name}.get_nowait() until it is empty",
    "_queue.SimpleQueue": "{name}.get_nowait() until it is empty",
    "asyncio.queues.Queue": "{name}.get_nowait() until it is empty",
}
"""How a container of such a type is emptied."""

CLOSED = {
    "generator": "{name}.close()",
    "coroutine": "{name}.close()",
    "async_generator": "await {name}.aclose()",
    "sqlalchemy.orm.scoping.scoped_session": "{name}.remove()",
    "sqlite3.Connection": "{name}.close()",
    "contextlib.ExitStack": "{name}.close()",
    "asyncio.unix_events._UnixSelectorEventLoop": "{name}.close(), after its tasks are cancelled",
    "concurrent.futures.thread.ThreadPoolExecutor": "{name}.shutdown()",
    "threading.Timer": "{name}.cancel()",
    "threading.Thread": "{name}.join()",
    "memoryview": "{name}.release()",
}

COPIED = {
    "dict": "self.enterContext(mock.patch.dict({name}))",
    "collections.OrderedDict": "self.enterContext(mock.patch.dict({name}))",
    "collections.defaultdict": "self.enterContext(mock.patch.dict({name}))",
    "collections.Counter": "self.enterContext(mock.patch.dict({name}))",
    "list": 'self.enterContext(mock.patch.object({owner}, "{attribute}", list({name})))',
    "set": 'self.enterContext(mock.patch.object({owner}, "{attribute}", set({name})))',
}
COPIED_IN_PYTEST = {
    **dict.fromkeys(COPIED, "monkeypatch.setitem({name}, key, value)"),
    "list": 'monkeypatch.setattr({owner}, "{attribute}", list({name}))',
    "set": 'monkeypatch.setattr({owner}, "{attribute}", set({name}))',
}
"""How one that had entries before the tests gets these back, where it cannot be emptied."""

TEE = "itertools._tee"

OF_PYTEST = {"Config": "request.config", "Function": "request.node", "Session": "request.session"}
"""By what a test or fixture reaches an object of pytest's."""

DEFINED = frozenset({"function", "type", "module", "builtin_function_or_method"})
"""What has such a name for good, whatever it keeps."""

Calls = Sequence[Frame]
"""Those that allocated most of what a holder keeps, outermost first."""

ADDED, MANY, LARGE = 1 << 10, 3, 1 << 18
"""What C code holds is worth a word where MANY tests left so much each, or where it is LARGE."""

INTERPRETERS = {
    "atexit callbacks": "atexit.unregister(function) after the test",
    "signal handlers": "after the test: signal.signal(number, handler), with the one it was before",
    "sys.settrace": "after the test: sys.settrace(None)",
    "sys.setprofile": "after the test: sys.setprofile(None)",
}


def suggest(choice: Choice, charged: Sequence[Charge], allocations: Sequence[Allocation]) -> str:
    """The line to add and where, in words; empty where none is known, or where nothing is to be
    done: what an import makes is meant to stay, and its tests need it."""
    if charged and all(charge.scope == "import" for charge in charged):
        return ""
    if choice.rule is not None and choice.rule.verdict == "runner":
        return ""
    if choice.fix or (choice.rule is not None and choice.rule.verdict == "once"):
        return _in_pytest(choice.fix, charged)
    by_kind = {
        "testcase-attribute": _of_instance,
        "class-attribute": _of_class,
        "cache": _of_cache,
        "exception": _of_exception,
        "mock": _of_mock,
        "fixture": _of_fixture,
        "context": _of_context,
        "unreachable": _of_garbage,
        "c-reference": _of_c_reference,
    }.get(choice.kind, _of_value)
    return by_kind(choice, charged, allocations[0].traceback if allocations else [])


def _at(choice: Choice, calls: Calls) -> str:
    """`T.setUp (test_users.py:22)`: where an attribute is set, in a method of its class's or of one
    that this derives from, as far as it is known."""
    for call in reversed(calls):
        is_named = not call.function.startswith("<")
        if is_named and enclosing_class(call.file, call.line) in choice.classes:
            file = call.file.rsplit("/", 1)[-1]
            return f"{choice.owner_name}.{call.function} ({file}:{call.line})"
    return choice.owner_name


def _by_tests(charged: Sequence[Charge]) -> bool:
    return bool(charged) and charged[0].scope == "test"


def _uses_pytest(charged: Sequence[Charge]) -> bool:
    return any("::" in charge.id for charge in charged)


def _of_instance(choice: Choice, charged: Sequence[Charge], calls: Calls) -> str:
    name = choice.attribute
    if name == "__dict__":
        return ""  # a table that goes with what is in it
    let_go = f'in {choice.owner_name}.teardown_method: self.__dict__.pop("{name}", None)'
    if choice.of_test_case:
        let_go = f'in {_at(choice, calls)}: self.addCleanup(delattr, self, "{name}")'
    return _of_keeper(choice.keeper, let_go) if choice.keeper and not choice.had_entries else let_go


def _of_keeper(keeper: Place, let_go: str) -> str:
    """Of what the program has put a test into: others may read it there."""
    name = without_subscripts(keeper.text)
    if keeper.kind == INTERPRETER:
        return INTERPRETERS.get(name, let_go)
    if keeper.value not in CLEARED:
        return let_go
    return f"once no test needs it: {CLEARED[keeper.value].format(name=name)}; or {let_go}"


def _of_class(choice: Choice, charged: Sequence[Charge], calls: Calls) -> str:
    name, owner = choice.attribute, choice.owner_name
    if name == "__dict__":
        return _of_attributes(owner, charged)
    grew = _by_tests(charged) and not choice.made_here
    if not choice.of_tests or choice.joined or grew:
        return _of_value(choice, charged, calls)
    if charged and charged[0].scope == "fixture":
        return f"in {_fixture_name(charged)}, behind its yield: del {owner}.{name}"
    if choice.of_test_case:
        which = f", where cls is {owner}" if _by_tests(charged) else ""
        return f'in {_at(choice, calls)}: cls.addClassCleanup(delattr, cls, "{name}"){which}'
    return f"in {owner}.teardown_class: del cls.{name}"


def _of_attributes(owner: str, charged: Sequence[Charge]) -> str:
    """Of the table of a class's attributes, which it cannot do without."""
    if not _by_tests(charged):
        return ""
    if _uses_pytest(charged):
        return f"monkeypatch.setattr({owner}, name, value, raising=False) takes each off again"
    return f"self.addCleanup(delattr, {owner}, name) for each name that the test has set"


def _of_cache(choice: Choice, charged: Sequence[Charge], calls: Calls) -> str:
    if not choice.attribute:
        return "call the cached function's cache_clear() after each test"
    return _after_each(f"{choice.cleared}.cache_clear()", charged) if choice.cleared else ""


def _of_exception(choice: Choice, charged: Sequence[Charge], calls: Calls) -> str:
    if choice.had_entries:
        return "keep str(error) or error.with_traceback(None): its traceback keeps each frame"
    if choice.value in CLEARED:
        clear = CLEARED[choice.value].format(name=choice.name)
        return f"keep str(error) or error.with_traceback(None), or {clear} after each test"
    return f"keep str(error), or {choice.name}.with_traceback(None): its traceback keeps each frame"


def _of_mock(choice: Choice, charged: Sequence[Charge], calls: Calls) -> str:
    if choice.patched:
        name = choice.name.removesuffix(".call_args_list")
        if _uses_pytest(charged):
            return f"stop the patch ({name}) in a fixture, behind its yield: patcher.stop()"
        return f"stop the patch ({name}): self.addCleanup(patcher.stop)"
    if choice.name.endswith(".side_effect"):
        return _after_each(f"{choice.name} = None", charged)
    return _after_each(f"{choice.holder_name}.reset_mock()", charged)


def _of_fixture(choice: Choice, charged: Sequence[Charge], calls: Calls) -> str:
    if _by_tests(charged):
        return f'{_emptied_fixture(choice)}, or give the fixture scope="function"'
    if choice.name.startswith("fixture "):
        return 'let go of it after the yield, or narrow the fixture: scope="function"'
    return "make the value in the test or a fixture: parameters live as long as the run"


def _emptied_fixture(choice: Choice) -> str:
    name = choice.name.removeprefix("fixture ").partition(" ")[0]
    filled = choice.filled
    if choice.item.startswith(MOCK):
        return f"{name}.reset_mock() after each test"
    if filled is None and choice.item in CLEARED and name.isidentifier():
        return f"take out what the test put in ({CLEARED[choice.item].format(name=name)})"
    if filled is None or filled.value not in CLEARED:
        return "take out what the test put in"
    its = f"{name}.{filled.attribute}" if filled.owner == choice.item else filled.text
    clear = CLEARED[filled.value].format(name=without_subscripts(its))
    return f"take out what the test put in ({clear})"


def _of_context(choice: Choice, charged: Sequence[Charge], calls: Calls) -> str:
    name = choice.attribute
    if not name.isidentifier():
        return ""
    return f"after the test: {name}.reset(token), with the token that {name}.set() gave"


def _of_garbage(choice: Choice, charged: Sequence[Charge], calls: Calls) -> str:
    return "gc.unfreeze(), or break the cycle: the collector does not see it"


def _of_c_reference(choice: Choice, charged: Sequence[Charge], calls: Calls) -> str:
    """Of little there is nothing to say: C extensions keep what they need."""
    added = [charge for charge in charged if charge.scope == "test" and charge.bytes >= ADDED]
    if choice.path or (len(added) < MANY and sum(charge.bytes for charge in charged) < LARGE):
        return ""
    return "a C extension keeps it: close or free what it made; else it may lack a Py_DECREF"


def _of_value(choice: Choice, charged: Sequence[Charge], calls: Calls) -> str:
    """Of what a name leads to: emptied where tests add to it, else closed, or given up."""
    name = choice.holder_name
    if choice.place_kind == INSTANCE and choice.place.startswith("_pytest."):
        name = f"{OF_PYTEST.get(choice.owner_name, choice.owner_name)}.{choice.attribute}"
    if choice.place_kind == INTERPRETER:
        return INTERPRETERS.get(name, "")
    if choice.kind == "thread":
        return END_THREAD
    if choice.owner not in ("your test", "your code"):
        return _of_library(choice, charged, calls)
    if choice.place_kind in NAMED_INSIDE:
        return _of_variable(choice)
    if ", default of " in name:
        return f"{choice.attribute}=None in the definition, and make the value in the function"
    if choice.had_entries and choice.value in COPIED and _by_tests(charged):
        return _of_filled_before(choice, charged)
    if choice.value in CLEARED and not choice.made_here:
        close = CLOSED.get(choice.item, "").format(name="each")
        clear = CLEARED[choice.value].format(name=name)
        return _after_each(clear, charged) + (f" (and before it {close})" if close else "")
    if choice.value in CLOSED:
        return _after_each(CLOSED[choice.value].format(name=name), charged)
    if choice.attribute_of_local:
        return _after_each(f"del {name}", charged) + ", in the thread that has set it"
    if choice.value == TEE:
        return f"read {name} as far as the other, or use no tee(): what one has yet to read stays"
    if choice.is_older:
        return f"after each test: take out of {name} what the test put in"
    if choice.value in DEFINED or name.endswith("__"):
        return ""
    if choice.owner_name in OF_PYTEST and choice.place.startswith("_pytest."):
        return _after_each(f"del {name}", charged)
    if not _by_tests(charged) or choice.place_kind == INSTANCE:
        return _after_each(f"{name} = None", charged)
    other = f", or del {name} after it" if choice.joined else ""
    return _put_back(name, charged) + other


def _of_filled_before(choice: Choice, charged: Sequence[Charge]) -> str:
    """Of a container whose older entries other tests need, and the program."""
    if choice.value not in COPIED or not _by_tests(charged):
        return ""
    name = choice.holder_name
    owner, _, attribute = name.rpartition(".")
    copied = COPIED_IN_PYTEST if _uses_pytest(charged) else COPIED
    code = copied[choice.value].format(name=name, owner=owner, attribute=attribute)
    return f"before the test adds to it: {code} (not clear(): it had entries before the tests)"


def _of_library(choice: Choice, charged: Sequence[Charge], calls: Calls) -> str:
    """Of what a test has put into a library's module or class, or into a container there."""
    is_made_by_library = bool(calls) and is_library_file(calls[-1].file)
    if choice.place_kind not in (MODULE, CLASS) or is_made_by_library:
        return ""  # a cache of its own
    if choice.put_by_test:
        return _put_back(choice.holder_name, charged)
    is_public = not re.search(r"(^|\.)_", choice.holder_name)
    return _of_filled_before(choice, charged) if choice.had_entries and is_public else ""


def _put_back(name: str, charged: Sequence[Charge]) -> str:
    """What a name had before the test: others may need it."""
    owner, _, attribute = name.rpartition(".")
    if _uses_pytest(charged):
        return f'monkeypatch.setattr({owner}, "{attribute}", value) puts it back after the test'
    return f'self.addCleanup(setattr, {owner}, "{attribute}", {name}), before it is replaced'


def _of_variable(choice: Choice) -> str:
    """Of a variable in a closure, generator or frame, which no name leads to from outside."""
    if choice.kind == "closure" and choice.value in CLEARED:
        return f"empty {choice.name}: its cell_contents.clear()"
    return f"let go of {choice.name}"


def _in_pytest(fix: str, charged: Sequence[Charge]) -> str:
    """Plain functions of pytest's have no `self`: what a cleanup would call stands in a fixture. Of
    loggers with different names none is named."""
    fix = fix.replace(f"logging.getLogger({ANY})", "logger")
    if "self.addCleanup(" not in fix or not _uses_pytest(charged):
        return fix
    called = re.sub(r"self\.addCleanup\(([\w.()'\"]+)(?:, )?", r"\1(", fix)
    return f"in a fixture, behind its yield: {called}"


EACH = ("after each test", "self.addCleanup")
OVER = {
    "class": ("when the class is over", "cls.addClassCleanup"),
    "module": ("when the module is over", "unittest.addModuleCleanup"),
}
"""When what a scope around tests has left is over, and what a call could be given to."""


def _after_each(code: str, charged: Sequence[Charge]) -> str:
    if charged and charged[0].scope == "fixture":
        return f"in {_fixture_name(charged)}, behind its yield: {code}"
    when, add = OVER.get(charged[0].scope, EACH) if charged else EACH
    if _uses_pytest(charged):
        return f"{when} (in a fixture, behind its yield): {code}"
    if code.endswith("()") and not code.startswith("await "):
        return f"{when}: {code}, as by {add}({code[:-2]})"
    return f"{when}: {code}"


def _fixture_name(charged: Sequence[Charge]) -> str:
    return charged[0].id.partition(" ")[0]
