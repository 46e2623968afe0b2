"""What to type: the line that lets go of what a holder keeps, for every kind of holder."""

from __future__ import annotations

import re
from collections.abc import Sequence

from reftrack import attributes, bindings, inside, owners, remedies, restoring
from reftrack.choosing import Choice
from reftrack.finding import TRACEBACK, is_of_traceback
from reftrack.inside import TAKE_OUT
from reftrack.model import Allocation, Charge
from reftrack.naming import CLASS, INSTANCE, INTERPRETER, MODULE, Place, without_subscripts
from reftrack.remedies import IMMUTABLE
from reftrack.rules import ANY, END_THREAD
from reftrack.situation import Situation
from reftrack.titles import NAMELESS_PATCH
from reftrack.traits import MOCK, NAMED_INSIDE, is_private
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

TEE = "itertools._tee"

OF_PYTEST = {
    "Config": "request.config",
    "Function": "request.node",
    "Session": "request.session",
    "Module": "request.node.getparent(pytest.Module)",
    "Class": "request.node.getparent(pytest.Class)",
    "Package": "request.node.getparent(pytest.Package)",
}
"""By what a test or fixture reaches an object of pytest's."""

RECORDED = {
    "HookCaller._call_history": "give warnings.warn() a shorter text: pytest keeps each warning",
    "TerminalReporter.stats": "print, log or record less: pytest keeps the report of each test",
    "Function.user_properties": 'record something smaller: record_property("name", value)',
}
"""What pytest keeps for its summary: nothing can be taken out of it."""

EXCEPTION_INFO = "_pytest._code.code.ExceptionInfo"
CTYPES, CTYPES_VALUE, CTYPES_OBJECTS = "_ctypes._CData", "_ctypes._SimpleCData", "_objects"

DEFINED = frozenset({"function", "type", "module", "builtin_function_or_method"})
"""What has such a name for good, whatever it keeps, unless a test has put it there."""

ADDED, MANY, LARGE = 1 << 10, 3, 1 << 18
"""What C code holds is worth a word where MANY tests left so much each, or where it is LARGE."""

IN_ITS_THREAD = ", in the thread that has set it"
"""Of an attribute of a threading.local: in another thread the name leads nowhere."""


_AS_BY = re.compile(r", as by self\.addCleanup\([^)]*\)")
_CLEANUP = re.compile(r"self\.addCleanup\(([\w.()'\"]+)(?:, )?")


def suggest(
    choice: Choice,
    charged: Sequence[Charge],
    allocations: Sequence[Allocation],
    in_pytest: bool = False,
) -> str:
    """The line to add and where, in words; empty where none is known, or where nothing is to be
    done: what an import makes is meant to stay, and its tests need it."""
    if charged and all(charge.scope == "import" for charge in charged):
        return ""
    if choice.rule is not None and choice.rule.verdict == "runner":
        return ""
    at = Situation(charged, [allocation.traceback for allocation in allocations], in_pytest)
    if at.is_of_library:
        return ""
    if choice.fix or (choice.rule is not None and choice.rule.verdict == "once"):
        return _of_rule(choice.fix, at)
    by_kind = {
        "testcase-attribute": attributes.of_instance,
        "result": _of_result,
        "class-attribute": _of_class,
        "cache": _of_cache,
        "exception": _of_exception,
        "mock": _of_mock,
        "fixture": _of_fixture,
        "context": _of_context,
        "unreachable": _of_garbage,
        "c-reference": _of_c_reference,
    }.get(choice.kind, _of_value)
    return by_kind(choice, at)


def is_vague(fix: str) -> bool:
    """Does it name a place, and no code?"""
    return "take out of " in fix


def _of_rule(fix: str, at: Situation) -> str:
    """Plain functions of pytest's have no `self`: what a cleanup would call stands in a fixture. Of
    loggers with different names none is named."""
    fix = fix.replace(f"logging.getLogger({ANY})", "logger")
    if "self.addCleanup(" not in fix or not at.in_pytest:
        return fix
    said = _AS_BY.sub("", fix)
    if said != fix:
        return said
    called = _CLEANUP.sub(lambda found: f"{found[1]}(", fix)
    return f"in {at.fixture or 'a fixture'}, behind its yield: {called}"


def _of_class(choice: Choice, at: Situation) -> str:
    name, owner = choice.attribute, choice.owner_name
    if name == "__dict__":
        return _of_attributes(owner, at)
    grew = at.by_tests and not choice.made_here
    if not choice.of_tests or choice.joined or grew:
        return _of_value(choice, at)
    return attributes.of_class(choice, at)


def _of_attributes(owner: str, at: Situation) -> str:
    """Of the table of a class's attributes, which it cannot do without."""
    if not at.by_tests:
        return ""
    if at.in_pytest:
        return f"monkeypatch.setattr({owner}, name, value, raising=False) takes each off again"
    return f"self.addCleanup(delattr, {owner}, name) for each name that the test has set"


def _of_result(choice: Choice, at: Situation) -> str:
    if any(map(is_of_traceback, choice.below)):
        return "mend the test: the runner keeps the frames of one that fails, and their variables"
    return _of_value(choice, at)


def _of_cache(choice: Choice, at: Situation) -> str:
    if not choice.attribute:
        return "call the cached function's cache_clear() after each test"
    is_theirs = choice.owner == "library" and is_private(choice.cleared)
    if not choice.cleared or is_theirs:
        return ""
    return at.after_each(f"{choice.cleared}.cache_clear()")


def _of_exception(choice: Choice, at: Situation) -> str:
    name, kept = choice.name, choice.item or choice.value
    if choice.place_kind == INSTANCE and choice.owner == "library":
        name = "error"  # of a library's object, which has no name of the user's
    elif choice.place_kind == INSTANCE and choice.of_tests:
        name = f"self.{choice.attribute}"
    clear = "" if choice.had_entries else remedies.emptied(choice.kinds, name)
    if clear and choice.value not in IMMUTABLE:
        return f"keep str(error) or error.with_traceback(None), or {clear} after each test"
    if kept == EXCEPTION_INFO or choice.value == EXCEPTION_INFO:
        return f"keep str(excinfo.value) in its place; or {at.after_each(f'{name} = None')}"
    if kept in ("traceback", "frame", "tuple") or choice.value == "tuple":
        return f"keep traceback.format_exc() in its place; or {at.after_each(f'{name} = None')}"
    if choice.had_entries or choice.item:
        return "keep str(error) or error.with_traceback(None): its traceback keeps each frame"
    if info := _info_below(name, choice):
        return f"let go of the error: {at.after_each(f'{info} = None')}"
    errors = _chain(name, choice)
    code = ", ".join(f"{error}.with_traceback(None)" for error in errors)
    if len(errors) == 1:
        return f"keep str(error), or {code}: its traceback keeps each frame"
    return f"keep str(error), or {code}: the tracebacks of all of them keep frames"


def _info_below(name: str, choice: Choice) -> str:
    """The code that names what `pytest.raises()` has seen, inside what has the name, or ""."""
    for place in choice.below:
        name += _step_of(place)
        if place.value == EXCEPTION_INFO:
            owner, dot, rest = name.partition(".")
            return OF_PYTEST.get(owner, owner) + dot + rest
    return ""


def _step_of(place: Place) -> str:
    """What the place adds to the name of the object that has it."""
    return place.text.removeprefix(without_subscripts(place.text).rpartition(".")[0])


def _chain(name: str, choice: Choice) -> list[str]:
    """The errors from the one that has the name to that whose traceback is on the path."""
    errors = [name]
    for place in choice.below:
        if place.attribute in TRACEBACK:
            break
        name += _step_of(place)
        errors.append(name)
    return errors


def _of_mock(choice: Choice, at: Situation) -> str:
    named = choice.name.removesuffix(".call_args_list")
    if choice.patched and at.by_tests and _is_rebound(choice, at):
        return restoring.of_replaced(choice.holder_name, at, restoring.known_of(choice))
    if choice.patched:
        if at.scope == "fixture":
            return f"in {at.fixture}, behind its yield: patcher.stop(), or use the fixture mocker"
        if at.in_pytest:
            stop = f"stop the patch ({named}) in a fixture, behind its yield: patcher.stop()"
            if named == NAMELESS_PATCH:
                return "stop the patch in a fixture, behind its yield: patcher.stop()"
            reset = f"{named}.reset_mock()"
            return (
                f"{stop}; where it is meant to stay, as session_mocker's: {reset} after each test"
            )
        return f"stop the patch ({named}): self.addCleanup(patcher.stop)"
    if choice.name.endswith(".side_effect"):
        return at.after_each(f"{choice.name} = None")
    if choice.name.endswith(".return_value"):
        name = choice.name.removesuffix(".return_value")
        return at.after_each(f"{name}.reset_mock(return_value=True)")
    return at.after_each(f"{choice.holder_name}.reset_mock()")


def _of_fixture(choice: Choice, at: Situation) -> str:
    if at.by_tests:
        return f'{_emptied_fixture(choice)}, or give the fixture scope="function"'
    if choice.name.startswith("fixture "):
        return 'let go of it after the yield, or narrow the fixture: scope="function"'
    return "make the value in the test or a fixture: parameters live as long as the run"


def _emptied_fixture(choice: Choice) -> str:
    name = choice.name.removeprefix("fixture ").partition(" ")[0]
    filled = choice.filled
    if choice.item.startswith(MOCK):
        return f"{name}.reset_mock() after each test"
    if filled is not None:
        its = f"{name}.{filled.attribute}" if filled.owner == choice.item else filled.text
        clear = _emptied_inside(choice, filled.value, without_subscripts(its))
    else:
        clear = _emptied_value(choice, name) if name.isidentifier() else ""
    return f"take out what the test put in ({clear})" if clear else "take out what the test put in"


def _emptied_inside(choice: Choice, value: str, name: str) -> str:
    """What a fixture's object has itself has to stay in its container."""
    nested = choice.nested
    if nested is None:
        return remedies.emptied((value,), name)
    return remedies.emptied((nested.value,), name + nested.keys) if nested.keys else ""


def _emptied_value(choice: Choice, name: str) -> str:
    """Of a fixture's value: the container that survivors lie in, itself or one in it."""
    nested = choice.nested
    if nested is not None:
        _, _, keys = nested.keys.partition("]")
        return "" if nested.had_entries else remedies.emptied((nested.value,), name + keys)
    subscripts = choice.path[-1].count("[") if choice.path else 0
    return remedies.emptied(choice.item_kinds, name) if subscripts == 1 else ""


def _of_context(choice: Choice, at: Situation) -> str:
    name = choice.attribute
    if not name:
        return ""
    if not name.isidentifier():  # a library's own name for it
        return "leave the context that was entered: ctx.pop(), or reset(token) of the variable"
    return f"after the test: {name}.reset(token), with the token that {name}.set() gave"


def _of_garbage(choice: Choice, at: Situation) -> str:
    return "gc.unfreeze(), or break the cycle: the collector does not see it"


def _of_c_reference(choice: Choice, at: Situation) -> str:
    """Of little there is nothing to say: C extensions keep what they need."""
    added = [c for c in at.charged if c.scope == "test" and c.bytes >= ADDED]
    if choice.path or (len(added) < MANY and sum(c.bytes for c in at.charged) < LARGE):
        return ""
    return "a C extension keeps it: close or free what it made; else it may lack a Py_DECREF"


def _of_value(choice: Choice, at: Situation) -> str:
    """Of what a name leads to: emptied where tests add to it, else closed, or given up."""
    name = choice.holder_name
    if choice.place_kind == INSTANCE and owners.of_module(choice.place) == "runner":
        if name in RECORDED or choice.owner_name not in OF_PYTEST:
            return RECORDED.get(name, "")
        name = f"{OF_PYTEST[choice.owner_name]}.{choice.attribute}"
    if choice.place_kind == INTERPRETER:
        return remedies.INTERPRETERS.get(name, "")
    if choice.kind == "thread":
        return END_THREAD
    if choice.owner not in ("your test", "your code"):
        return _of_library(choice, at)
    if choice.place_kind in NAMED_INSIDE:
        return _of_variable(choice, at)
    if any(remedies.waits(place) for place in choice.below):
        return f"cancel what waits for {name}, before the test ends: task.cancel(), then await it"
    if ", default of " in name:
        return f"{choice.attribute}=None in the definition, and make the value in the function"
    set_by_fixture = attributes.set_by_fixture(choice, at)
    return set_by_fixture or _of_container(choice, name, at) or _of_object(choice, name, at)


def _of_container(choice: Choice, name: str, at: Situation) -> str:
    if choice.attribute == CTYPES_OBJECTS and CTYPES in choice.owner_kinds:
        return _of_ctypes(choice.owner_kinds, name.rpartition(".")[0], at)
    if CTYPES in choice.kinds and at.by_tests:
        return _of_ctypes(choice.kinds, name, at)
    if fix := inside.of_object_in_container(choice, name, at):
        return fix
    clear = inside.emptied(choice, name)
    is_rebound = clear != "" and _is_rebound(choice, at)
    if is_rebound and at.by_tests and not choice.attribute_of_local:
        return restoring.of_replaced(name, at, restoring.known_of(choice))
    owner = choice.owner_kinds[0] if choice.owner_kinds else ""
    if choice.nested and not bindings.starts_empty(owner, choice.attribute):
        return restoring.of_nested(choice, name, at)
    is_filled = bindings.starts_filled(owner, choice.attribute, choice.value)
    if (choice.had_entries or is_filled) and at.by_tests:
        if remedies.can_be_copied(choice.kinds):
            return restoring.of_filled(choice, name, at)
        if is_filled and clear:
            return TAKE_OUT.format(name=name)
    if not clear or choice.made_here:
        return ""
    if choice.joined and at.is_cached_property(choice.attribute):
        return ""
    if is_rebound:
        return ""  # by no test; or each thread has one, of a threading.local, made when asked for
    close = remedies.closed(choice.item_kinds, "each")
    if choice.attribute_of_local:
        clear += IN_ITS_THREAD
    return at.after_each(clear) + (f" (and before it {close})" if close else "")


def _is_rebound(choice: Choice, at: Situation) -> bool:
    return at.is_rebound(choice.attribute, INSTANCE if choice.joined else choice.place_kind)


def _of_object(choice: Choice, name: str, at: Situation) -> str:
    owner, _, attribute = name.rpartition(".")
    if choice.joined and at.is_cached_property(choice.attribute):
        return at.after_each(f'vars({owner}).pop("{attribute}", None)')
    setting = choice.below[0].attribute if choice.below else ""
    if any(setting in remedies.SETTINGS.get(kind, ()) for kind in choice.kinds):
        return restoring.of_replaced(f"{name}.{setting}", at, "there")
    if close := remedies.closed(choice.kinds, name, choice.is_older):
        return at.after_each(close)
    if choice.attribute_of_local:
        return at.after_each(f"del {name}{IN_ITS_THREAD}")
    if choice.value == TEE:
        return f"read {name} as far as the other, or use no tee(): what one has yet to read stays"
    is_immutable = not IMMUTABLE.isdisjoint(choice.kinds)
    if choice.is_older and not is_immutable:
        if choice.unregistered:
            return choice.unregistered
        is_method = choice.value == "function" and choice.place_kind == CLASS
        return "" if is_method or name.endswith("__") else TAKE_OUT.format(name=name)
    is_own = choice.value in DEFINED and not (choice.put_by_test and at.by_tests)
    if is_own or name.endswith("__"):
        return ""
    if choice.owner_name in OF_PYTEST and choice.place_kind == INSTANCE:
        return at.after_each(f"del {name}")
    if not at.by_tests or choice.place_kind == INSTANCE:
        return at.after_each(f"{name} = None")
    return restoring.of_replaced(name, at, restoring.known_of(choice))


def _of_ctypes(kinds: Sequence[str], name: str, at: Situation) -> str:
    """Not by its table, which keeps alive what pointers refer to, nor by None: for that ctypes does
    not replace what it keeps (KeepRef in Modules/_ctypes/_ctypes.c, 3.11 to 3.15)."""
    if CTYPES_VALUE in kinds:
        return at.after_each(f"{name}.value = 0") + " (not None, which keeps what was there)"
    other = "set the field that has it to something else, not to None"
    return f"{other}, or let go of {name}"


def _of_library(choice: Choice, at: Situation) -> str:
    """Of what a test has put into a library's module or class, or into a container there."""
    if choice.place_kind not in (MODULE, CLASS) or at.is_made_by_library or not any(at.stacks):
        return ""  # a cache of its own
    if is_private(choice.holder_name) and not choice.put_by_test:
        return ""
    if choice.put_by_test:
        return restoring.of_replaced(choice.holder_name, at, restoring.known_of(choice))
    return restoring.of_filled(choice, choice.holder_name, at) if choice.had_entries else ""


def _of_variable(choice: Choice, at: Situation) -> str:
    """Of a variable in a closure, generator or frame, which no name leads to from outside."""
    if choice.kind != "closure":
        # A frame's object that has outlived nothing: the call goes on.
        runs = choice.kind == "frame" and choice.name.endswith("()") and " in " not in choice.name
        return "" if runs else f"let go of {choice.name}"
    clear = "" if choice.put_by_test else remedies.emptied(choice.kinds, "{}")
    if not choice.cell:
        if not any(place.kind in (MODULE, CLASS) for place in choice.above):
            return ""
        clear = clear.format("its cell_contents")
        return f"empty {choice.name}: {clear}" if clear else f"let go of {choice.name}"
    contents = f"{choice.cell}.cell_contents"
    if clear:
        return f"empty {choice.name}: {clear.format(contents)}"
    return restoring.of_replaced(contents, at, "there")
