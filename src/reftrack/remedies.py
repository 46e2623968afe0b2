"""How something of a known type is emptied, closed or put back: code, by the names of types."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reftrack.naming import Place
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

_EMPTIED = {
    **dict.fromkeys(
        (
            "dict",
            "list",
            "set",
            "bytearray",
            "collections.deque",
            "collections.OrderedDict",
            "collections.defaultdict",
            "collections.Counter",
            "collections.ChainMap",
            "collections.UserDict",
            "collections.UserList",
            "weakref.WeakKeyDictionary",
            "weakref.WeakValueDictionary",
            "weakref.WeakSet",
            "_weakrefset.WeakSet",
            "xml.etree.ElementTree.Element",
        ),
        "{name}.clear()",
    ),
    **dict.fromkeys(
        ("_io.BytesIO", "_io.StringIO", "tempfile.SpooledTemporaryFile"),
        "{name}.seek(0); {name}.truncate()",
    ),
    **dict.fromkeys(
        ("queue.Queue", "queue.LifoQueue", "queue.PriorityQueue"), "{name}.queue.clear()"
    ),
    **dict.fromkeys(
        ("queue.SimpleQueue", "_queue.SimpleQueue", "asyncio.queues.Queue"),
        "{name}.get_nowait() until it is empty",
    ),
    "array.array": "del {name}[:]",
    "sched.scheduler": "for event in {name}.queue: {name}.cancel(event)",
}
"""Containers, and what derives from them."""

_CLOSED = {
    "generator": "{name}.close()",
    "coroutine": "{name}.close()",
    "async_generator": "await {name}.aclose()",
    "sqlalchemy.orm.scoping.scoped_session": "{name}.remove()",
    "sqlite3.Connection": "{name}.close()",
    "contextlib.ExitStack": "{name}.close()",
    **dict.fromkeys(
        ("asyncio.base_events.BaseEventLoop", "asyncio.unix_events._UnixSelectorEventLoop"),
        "{name}.close(), after its tasks are cancelled",
    ),
    "concurrent.futures.thread.ThreadPoolExecutor": "{name}.shutdown()",
    "threading.Timer": "{name}.cancel()",
    "threading.Thread": "{name}.join()",
    "memoryview": "{name}.release()",
    "_asyncio.Future": "{name}.cancel()",
    "_asyncio.Task": "{name}.cancel()",
}
_CAN_GO_ON = ("sqlalchemy.orm.scoping.scoped_session", "contextlib.ExitStack")
"""What is as good as new when it has been closed."""

_DICTS = frozenset({"dict", "collections.OrderedDict", "collections.defaultdict"}) | {
    "collections.Counter",
    "collections.UserDict",
}
_CALLED = frozenset({"list", "set", "bytearray"})
_COPIED = frozenset(
    {"collections.deque", "collections.UserList", "collections.ChainMap", "array.array"}
)
"""Of what its type makes another, and of what a copy is made; so is one of what derives from it."""

IMMUTABLE = frozenset({"tuple", "frozenset", "str", "bytes", "int", "float", "frozendict"})
"""Of these nothing can be taken out: who adds to one makes a new one."""

INTERPRETERS = {
    "atexit callbacks": "atexit.unregister(function) after the test",
    "codecs.register": "codecs.unregister(search) after the test",
    "codecs.register_error": "register one handler, at import: it stays for good",
    "os.register_at_fork": "register one function, at import: it stays for good",
    "sys.addaudithook": "add one hook, at import: it stays for good",
    "signal handlers": "after the test: signal.signal(number, handler), with the one it was before",
    "sys.settrace": "after the test: sys.settrace(None)",
    "sys.setprofile": "after the test: sys.setprofile(None)",
}

SETTINGS = {"sqlite3.Connection": ("row_factory", "text_factory")}
"""Attributes by which users tell an object what to call."""


WAITING = ("_getters", "_putters", "_waiters")


def waits(place: Place) -> bool:
    """Are they tasks that wait for a queue, event or lock of asyncio's?"""
    return place.attribute in WAITING and place.owner.startswith("asyncio.")


def emptied(kinds: Iterable[str], name: str) -> str:
    """What takes all out of `name`; `kinds` are its type and what that derives from."""
    code = next((_EMPTIED[kind] for kind in kinds if kind in _EMPTIED), "")
    return code.format(name=name)


def closed(kinds: Iterable[str], name: str, is_older: bool = False) -> str:
    """What ends `name`; of what was there before the tests, only if they can use it again."""
    known = next((kind for kind in kinds if kind in _CLOSED), "")
    if not known or (is_older and known not in _CAN_GO_ON):
        return ""
    return _CLOSED[known].format(name=name)


def is_dict(kinds: Iterable[str]) -> bool:
    return not _DICTS.isdisjoint(kinds)


def can_be_copied(kinds: Iterable[str]) -> bool:
    return not (_DICTS | _CALLED | _COPIED).isdisjoint(kinds)


def put_back(kinds: Sequence[str], name: str, in_pytest: bool, is_deep: bool = False) -> str:
    """What gives a container its entries back after the test. A copy of it lets inner ones grow,
    unless it is deep."""
    owner, _, attribute = name.rpartition(".")
    copy = f"{kinds[0]}({name})" if kinds[0] in _CALLED else f"copy.copy({name})"
    if is_deep:
        copy = f"copy.deepcopy({name})"
    if is_dict(kinds) and not (is_deep and in_pytest):
        if in_pytest:
            return f"with mock.patch.dict({name}): yield, in a fixture"
        return f"self.enterContext(mock.patch.dict({name}{f', {copy}' if is_deep else ''}))"
    if in_pytest:
        return f'monkeypatch.setattr({owner}, "{attribute}", {copy})'
    return f'self.enterContext(mock.patch.object({owner}, "{attribute}", {copy}))'
