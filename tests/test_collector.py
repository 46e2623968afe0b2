"""A look borrows the heads that the collector keeps before its objects, and gives them back."""

from __future__ import annotations

import ctypes
import gc
import weakref
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from reftrack import _reftrack
from scoped import Within, groups, look, module
from support import plain

SIZE = 50_000


@pytest.fixture(autouse=True)
def started() -> Iterator[None]:
    _reftrack.start(16)
    yield
    _reftrack.stop()


class Cell:
    """A cycle of its own, that only the collector can end."""

    def __init__(self) -> None:
        self.me = self


@pytest.mark.parametrize("count", [0, 1, 2, 3, 1000])
def test_the_lists_are_whole_after_a_look(count: int) -> None:
    """Given objects in the youngest list, an odd or even number of them, when the heap was looked
    at, then each can be unlinked and collected: both need the links backwards."""
    with Within() as scope:
        kept: list[Any] = [Cell() for _ in range(count)]
    gone = [weakref.ref(cell) for cell in kept]
    look(scope)
    for i in range(0, count, 2):
        del kept[i].me  # so that each is unlinked by itself, from within the list
        kept[i] = None
    assert [ref() is None for ref in gone] == [i % 2 == 0 for i in range(count)]
    del kept
    gc.collect()
    assert all(ref() is None for ref in gone)


def test_a_frozen_list_is_whole_after_a_look() -> None:
    with Within() as scope:
        kept = [Cell() for _ in range(100)]
    gone = [weakref.ref(cell) for cell in kept]
    gc.freeze()
    try:
        assert groups(look(scope), scope)
    finally:
        gc.unfreeze()
    del kept
    gc.collect()
    assert all(ref() is None for ref in gone)


def test_a_finalized_object_is_not_finalized_again() -> None:
    """The collector's flag for that lies in the word that a look borrows."""
    calls = []

    class Lazarus:
        def __init__(self) -> None:
            self.me = self

        def __del__(self) -> None:
            calls.append(self)

    Lazarus()
    gc.collect()
    assert len(calls) == 1  # and alive again
    with Within() as scope:
        pass
    look(scope)
    calls.clear()
    gc.collect()
    assert calls == []


def test_a_look_in_the_middle_of_a_collection(tmp_path: Path) -> None:
    """Given a finalizer, a weakref callback and a gc callback that look at the heap while the
    collector holds objects on lists of its own, then nothing is lost or crashes."""
    script = tmp_path / "script.py"
    script.write_text(
        dedent("""
        import gc, weakref
        from reftrack import _reftrack
        _reftrack.start(16)
        scope = _reftrack.new_scope()
        _reftrack.enter_scope(scope)
        seen = []

        def look(*_):
            answer = _reftrack.explain(b"\\1" * (scope + 1), "/", 100, False)
            seen.append(sum(group[1] for group in answer.groups))

        class Cycle:
            def __init__(self, looks):
                self.me, self.looks, self.data = self, looks, bytearray(50_000)
            def __del__(self):
                if self.looks:
                    look()

        kept = [Cycle(False) for _ in range(100)]
        gc.callbacks.append(look)
        for i in range(20):
            cycles = [Cycle(i == 7) for i in range(10)]
            ref = weakref.ref(cycles[0], look)
            del cycles
            gc.collect()
        gc.callbacks.clear()
        assert len(seen) >= 60, len(seen)
        assert all(bytes >= 100 * 50_000 for bytes in seen), seen
        kept.clear()
        gc.collect()
        live = _reftrack.counters(scope)[0]
        assert live < 1_000_000, live
        print("whole")
        """)
    )
    done = plain(script, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "whole\n"), done.stderr


def test_a_look_without_memory_leaves_the_lists_whole(tmp_path: Path) -> None:
    """Given an address space that a look does not fit into, then it is refused, and the collector
    works on; at whatever point the memory ran out."""
    script = tmp_path / "script.py"
    script.write_text(
        dedent("""
        import gc, resource, weakref
        from reftrack import _reftrack

        class Cell:
            def __init__(self):
                self.me, self.text = self, "x" * 100

        _reftrack.start(16)
        scope = _reftrack.new_scope()
        _reftrack.enter_scope(scope)
        kept = [Cell() for _ in range(200_000)]
        refs = [weakref.ref(cell) for cell in kept]
        gc.collect()
        used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        refused = 0
        for spare in range(0, 256 << 20, 4 << 20):
            resource.setrlimit(resource.RLIMIT_AS, (used + spare, resource.RLIM_INFINITY))
            try:
                _reftrack.explain(b"\\1" * (scope + 1), "/", 100, False)
            except MemoryError:
                refused += 1
            gc.collect()
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
        assert refused > 3, refused
        kept.clear()
        gc.collect()
        assert all(ref() is None for ref in refs)
        print("whole")
        """)
    )
    done = plain(script, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "whole\n"), done.stderr


# ---- what is no node of its own ----


class Box:
    def __init__(self, content: object) -> None:
        self.content = content


def test_what_only_a_survivor_refers_to_is_retained_however_old_it_is() -> None:
    """Given a string made before the test, that since then only an object of the test refers to,
    then letting go of that object would free it."""
    heap: Any
    with module() as heap:
        heap.old = ["x" * SIZE]
        with Within() as scope:
            heap.holder = Box(heap.old.pop())
        (group,) = groups(look(scope), scope)
        assert group.bytes < 1000
        assert SIZE <= group.retained_bytes < SIZE + 1000


def test_what_others_refer_to_as_well_is_not_retained() -> None:
    heap: Any
    with module() as heap:
        heap.old = ["x" * SIZE]
        with Within() as scope:
            heap.holder = Box(heap.old[0])
        (group,) = groups(look(scope), scope)
        assert group.retained_bytes < 1000


def test_the_utf8_form_that_a_test_asks_an_old_string_for_is_the_strings() -> None:
    heap: Any
    with module() as heap:
        heap.text = "é" * SIZE + str(len(gc.get_objects()))
        with Within() as scope:
            _utf8(heap.text)
        group = groups(look(scope), scope)[0]
        assert group.bytes >= 2 * SIZE
        assert group.path[-1].type == "str"


def _utf8(text: str) -> None:
    """PyUnicode_AsUTF8AndSize() leaves its result with the string."""
    function = ctypes.pythonapi.PyUnicode_AsUTF8AndSize
    function.restype = ctypes.c_char_p
    function(ctypes.py_object(text), None)
