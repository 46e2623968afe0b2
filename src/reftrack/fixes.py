"""What to type: the line that lets go of what a holder keeps, for every kind of holder."""

from __future__ import annotations

import re
from collections.abc import Sequence

from reftrack.choosing import Choice
from reftrack.model import Allocation, Charge, Frame
from reftrack.naming import CLASS, INTERPRETER, MODULE, without_subscripts
from reftrack.rules import ANY, END_THREAD
from reftrack.traits import NAMED_INSIDE

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
    "sqlite3.Connection": "{name}.close()",
    "contextlib.ExitStack": "{name}.close()",
    "asyncio.unix_events._UnixSelectorEventLoop": "{name}.close(), after its tasks are cancelled",
    "concurrent.futures.thread.ThreadPoolExecutor": "{name}.shutdown()",
    "threading.Timer": "{name}.cancel()",
    "threading.Thread": "{name}.join()",
    "memoryview": "{name}.release()",
}

DEFINED = frozenset({"function", "type", "module", "builtin_function_or_method"})
"""What has such a name for good, whatever it keeps."""

ADDED, MANY, LARGE = 1 << 10, 3, 1 << 20
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
    return by_kind(choice, charged, _line(allocations))


def _line(allocations: Sequence[Allocation]) -> Frame | None:
    traceback = allocations[0].traceback if allocations else []
    return traceback[0] if traceback else None


def _at(owner: str, line: Frame | None) -> str:
    """`T.setUp (test_users.py:22)`: where an attribute is set, as far as it is known."""
    if line is None or line.function.startswith("<"):
        return owner
    return f"{owner}.{line.function} ({line.file.rsplit('/', 1)[-1]}:{line.line})"


def _by_tests(charged: Sequence[Charge]) -> bool:
    return bool(charged) and charged[0].scope == "test"


def _uses_pytest(charged: Sequence[Charge]) -> bool:
    return any("::" in charge.id for charge in charged)


def _of_instance(choice: Choice, charged: Sequence[Charge], line: Frame | None) -> str:
    name = choice.attribute
    if name == "__dict__":
        return ""  # a table that goes with what is in it
    if choice.of_test_case:
        return f'in {_at(choice.owner_name, line)}: self.addCleanup(delattr, self, "{name}")'
    return f'in {choice.owner_name}.teardown_method: self.__dict__.pop("{name}", None)'


def _of_class(choice: Choice, charged: Sequence[Charge], line: Frame | None) -> str:
    name, owner = choice.attribute, choice.owner_name
    if name == "__dict__":
        return _of_attributes(owner, charged)
    grew = _by_tests(charged) and not choice.made_here
    if not choice.of_tests or choice.joined or grew:
        return _of_value(choice, charged, line)
    if charged and charged[0].scope == "fixture":
        return f"in {charged[0].id.partition(' ')[0]}, behind its yield: del {owner}.{name}"
    if choice.of_test_case:
        which = f", where cls is {owner}" if _by_tests(charged) else ""
        return f'in {_at(owner, line)}: cls.addClassCleanup(delattr, cls, "{name}"){which}'
    return f"in {owner}.teardown_class: del cls.{name}"


def _of_attributes(owner: str, charged: Sequence[Charge]) -> str:
    """Of the table of a class's attributes, which it cannot do without."""
    if not _by_tests(charged):
        return ""
    if _uses_pytest(charged):
        return f"monkeypatch.setattr({owner}, name, value, raising=False) takes each off again"
    return f"self.addCleanup(delattr, {owner}, name) for each name that the test has set"


def _of_cache(choice: Choice, charged: Sequence[Charge], line: Frame | None) -> str:
    if not choice.attribute:
        return "call the cached function's cache_clear() after each test"
    return _after_each(f"{choice.cleared}.cache_clear()", charged) if choice.cleared else ""


def _of_exception(choice: Choice, charged: Sequence[Charge], line: Frame | None) -> str:
    if choice.value in CLEARED:
        clear = CLEARED[choice.value].format(name=choice.name)
        return f"keep str(error) or error.with_traceback(None), or {clear} after each test"
    return f"keep str(error), or {choice.name}.with_traceback(None): its traceback keeps each frame"


def _of_mock(choice: Choice, charged: Sequence[Charge], line: Frame | None) -> str:
    if choice.patched:
        name = choice.name.removesuffix(".call_args_list")
        if _uses_pytest(charged):
            return f"stop the patch ({name}) in a fixture, behind its yield: patcher.stop()"
        return f"stop the patch ({name}): self.addCleanup(patcher.stop)"
    if choice.name.endswith(".side_effect"):
        return _after_each(f"{choice.name} = None", charged)
    return _after_each(f"{choice.holder_name}.reset_mock()", charged)


def _of_fixture(choice: Choice, charged: Sequence[Charge], line: Frame | None) -> str:
    if _by_tests(charged):
        what = "take out what the test put in"
        if choice.filled is not None and choice.filled.value in CLEARED:
            name = without_subscripts(choice.filled.text)
            what += f" ({CLEARED[choice.filled.value].format(name=name)})"
        return f'{what}, or give the fixture scope="function"'
    if choice.name.startswith("fixture "):
        return 'let go of it after the yield, or narrow the fixture: scope="function"'
    return "make the value in the test or a fixture: parameters live as long as the run"


def _of_context(choice: Choice, charged: Sequence[Charge], line: Frame | None) -> str:
    name = choice.attribute
    if not name.isidentifier():
        return ""
    return f"after the test: {name}.reset(token), with the token that {name}.set() gave"


def _of_garbage(choice: Choice, charged: Sequence[Charge], line: Frame | None) -> str:
    return "gc.unfreeze(), or break the cycle: the collector does not see it"


def _of_c_reference(choice: Choice, charged: Sequence[Charge], line: Frame | None) -> str:
    """Of little there is nothing to say: C extensions keep what they need."""
    added = [charge for charge in charged if charge.scope == "test" and charge.bytes >= ADDED]
    if choice.path or (len(added) < MANY and sum(charge.bytes for charge in charged) < LARGE):
        return ""
    return "a C extension keeps it: close or free what it made; else it may lack a Py_DECREF"


def _of_value(choice: Choice, charged: Sequence[Charge], line: Frame | None) -> str:
    """Of what a name leads to: emptied where tests add to it, else closed, or given up."""
    name = choice.holder_name
    if choice.place_kind == INTERPRETER:
        return INTERPRETERS.get(name, "")
    if choice.kind == "thread":
        return END_THREAD
    if choice.owner not in ("your test", "your code"):
        return _of_replaced(choice, charged) if choice.put_by_test else ""
    if choice.place_kind in NAMED_INSIDE:
        return _of_variable(choice)
    if ", default of " in name:
        return f"{choice.attribute}=None in the definition, and make the value in the function"
    if choice.value in CLEARED and not choice.made_here:
        close = CLOSED.get(choice.item, "").format(name="each")
        clear = CLEARED[choice.value].format(name=name)
        return _after_each(clear, charged) + (f" (and before it {close})" if close else "")
    if choice.value in CLOSED:
        return _after_each(CLOSED[choice.value].format(name=name), charged)
    if choice.attribute_of_local:
        return _after_each(f"del {name}", charged)
    if choice.is_older:
        return f"after each test: take out of {name} what the test put in"
    if choice.value in DEFINED or name.endswith("__"):
        return ""
    other = f", or del {name}" if choice.joined else ""
    return _after_each(f"{name} = None", charged) + other


def _of_replaced(choice: Choice, charged: Sequence[Charge]) -> str:
    """Of what a test has put into a library's module or class."""
    if choice.place_kind not in (MODULE, CLASS):
        return ""
    name = choice.holder_name
    owner, _, attribute = name.rpartition(".")
    if _uses_pytest(charged):
        return f'monkeypatch.setattr({owner}, "{attribute}", fake) puts it back after the test'
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


def _after_each(code: str, charged: Sequence[Charge]) -> str:
    if _uses_pytest(charged):
        return f"after each test (in a fixture, behind its yield): {code}"
    if code.endswith("()") and not code.startswith("await "):
        return f"after each test: {code}, as by self.addCleanup({code[:-2]})"
    return f"after each test: {code}"
