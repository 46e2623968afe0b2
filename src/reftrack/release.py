"""The cure: lets go of what finished tests hold.

It knows instances and classes, and no runner: what they had before a test, what was put on them
since, and how to take it off again. Letting go is to delete the one reference, or to put back what
was there; no object is changed or emptied. Nothing here runs code of the owner: no property,
descriptor, `__getattr__`, `__delattr__` or metaclass, only the finalizers of what then dies.
"""

from __future__ import annotations

import functools
import gc
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from types import (
    BuiltinFunctionType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any

from reftrack import mentions
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

Before = dict[str, object]
"""The attributes of an instance or a class before its tests, by name: a plain value, or OPAQUE."""

OPAQUE = object()
"""Stands for a value to which no reference is kept, since that would prolong its life."""

_RUNNERS_OWN = frozenset(
    {  # what `Lib/unittest/case.py` and `suite.py` go on to use, all versions
        "_class_cleanups",
        "_classSetupFailed",
        "_cleanups",
        "_outcome",
        "_subtest",
        "_testMethodDoc",
        "_testMethodName",
        "_type_equality_funcs",
        "tearDown_exceptions",
    }
)
_DESCRIBING = ("id", "__str__", "__repr__", "shortDescription", "__hash__")
_COMPARING = ("__eq__",)
_ALL = {"__dict__", "vars"}
_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE, all versions
# Types by their id(): to look one up in a set, or to compare two, would ask their metaclasses.
_SCALARS = frozenset(
    map(id, (type(None), bool, int, float, complex, type(...), type(NotImplemented)))
)
_PLAIN = _SCALARS | set(
    map(id, (str, bytes, FunctionType, BuiltinFunctionType, classmethod, staticmethod, property))
)
_DESCRIPTORS = (GetSetDescriptorType, MemberDescriptorType)
_WRAPPING_IN_C: tuple[type[Any], ...] = (
    classmethod,
    staticmethod,
    property,
    functools.partial,
    type(functools.lru_cache(int)),
    MethodType,
)
_WRAPPING = (functools.partialmethod, functools.cached_property, functools.singledispatchmethod)
_SEQUENCES: tuple[type[Any], ...] = (list, tuple, set, frozenset, deque)

# `type`'s own ways to the parts of a class: a metaclass may answer for itself.
namespace_of: Callable[[type], Mapping[str, Any]] = type.__dict__["__dict__"].__get__
mro_of: Callable[[type], tuple[type, ...]] = type.__dict__["__mro__"].__get__
_flags_of: Callable[[type], int] = type.__dict__["__flags__"].__get__
_module_of: Callable[[type], object] = type.__dict__["__module__"].__get__
name_of: Callable[[type], str] = type.__dict__["__name__"].__get__
# From 3.15 on one descriptor, of `object`'s, does for all classes that class statements make.
_SHARED_GETTER = vars(type("Room", (), {}))["__dict__"]
_module_dict_of: Callable[[ModuleType], dict[str, Any]] = vars(ModuleType)["__dict__"].__get__


def before(owner: object) -> Before:
    """What `owner`, an instance or a class, has of its own now; values that are not plain are
    OPAQUE."""
    return {name: value if is_plain(value) else OPAQUE for name, value in attributes(owner)}


def put_since(owner: Any, before: Before, only: tuple[str, ...] = ()) -> list[str]:
    """Names of the attributes that were set on `owner` since `before`, and can be let go.

    Where a plain value was there before, one that is worth it can go in its favour. What a runner
    or the class's own `id`, `__str__` and the like read stays, as does what bears a name with
    double underscores. `only` limits them to values of types in these namespaces, or containers
    with such a value.
    """
    found = set_since(owner, before, only)
    if not found:
        return []
    kept = set(_RUNNERS_OWN)
    for cls in with_descendants(owner) if _is_class(owner) else [type(owner)]:
        described = _described_by(cls)
        if described is None:
            return []
        kept |= described
    if _is_class(owner):
        # `type.__setattr__` would ask a descriptor that the metaclass has under the same name.
        for base in mro_of(type(owner)):
            kept |= {name for name in namespace_of(base) if type(name) is str}
    return [name for name, _ in found if name not in kept]


def set_since(owner: Any, before: Before, only: tuple[str, ...] = ()) -> list[tuple[str, object]]:
    """Names and values of the attributes that were set on `owner` since `before`, and could go as
    far as they themselves say."""
    return [
        (name, value)
        for name, value in attributes(owner)
        if _was_set(name, value, before) and is_of(value, only)
    ]


def let_go(owner: Any, name: str, before: Before) -> None:
    """Take one attribute off `owner`, or put back what it was."""
    if _is_class(owner):
        if name in before:
            type.__setattr__(owner, name, before[name])
        elif name in namespace_of(owner):
            type.__delattr__(owner, name)
        return
    own = instance_dict(owner)
    slot = _slots(type(owner)).get(name)
    if own is not None and dict.__contains__(own, name):
        if name in before:
            dict.__setitem__(own, name, before[name])
        else:
            dict.__delitem__(own, name)
    elif slot is not None and name in before:
        slot.__set__(owner, before[name])
    elif slot is not None:
        slot.__delete__(owner)


def let_go_of_all(owner: object, before: Before, only: tuple[str, ...] = ()) -> None:
    """Take all off `owner` that was put on it since `before`."""
    for name in put_since(owner, before, only):
        let_go(owner, name, before)


# What there is


def attributes(owner: Any) -> list[tuple[str, object]]:
    """Names and values of `owner` itself: those of a class, or an instance's dict and slots."""
    if _is_class(owner):
        own: Mapping[str, object] = namespace_of(owner)
        return [(name, value) for name, value in own.items() if type(name) is str]
    found: list[tuple[str, object]] = []
    values = instance_dict(owner)
    if values is not None:
        found += [(name, value) for name, value in dict.items(values) if type(name) is str]
    for name, member in _slots(type(owner)).items():
        with suppress(AttributeError):  # an empty slot
            found.append((name, member.__get__(owner)))
    return found


def is_heap_frozen() -> bool:
    """Has `gc.freeze()` hidden objects from who asks the collector for them? CPython 3.12 begins
    with a few hundred that are; a program's are thousands."""
    return gc.get_freeze_count() > 1_000


def bases(cls: type) -> tuple[type, ...]:
    """The class and those that it derives from, as far as a class statement made them."""
    return tuple(base for base in mro_of(cls) if is_made(base))


def is_made(cls: type) -> bool:
    """By a class statement, or the like of one."""
    return _flags_of(cls) & _HEAP_TYPE != 0


def with_descendants(cls: type) -> list[type]:
    found = [cls]
    known = {id(cls)}
    for parent in found:
        children: list[type] = type.__subclasses__(parent)
        for child in children:
            if id(child) not in known:
                known.add(id(child))
                found.append(child)
    return found


def module_of(cls: type) -> str:
    """The name of the module that a class says it is from; "" where it says none."""
    try:
        name = _module_of(cls)
    except AttributeError:
        return ""
    return name if type(name) is str else ""


def module_namespace(module: Any) -> dict[str, Any]:
    """What a module has; nothing, where something else stands in its place."""
    return _module_dict_of(module) if issubclass(type(module), ModuleType) else {}


def is_exactly(value: object, *types: type[Any]) -> bool:
    """Is its type one of these, and none that derives from them? No metaclass is asked."""
    kind = type(value)
    return any(kind is one for one in types)


def _is_class(owner: object) -> bool:
    return issubclass(type(owner), type)


def instance_dict(instance: object) -> dict[str, object] | None:
    """Its dict, if it has one, by the getter that the first base with room for one has: a class may
    define a `__dict__` of its own."""
    for base in mro_of(type(instance)):
        getter: Any = namespace_of(base).get("__dict__")
        if not is_exactly(getter, *_DESCRIPTORS):
            continue
        if getter.__objclass__ is base or getter is _SHARED_GETTER:
            with suppress(AttributeError):  # a class may have the shared one, and no room
                found: dict[str, object] = getter.__get__(instance)
                return found
    return None


def _slots(cls: type) -> dict[str, MemberDescriptorType]:
    return {
        name: member
        for base in bases(cls)
        if "__slots__" in namespace_of(base)
        for name, member in namespace_of(base).items()
        if type(member) is MemberDescriptorType
    }


# What may go


def _was_set(name: str, value: object, before: Before) -> bool:
    if name.startswith("__") and name.endswith("__"):
        return False
    if name not in before:
        return True
    old = before[name]
    return old is not OPAQUE and value is not old and id(type(value)) not in _SCALARS


def is_plain(value: object) -> bool:
    """Can a reference to it be kept without anybody's notice? A number, a text, a function, or a
    container of nothing else."""
    if id(type(value)) in _PLAIN:
        return True
    if is_exactly(value, list, tuple, set, frozenset, dict):
        return all(id(type(item)) in _PLAIN for item in _contents(value))
    return False


def is_of(value: object, namespaces: tuple[str, ...]) -> bool:
    """Is it, or a value directly in it, of a type from one of these namespaces? Any value is where
    there are none."""
    if not namespaces:
        return True
    modules = (module_of(type(item)) for item in (value, *_contents(value)))
    return any(is_in(module, name) for module in modules for name in namespaces)


def namespaces(cls: Any) -> tuple[str, ...]:
    """The class attribute `release_only`, in which a single name may stand alone."""
    only = cls.release_only
    return (only,) if isinstance(only, str) else tuple(only)


def is_in(module: str, namespace: str) -> bool:
    """Is it that module, or one below it?"""
    return f"{module}.".startswith(f"{namespace}.")


def _contents(value: Any) -> list[object]:
    """The values directly in a container, read as the builtin type that it derives from."""
    kind = type(value)
    if issubclass(kind, dict):
        return list(dict.values(value))
    for builtin in _SEQUENCES:
        if issubclass(kind, builtin):
            return list(builtin.__iter__(value))
    if (module_of(kind), name_of(kind)) == ("django.test.testcases", "TestData"):
        data = (instance_dict(value) or {}).get("data")  # setUpTestData's, as Django wraps it
        return [data, *_contents(data)]
    return []


def reads_all(cls: type) -> bool:
    """May the class's own ways to tell its tests read any attribute?"""
    return _described_by(cls) is None


def _described_by(cls: type) -> frozenset[str] | None:
    """Every name that the class's own ways to tell and compare its tests could read; None where
    they may read any.

    A text that is made after the test, for the list of failures, reads the same as ever. What
    unittest's own methods read is in `_RUNNERS_OWN`. A comparison of all that two instances have
    does not count: an instance that is over is compared to itself.
    """
    namespaces = [
        namespace_of(base) for base in bases(cls) if not is_in(module_of(base), "unittest")
    ]
    names = _read_by(_DESCRIBING, namespaces)
    return None if names & _ALL else frozenset(names | _read_by(_COMPARING, namespaces))


def _read_by(methods: Iterable[str], namespaces: Sequence[Mapping[str, Any]]) -> set[str]:
    """Names in the code of these methods, of those whose names are in there, and of functions of
    the same module."""
    names: set[str] = set()
    seen: set[int] = set()
    pending: list[object] = [space.get(name) for name in methods for space in namespaces]
    while pending:
        function = function_of(pending.pop())
        if function is None or id(function) in seen:
            continue
        seen.add(id(function))
        read = mentions.in_code(function.__code__)
        pending += [space.get(name) for name in read - names for space in namespaces]
        pending += [
            helper
            for helper in map(function.__globals__.get, read)
            if type(helper) is FunctionType and helper.__globals__ is function.__globals__
        ]
        pending += closed_over(function)
        names |= read
    return names


def function_of(attribute: Any) -> FunctionType | None:
    """The function that an attribute of a class stands for."""
    if type(attribute) is property:
        attribute = attribute.fget
    elif is_exactly(attribute, classmethod, staticmethod):
        attribute = attribute.__func__
    return attribute if type(attribute) is FunctionType else None


def functions_in(attributes: Iterable[object]) -> Iterator[FunctionType]:
    """The functions that attributes stand for, with those that decorators have wrapped, however
    deep; not those in containers, which others may have as well."""
    pending = list(attributes)
    seen: set[int] = set()
    for value in pending:
        if id(value) in seen:
            continue
        seen.add(id(value))
        if type(value) is FunctionType:
            yield value
            pending += closed_over(value)
            # `__dict__` would make one.
            parts = [part for part in gc.get_referents(value) if type(part) is dict]
            pending += [part.get("__wrapped__") for part in parts]
        elif is_exactly(value, *_WRAPPING_IN_C):
            pending += gc.get_referents(value)
        elif is_exactly(value, *_WRAPPING) or _is_of_runners(type(value)):
            pending += (instance_dict(value) or {}).values()


def _is_of_runners(kind: type) -> bool:
    """A fixture of pytest's, a method of unittest's that reftrack stands before."""
    return any(is_in(module_of(kind), name) for name in ("_pytest", "reftrack"))


def closed_over(function: FunctionType) -> list[object]:
    """What its closure has: a decorator's has the function that it wraps."""
    found: list[object] = []
    for cell in function.__closure__ or ():
        with suppress(ValueError):  # an empty one
            found.append(cell.cell_contents)
    return found
