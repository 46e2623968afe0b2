"""Names for what lies on a path, as a Python developer would write them.

A path of objects and edges becomes a few places: "TextTestResult.failures[0][0]",
"ExampleTest.user". A place is what one owner (a module, a class, an instance, a frame) calls the
next; containers in between are written as subscripts. No object of the program is touched: all is
made of the plain data that the heap graph gave.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from reftrack.heap import Step
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

Bases = Mapping[str, tuple[str, ...]]
NO_BASES: Bases = {}

MODULE, CLASS, INSTANCE, FRAME, GENERATOR, CLOSURE, CACHE, SLOT, CONTAINER = (
    "module",
    "class",
    "instance",
    "frame",
    "generator",
    "closure",
    "cache",
    "slot",
    "container",
)
CONTEXT, DEFAULT, INTERPRETER = "context", "default", "interpreter"

SQLITE_CONNECTION = "sqlite3.Connection"
"""It has an lru_cache of statements and a list of weak references to its cursors, as fields without
a name (Modules/_sqlite/connection.c, 3.11 to 3.15)."""

CACHE_TYPE = "functools._lru_cache_wrapper"
LOCAL_TYPE = "_thread._local"
MOCK_CALL = "unittest.mock._Call"
SEQUENCES = frozenset({"collections.deque", "collections.OrderedDict", "numpy.ndarray"})
GENERATORS = frozenset({"generator", "coroutine", "async_generator"})
NAMED_BY = {
    "_pytest.fixtures.FixtureDef": ("argname", "_scope._value_"),
    "logging.Logger": ("name",),
    "logging.RootLogger": ("name",),
    "unittest.mock._patch": ("target", "attribute"),
}
"""Attributes by which objects of some types are called: `Step.name` has their texts."""

INTERPRETERS = {
    "atexit callbacks": "atexit",
    "codecs.register": "codecs.register",
    "codecs.register_error": "codecs.register_error",
    "os.register_at_fork": "os.register_at_fork",
    "sys.addaudithook": "sys.addaudithook",
    "sys.monitoring": "sys.monitoring",
    "sys.set_lazy_imports_filter": "sys.set_lazy_imports_filter",
    "asyncio's running loop": "asyncio's running loop",
    "asyncio's running task": "asyncio's running task",
    "context": "the context of a thread",
    "thread-local data": "the data of a thread",
    "sys.setprofile": "sys.setprofile",
    "sys.settrace": "sys.settrace",
    "signal handlers": "signal.signal",
}
LONGEST_KEY = 40
LONGEST_SUBSCRIPT = 8


class Place(NamedTuple):
    """One place that refers to the next: `text` with the subscripts of the sample, `pattern` with
    every subscript written as [*]. `owner` is the type (or module, class, function) it belongs to,
    in full; `attribute` the name without subscripts; `step` the index of the step that its name
    leads to; `value` the type of what is there, `item` of what the last subscript leads to;
    `called` what the owner calls itself (see NAMED_BY), `call` the name in a mock's record."""

    kind: str
    owner: str
    attribute: str
    text: str
    pattern: str
    step: int = 0
    value: str = ""
    item: str = ""
    called: str = ""
    call: str = ""


def places(path: Sequence[Step], bases: Bases = NO_BASES) -> list[Place]:
    """The named places along a path, from the root."""
    found: list[Place] = []
    if path[0].edge == "interpreter" and path[0].label != "context":
        name = str(path[0].label)
        found.append(Place(INTERPRETER, name, "", name, name, 0, path[0].type))
    for index in range(1, len(path)):
        above, step = path[index - 1], path[index]
        before = path[index - 1].edge if index > 1 else "modules"
        made = _place(path, index, above, step, before, bases)
        if isinstance(made, Place):
            # A closure's variable is what its cell refers to.
            to = index + 1 if step.type == "cell" and index + 1 < len(path) else index
            found.append(made._replace(step=to, value=path[to].type))
        elif made:
            found = _subscripted(found, above, made)
            found[-1] = found[-1]._replace(item=step.type)
        if step.type == MOCK_CALL and step.name and found:
            found[-1] = found[-1]._replace(call=step.name)
    return found


def is_name(before: str, edge: str, label: object, type_name: str) -> bool:
    """Is a label part of a name, rather than a subscript? `before` is the edge before."""
    if edge == "index":
        return before in ("closure", "defaults")  # a number, of the variable
    if edge == "key" and before not in ("dict", "slot"):
        return type(label) is str and type_name == CACHE_TYPE  # see _cache()
    return type(label) is str or edge in ("closure", "defaults")


def _place(
    path: Sequence[Step], index: int, above: Step, step: Step, before: str, bases: Bases
) -> Place | str | None:
    """A new place, a subscript for the last one, or None where the edge has no name of its own."""
    edge, label = step.edge, step.label
    if edge == "gap":
        return Place(CONTAINER, step.type, "", f"... {label} more ...", "...")
    if edge == "dict" and index == len(path) - 1:
        return _attribute(above, "__dict__")  # the attributes' own table grew
    if edge in ("dict", "cell", "type") or above.edge == "modules" or above.type == "code":
        return None
    if edge == "key" and before == "dict" and index >= 2:
        if type(label) is not str:  # a key that only setattr() with a str of one's own can make
            return _in_brackets(_attribute(path[index - 2], "__dict__"))
        return _attribute(path[index - 2], label)
    if edge == "key" and before == "slot" and path[index - 1].label == "f_locals":
        return _local(path[index - 2], label) if type(label) is str else None
    if edge == "context":
        text = f"{label} (context variable)"
        return Place(CONTEXT, str(label), str(label), text, text)
    if (owner := _thread_local(path, index)) is not None:
        return _attribute(owner, str(label)) if type(label) is str else None
    if before == "defaults" or (before == "slot" and path[index - 1].label == "__kwdefaults__"):
        return _default(path[index - 2], path[index - 1].label, label)
    if edge == "defaults":
        return None
    if edge == "attr":
        return _attribute(above, str(label) if label is not None else "?")
    if edge == "local":
        return _local(above, label)
    if edge == "closure":
        return None
    if edge == "index" and before == "closure":
        return _free_variable(path[index - 2], above.label, label)
    if edge == "index":
        return f"[{_index(label)}]" if label is not None else "[?]"
    if edge == "item" and isinstance(label, tuple):
        return f"[{_index(label[0])}]" + "".join(f"[{_key(field)}]" for field in label[1:])
    if edge == "key":
        return f"[{_key(label)}]"
    if edge == "keys" and before == "dict" and index >= 2:
        return _in_brackets(_attribute(path[index - 2], "__dict__"))  # a name among the attributes
    if edge in ("keys", "member"):
        return "[*]"
    if edge == "slot":
        return _slot(above, str(label))
    if is_a(above.type, SQLITE_CONNECTION, bases):
        kept = {CACHE_TYPE: "cached_statements", "list": "cursors"}
        return _attribute(above, kept.get(step.type, "callbacks"))
    if above.type == CACHE_TYPE:
        is_sqlites = index >= 2 and is_a(path[index - 2].type, SQLITE_CONNECTION, bases)
        return "[*]" if is_sqlites else _cache(path, index)
    if before == "ref" and index >= 2 and path[index - 2].type == CACHE_TYPE:
        return "[*]"
    return "[*]" if above.type in SEQUENCES else None


def _attribute(owner: Step, name: str) -> Place:
    if owner.type in NAMED_BY:
        place = _new(INSTANCE, owner.type, name, _short(owner.type))
        return place._replace(called=owner.name or "")
    if owner.type == "function" and owner.name is not None:
        return _new(INSTANCE, owner.name, name, _short_function(owner.name))
    if owner.type == "module":
        return _new(MODULE, owner.name or "?", name, owner.name or "?")
    if owner.name is not None and owner.type != "function" and owner.type != "frame":
        return _new(CLASS, owner.name, name, _short(owner.name))
    return _new(INSTANCE, owner.type, name, _short(owner.type))


def _local(frame: Step, label: object) -> Place:
    function = frame.name or "?"
    text = (
        f"{label} in {_short_function(function)}()" if label else f"{_short_function(function)}()"
    )
    kind = GENERATOR if frame.type in GENERATORS else FRAME
    return Place(kind, function, str(label or "?"), text, text)


def _free_variable(function: Step, names: object, index: object) -> Place:
    name = _named_at(names, index) or "?"
    owner = function.name or "?"
    text = f"{name} in the closure of {_short_function(owner)}()"
    return Place(CLOSURE, owner, name, text, text)


def _named_at(names: object, index: object) -> str | None:
    """Of the names that a step has for its variables, the one at an index."""
    if isinstance(names, tuple) and isinstance(index, int) and index < len(names):
        return str(names[index])
    return None


def _thread_local(path: Sequence[Step], index: int) -> Step | None:
    """The threading.local whose attribute, or way to it, the edge is: it keeps a dict for each
    thread, in a dict by weak references (Modules/_threadmodule.c, 3.11 to 3.15)."""
    if path[index].edge != "key":
        return None
    return next((step for step in path[max(0, index - 3) : index] if step.type == LOCAL_TYPE), None)


def is_attributes(path: Sequence[Step], index: int) -> bool:
    """Is it the dict of an object's attributes, no object of its own?"""
    of_thread = path[index].type == "dict" and index > 1 and path[index - 2].type == LOCAL_TYPE
    return path[index].edge == "dict" or of_thread


def _default(function: Step, names: object, label: object) -> Place:
    """A default argument; positional ones have their names beside them, by index."""
    owner = function.name or "?"
    name = _named_at(names, label) or str(label)
    text = f"{name}, default of {_short_function(owner)}()"
    return Place(DEFAULT, owner, name, text, text)


def _slot(owner: Step, name: str) -> Place | None:
    if name in ("__globals__", "f_code", "__code__", "__kwdefaults__", "f_locals"):
        return None
    return _new(SLOT, owner.name or owner.type, name, _short(owner.name or owner.type))


def _cache(path: Sequence[Step], index: int) -> Place:
    """The cache of a function wrapped by functools.cache or lru_cache, by that function's name, or
    where it lost its name, by what refers to it."""
    name = path[index - 1].name
    if name is None or _is_renamed(path, index - 1, name):
        for k in range(index - 1, 0, -1):
            label = path[k].label
            if path[k].edge in ("key", "attr") and isinstance(label, str) and label != "__self__":
                above = path[k - 2] if path[k].edge == "key" and k >= 2 else path[k - 1]
                name = f"{above.name or above.type}.{label}"
                break
    if name is None:
        return Place(CACHE, CACHE_TYPE, "", "function", "function")
    owner, _, attribute = name.rpartition(".")
    short = _short(name)
    text = short if "." in short else name
    place = Place(CACHE, owner or name, attribute, text, text)
    # A bounded cache leads to its entries itself, an unbounded one by its dict.
    return place if path[index].type == "dict" else _in_brackets(place)


def _is_renamed(path: Sequence[Step], index: int, name: str) -> bool:
    """Is a function's cache an attribute of another name, as by `self.rate = cache(self._rate)`?"""
    step = path[index]
    is_attribute = step.edge == "attr" or (step.edge == "key" and path[index - 1].edge == "dict")
    label = step.label if is_attribute and isinstance(step.label, str) else ""
    return not label.startswith("__") and label not in ("", name.rpartition(".")[2])


def _new(kind: str, owner: str, attribute: str, shown_owner: str) -> Place:
    text = f"{shown_owner}.{attribute}"
    return Place(kind, owner, attribute, text, text)


def _in_brackets(place: Place) -> Place:
    return place._replace(text=place.text + "[*]", pattern=place.pattern + "[*]")


def _subscripted(found: list[Place], above: Step, subscript: str) -> list[Place]:
    if not found:
        name = _short(above.type)
        return [Place(CONTAINER, above.type, "", name + subscript, name + "[*]")]
    last = found[-1]
    if last.text.count("[") >= LONGEST_SUBSCRIPT:
        more = "" if last.text.endswith("[...]") else "[...]"
        return [*found[:-1], last._replace(text=last.text + more)]
    pattern = last.pattern if last.pattern.endswith("[*][*]") else last.pattern + "[*]"
    return [*found[:-1], last._replace(text=last.text + subscript, pattern=pattern)]


def _index(label: object) -> str:
    """Of an array with several dimensions, or with none, it is a tuple."""
    return ", ".join(map(str, label)) or "()" if isinstance(label, tuple) else str(label)


def _key(label: object) -> str:
    if isinstance(label, list):
        return f"<{_short(label[0])}>"
    text = repr(label)
    return text if len(text) <= LONGEST_KEY else text[: LONGEST_KEY - 3] + "..."


def _short(name: str) -> str:
    """The qualified name without its module: "Outer.Inner" of "package.module.Outer.Inner".

    Modules are told by their lower case; a name that is all lower case keeps its last part.
    """
    parts = name.replace("<locals>.", "").split(".")
    for k, part in enumerate(parts):
        if part[:1].isupper() or (part[:1] == "_" and part.lstrip("_")[:1].isupper()):
            return ".".join(parts[k:])
    return parts[-1]


def in_short(name: str) -> str:
    """A module's name in full, a class's without its module."""
    short = _short(name)
    return short if short[:1].isupper() else name


def _short_function(name: str) -> str:
    """The last part of a function's name, of a lambda's that of the function around it."""
    parts = [part for part in name.split(".") if part != "<locals>"]
    named = [part for part in parts if not part.startswith("<")]
    return (named if parts[-1] == "<lambda>" and len(named) > 1 else parts)[-1]


def root_text(path: Sequence[Step]) -> str:
    """Where reachability starts, in words."""
    first = path[0]
    if first.edge == "modules":
        name = (path[1].name or path[1].label) if len(path) > 1 else None
        return f"module {name}" if name is not None else "sys.modules"
    if first.edge == "frame":
        return f"running frame of {first.name}()"
    if first.edge == "thread":
        return f"a thread that runs {first.name}()"
    if first.edge == "interpreter":
        return "the interpreter: " + INTERPRETERS[str(first.label)]
    if first.edge == "garbage":
        return "nothing: unreachable, yet not collected"
    count = first.label if isinstance(first.label, int) else 0
    if count:
        return f"C code holds {count} reference{'s' if count != 1 else ''} to {_short(first.type)}"
    return f"the interpreter ({_short(first.type)})"


def is_a(type_name: str, base: str, bases: Bases) -> bool:
    """Is the type of that name, or one of its bases, the class `base`?"""
    return base in bases.get(type_name, (type_name,))


def without_subscripts(text: str) -> str:
    """`module.CACHE` of `module.CACHE['key'][0]`."""
    return text.split("[", 1)[0]


def first_key(text: str) -> str:
    """`'key'` of `item.funcargs['key'][0]`; nothing of a text without a subscript."""
    return text.partition("[")[2].partition("]")[0]


def last_key(text: str) -> str:
    """`'key'` of `module.CACHE['key']`; nothing of a text without a subscript."""
    return text[text.rindex("[") + 1 : -1] if text.endswith("]") else ""
