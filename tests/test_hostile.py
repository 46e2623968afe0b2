"""Suites that do their worst: the outcome stays theirs, nothing crashes, the record is true."""

from __future__ import annotations

import io
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import dedent
from typing import Any, NamedTuple

import pytest

from reftrack import records
from reftrack.model import Report
from reftrack.reporters import json, terminal
from support import environment, plain, reftrack

SUITE = ("-m", "unittest", "suite")
KEPT = 600_000

# The hostile test runs between these two: what it leaves behind must not hide the second one.
PRELUDE = """\
import atexit, builtins, gc, os, signal, sys, threading, time, types, unittest
KEPT = []
class AKeeps(unittest.TestCase):
    def test_keeps(self):
        KEPT.append(bytearray(300_000))
class ZKeeps(unittest.TestCase):
    def test_keeps(self):
        KEPT.append(bytearray(300_000))
def boom(*args, **keywords):
    raise RuntimeError("boom")
"""


class Ran(NamedTuple):
    ours: subprocess.CompletedProcess[str]
    report: Report

    @property
    def kept(self) -> int:
        """The bytes that the report finds kept by `suite.KEPT`."""
        return sum(h.survived_bytes for h in self.report.holders if "KEPT" in " ".join(h.path))


def compare(
    folder: Path,
    source: str,
    *command: str,
    flags: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
) -> Ran:
    """The suite, plain and under reftrack: status and output are the same, but for times and
    addresses, and the record can be read and rendered."""
    (folder / "suite.py").write_text(PRELUDE + dedent(source))
    command = command or SUITE
    expected = plain(*command, cwd=folder, flags=flags, env=env)
    ours = reftrack("run", "--no-report", *command, cwd=folder, flags=flags, env=env)
    assert ours.returncode == expected.returncode, ours.stderr
    assert _timeless(ours.stdout) == _timeless(expected.stdout)
    assert _timeless(ours.stderr) == _timeless(expected.stderr)
    return Ran(ours, read(folder))


def read(folder: Path) -> Report:
    """The newest record, which both reports can show and of which both say whether it is whole."""
    report = records.load(records.latest(str(folder / ".reftrack")))
    page = io.StringIO()
    terminal.render(report, page, directory=str(folder))
    assert ("INCOMPLETE" in page.getvalue()) is not report.complete
    assert (b'"complete": true' in json.dumps(report)) is report.complete
    return report


def _timeless(output: str) -> str:
    return re.sub(r"-?\d+\.\d+s|0x[0-9a-f]+|refcount : \d+", "...", output)


def in_test(code: str) -> str:
    """The code as the body of a test."""
    body = "".join(f"        {line}\n" for line in dedent(code).strip().splitlines())
    return f"class Hostile(unittest.TestCase):\n    def test_hostile(self):\n{body}"


def xfail(reason: str, **keywords: Any) -> pytest.MarkDecorator:
    return pytest.mark.xfail(**{"strict": True, **keywords}, reason=reason)


def cases(table: Mapping[str, str], failing: Mapping[str, str]) -> list[Any]:
    """A parameter per program; `failing` gives the reasons of those that do not work yet."""
    return [
        pytest.param(text, id=name, marks=[xfail(failing[name])] if name in failing else [])
        for name, text in table.items()
    ]


# ---- what a test does to its process ------------------------------------------------------------

DEEDS = {
    "forks, child exits": """
        pid = os.fork()
        if pid == 0:
            sys.exit(4)
        print(os.waitpid(pid, 0)[1])
        """,
    "forks, child _exits": """
        pid = os.fork()
        if pid == 0:
            os._exit(4)
        print(os.waitpid(pid, 0)[1])
        """,
    "forks, child raises": """
        pid = os.fork()
        if pid == 0:
            raise ValueError("child")
        print(os.waitpid(pid, 0)[1])
        """,
    "forks, child runs the other tests too": """
        pid = os.fork()
        if pid:
            print(os.waitpid(pid, 0)[1])
        """,
    "forks a pool": """
        import multiprocessing
        with multiprocessing.get_context("fork").Pool(2) as pool:
            print(pool.map(abs, range(-5, 0)))
        """,
    "spawns a pool": """
        import multiprocessing
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            print(pool.map(abs, range(-5, 0)))
        """,
    "recurses to the limit and far below": """
        def without_end(n):
            return without_end(n + 1)
        with self.assertRaises(RecursionError) as caught:
            without_end(0)
        KEPT.append(caught.exception)
        sys.setrecursionlimit(200_000)
        def deep(n):
            kept = [n]
            return deep(n - 1) if n else kept
        deep(50_000)
        """,
    "leaves a low recursion limit": """
        depth, frame = 0, sys._getframe()
        while frame:
            depth, frame = depth + 1, frame.f_back
        sys.setrecursionlimit(depth + 11)
        """,
    "disables gc": """
        gc.disable()
        for _ in range(100):
            cycle = []
            cycle.append(cycle)
        """,
    "freezes gc": "gc.freeze(); KEPT.append([[] for _ in range(100)]); gc.freeze()",
    "has gc save all": "gc.set_debug(gc.DEBUG_SAVEALL); cycle = []; cycle.append(cycle)",
    "has a gc callback": "gc.callbacks.append(lambda *what: KEPT.append(what))",
    "replaces gc's functions": "gc.collect = gc.isenabled = gc.enable = gc.disable = boom",
    "replaces open": "builtins.open = boom",
    "replaces os's functions": """
        for name in ("open", "write", "read", "close", "fstat", "stat", "listdir", "getcwd",
                     "getpid", "replace", "unlink", "isatty", "mkdir"):
            setattr(os, name, boom)
        """,
    "replaces os.path's functions": """
        for name in ("realpath", "abspath", "join", "dirname", "basename", "isfile", "relpath"):
            setattr(os.path, name, boom)
        """,
    "replaces json": "import json; json.dumps = json.loads = boom; sys.modules['json'] = None",
    "replaces io": "import io; io.FileIO = io.BufferedReader = io.open = boom",
    "replaces pathlib, re and datetime": """
        import datetime, pathlib, re
        pathlib.Path = re.compile = re.sub = boom
        datetime.datetime = None
        """,
    "replaces time.time": "time.time = time.monotonic = time.sleep = time.time_ns = boom",
    "stops the clock": "time.perf_counter = lambda: 0",
    "mocks the clock": "from unittest import mock; mock.patch('time.perf_counter').start()",
    "replaces print and import": "builtins.print = builtins.__import__ = boom",
    "empties the import system": """
        for things in (sys.path, sys.meta_path, sys.path_hooks, sys.path_importer_cache):
            things.clear()
        """,
    "forgets reftrack's modules": """
        for name in list(sys.modules):
            if name.startswith(("reftrack", "rich", "msgspec")):
                del sys.modules[name]
        """,
    "has no stdout": "sys.stdout = None",
    "has an odd stdout": "sys.stdout = object()",
    "has no stderr": "sys.stderr = None",
    "closes stderr": "sys.stderr.close()",
    "leaves for a folder that goes": """
        import tempfile
        folder = tempfile.mkdtemp()
        os.chdir(folder)
        os.rmdir(folder)
        """,
    "clears the environment": "os.environ.clear(); os.environ = None",
    "raises from an alarm": """
        def alarm(*_):
            raise TimeoutError
        signal.signal(signal.SIGALRM, alarm)
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        with self.assertRaises(TimeoutError):
            while True:
                pass
        """,
    "traces and profiles": """
        sys.settrace(lambda *_: None)
        sys.setprofile(lambda *_: None)
        threading.settrace(lambda *_: None)
        """,
    "starts and stops tracemalloc": """
        import tracemalloc
        tracemalloc.start(25)
        tracemalloc.take_snapshot()
        tracemalloc.stop()
        tracemalloc.start()
        """,
    "asks faulthandler": """
        import faulthandler
        faulthandler.enable()
        with open(os.devnull, "w") as file:
            faulthandler.dump_traceback_later(0.01, file=file)
            time.sleep(0.03)
            faulthandler.cancel_dump_traceback_later()
        """,
    "leaves a hundred threads allocating": """
        def work():
            while True:
                [object() for _ in range(200)]
                {str(i): i for i in range(50)}
                time.sleep(0.01)
        for _ in range(100):
            threading.Thread(target=work, daemon=True).start()
        """,
    "leaves threads that outlive the suite": """
        def work():
            for _ in range(10):
                [object() for _ in range(200)]
                time.sleep(0.005)
        for _ in range(50):
            threading.Thread(target=work).start()
        """,
    "leaves an event loop": """
        import asyncio
        async def forever(what):
            await asyncio.sleep(1000)
        loop = asyncio.new_event_loop()
        KEPT.append([loop, loop.create_task(forever(bytearray(1000)))])
        loop.run_until_complete(asyncio.sleep(0))
        """,
    "makes code and drops it": """
        for i in range(1000):
            names = {}
            exec(f"def f{i}(x):\\n    return [[x] * 10, {{}}]\\nkept = f{i}(1)", names)
            if i % 100 == 0:
                KEPT.append(names["kept"])
        """,
    "runs another interpreter": """
        try:
            import _interpreters as interpreters
        except ImportError:
            import _xxsubinterpreters as interpreters
        other = interpreters.create()
        interpreters.run_string(other, "x = [[k] for k in range(1000)]; import colorsys")
        interpreters.destroy(other)
        """,
    "is called back from C and leaks there": """
        import ctypes
        back = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda x: KEPT.append([x]) or x)
        [back(i) for i in range(100)]
        class Part(ctypes.Structure):
            _fields_ = [("object", ctypes.py_object)]
        part = Part([bytearray(1000)])
        KEPT.extend([back, part, ctypes.pointer(part)])
        ctypes.pythonapi.Py_IncRef(ctypes.py_object([bytearray(1000)]))
        """,
}


# Since 3.12 the limit leaves room enough here, as calls from C do not count.
OLD_LIMIT = (
    {"leaves a low recursion limit": "RecursionError in the session's own calls"}
    if sys.version_info < (3, 12)
    else {}
)


@pytest.mark.parametrize(
    "code",
    cases(
        {name: in_test(code) for name, code in DEEDS.items()},
        {
            **OLD_LIMIT,
            "replaces os.path's functions": "owners calls os.path by its module",
            "replaces io": "records.load calls io.BufferedReader by its module",
        },
    ),
)
def test_whatever_a_test_does_the_others_are_told_as_ever(tmp_path: Path, code: str) -> None:
    """Given a suite whose middle test does it, the run is the same, both tests' bytes are told."""
    ran = compare(tmp_path, code)
    assert ran.report.complete
    if "sys.stderr.close" not in code:  # unittest ends there
        assert ran.kept >= KEPT


# ---- what objects are like ----------------------------------------------------------------------

OBJECTS = {
    "special methods that raise": """
        CALLS = []
        def bad(name):
            def method(self, *_):
                CALLS.append(name)
                raise RuntimeError(name)
            return method
        NAMES = ("eq hash repr str getattr getattribute sizeof bool len iter contains getitem "
                 "format dir lt call instancecheck reduce_ex").split()
        BODY = {f"__{name}__": bad(name) for name in NAMES}
        BODY["__class__"] = property(bad("class"))
        KINDS = [type(f"Bad{base.__name__}", (base,), dict(BODY))
                 for base in (object, list, dict, str, int, Exception, tuple, set, bytearray)]
        Slots = type("Slots", (), {**BODY, "__slots__": ("value",)})
        class Hostile(unittest.TestCase):
            def test_hostile(self):
                KEPT.extend(kind() for kind in KINDS)
                KEPT.append(Slots())
                object.__setattr__(KEPT[-1], "value", bytearray(1000))
                object.__setattr__(KEPT[1], "value", bytearray(1000))
                self.one = KEPT[1]
                CALLS.clear()
        atexit.register(lambda: print(CALLS))
        """,
    "a metaclass that raises and counts": """
        CALLS = []
        class Meta(type):
            def __getattribute__(cls, name):
                CALLS.append(name)
                return type.__getattribute__(cls, name)
            def __setattr__(cls, name, value):
                raise RuntimeError(name)
            __repr__ = __instancecheck__ = __subclasscheck__ = boom
        class Thing(metaclass=Meta):
            pass
        class Hostile(unittest.TestCase):
            def test_hostile(self):
                thing = Thing()
                thing.data = bytearray(1000)
                KEPT.extend([thing, Thing])
                CALLS.clear()
        atexit.register(lambda: print(CALLS))
        """,
    "keys whose comparison runs code": """
        CALLS = []
        class Key:
            def __init__(self, name):
                self.name = name
            def __hash__(self):
                return hash(self.name)
            def __eq__(self, other):
                CALLS.append("eq")
                return False
        class Hostile(unittest.TestCase):
            def test_hostile(self):
                instance = type("C", (), {Key("__module__"): 1})()
                instance.data = bytearray(1000)
                names = {Key("__name__"): 1}
                exec("def f(x=bytearray(9)):\\n def g(): return x\\n return g\\ng=f()", names)
                module = types.ModuleType("m")
                vars(module).clear()
                vars(module)[Key("__name__")] = 1
                module.data = bytearray(1000)
                KEPT.extend([instance, names["g"], module])
                CALLS.clear()
        atexit.register(lambda: print(CALLS))
        """,
    "names that are no plain strings": """
        CALLS = []
        def bad(name):
            def method(self, *_):
                CALLS.append(name)
                raise RuntimeError(name)
            return method
        class Name(str):
            __hash__, __eq__, __format__, __str__ = map(bad, ("hash", "eq", "format", "str"))
        class Thing:
            pass
        Thing.__qualname__ = Name("Thing")
        def kept():
            data = bytearray(1000)
            yield data
        kept.__code__ = kept.__code__.replace(co_qualname=Name("f"), co_filename=Name("f.py"))
        class Hostile(unittest.TestCase):
            def test_hostile(self):
                thing, generator = Thing(), kept()
                thing.data = next(generator)
                KEPT.extend([thing, generator])
        atexit.register(lambda: print(CALLS))
        """,
    "modules that are none": """
        from unittest import mock
        CALLS = []
        class Lazy:
            def __getattribute__(self, name):
                CALLS.append(name)
                import colorsys
                raise ImportError(name)
        class LazyModule(types.ModuleType):
            def __getattribute__(self, name):
                CALLS.append(name)
                raise RuntimeError(name)
        class Hostile(unittest.TestCase):
            def test_hostile(self):
                sys.modules.update(a1=None, a2=mock.MagicMock(), a3=Lazy(), a4=[bytearray(1000)])
                sys.modules["a5"] = module = LazyModule("a5")
                types.ModuleType.__setattr__(module, "data", bytearray(1000))
                sys.modules[5] = types.ModuleType("five")
                sys.modules["suite.part"] = Lazy()
                KEPT.append(Lazy())
                CALLS.clear()
        atexit.register(lambda: print(CALLS))
        """,
    "keys that have no short text": """
        class Hostile(unittest.TestCase):
            def test_hostile(self):
                for key in (10**6000, "x" * 10**6, b"y" * 10**6, (1, (2, (3, 10**5000))),
                            "\\udc80", float("nan")):
                    KEPT.append({key: bytearray(1000)})
        """,
    "frames and generators that are kept": """
        def generator():
            data = bytearray(1000)
            KEPT.append(sys._getframe())
            yield data
        async def several():
            yield 1
        class Hostile(unittest.TestCase):
            def test_hostile(self):
                KEPT.append(generator())
                next(KEPT[-1])
                KEPT.extend([several(), several().__anext__(), sys._getframe()])
                try:
                    1 / 0
                except ZeroDivisionError as error:
                    KEPT.append(error)
        """,
    "a huge dict": """
        class Hostile(unittest.TestCase):
            def test_hostile(self):
                KEPT.append({str(i): [i] for i in range(100_000)})
        """,
}


@pytest.mark.parametrize(
    "source",
    cases(
        OBJECTS,
        {},
    ),
)
def test_no_object_is_asked_for_anything(tmp_path: Path, source: str) -> None:
    """Given objects that run code or raise when touched, they are explained and never touched."""
    ran = compare(tmp_path, source)
    assert ran.report.complete
    assert ran.kept >= KEPT
    assert ran.report.run.notes == []


LINKS = """
    class Link:
        __slots__ = ("next", "data")
    def linked(count):
        first = None
        for _ in range(count):
            link = Link()
            link.next, link.data, first = first, None, link
        return first
    class Hostile(unittest.TestCase):
        def test_hostile(self):
            KEPT.append(linked(COUNT))
            KEPT.append(())
            for _ in range(COUNT):
                KEPT[-1] = (KEPT[-1],)
    """


@pytest.mark.slow
def test_a_list_of_a_million_links_is_walked(tmp_path: Path) -> None:
    ran = compare(tmp_path, LINKS.replace("COUNT", "1_000_000"))
    assert ran.report.complete
    assert ran.kept >= KEPT + 1_000_000 * 80


FAR_END = """
class Hostile(unittest.TestCase):
    def test_hostile(self):
        link = bytearray(5_000_000)
        for _ in range(12_000):
            new = Link()
            new.next, link = link, new
        KEPT.append(link)
class Link:
    pass
"""

ADDED_BY_EACH = """
class Link:
    pass
ENDS = [Link()]
START = ENDS[0]
def add(self):
    for _ in range(300):
        ENDS[0].next = link = Link()
        ENDS[0] = link
    link.data = bytearray(50_000)
class Hostile(unittest.TestCase):
    pass
for i in range(16):
    setattr(Hostile, f"test_{i}", add)
"""


@pytest.mark.parametrize("source", [FAR_END, ADDED_BY_EACH], ids=["one test", "many tests"])
def test_what_hangs_at_the_far_end_of_a_long_list_is_told_soon(tmp_path: Path, source: str) -> None:
    """Given thousands of links with the bytes at far ends, the whole run takes few seconds."""
    ran = compare(tmp_path, source)
    assert ran.report.complete
    assert sum(holder.survived_bytes for holder in ran.report.holders) >= KEPT + 16 * 50_000
    assert ran.report.run.seconds < 3


EXOTIC_ARRAYS = """
        import ctypes, mmap, pickle
        import numpy as np
        class Slots(np.ndarray):
            __slots__ = ("a", "b")
        class Finalized(np.ndarray):
            def __array_finalize__(self, other):
                self.extra = {"x": 1}
        class Name(str):
            pass
        def nested(depth):
            dtype = np.dtype("O")
            for _ in range(depth):
                dtype = np.dtype([("f", dtype)])
            array = found = np.zeros(3, dtype)
            for _ in range(depth):
                found = found["f"]
            found[1] = bytearray(1000)
            return array
        def arrays():
            yield np.empty((0,), object)
            yield np.empty((3, 0, 2), object)
            yield np.array(bytearray(50_000), dtype=object)
            objects = np.empty((100, 100), dtype=object, order="F")
            objects[3, 4] = bytearray(50_000)
            yield from (objects, objects[::2], objects.view(Slots), objects.reshape(-1)[:0])
            yield objects.reshape(10, 50, 20).transpose(2, 0, 1).copy(order="K")
            yield np.zeros(10)[::-1]
            yield np.ndarray(shape=(3,), dtype=object, strides=(0,))
            yield np.broadcast_to(np.zeros(1), (10**6, 10**6))
            yield np.memmap("mapped", dtype="f8", mode="w+", shape=(1000,))
            yield np.ma.masked_array([1, 2, 3], mask=[0, 1, 0])
            yield np.ma.array([bytearray(1000), None], mask=[0, 1], dtype=object)
            slots = Slots((3,), object)
            slots[1], slots.b = bytearray(1000), slots
            yield slots
            yield Finalized((100,))
            yield np.frombuffer(bytearray(800), dtype="f8")
            yield np.frombuffer(mmap.mmap(-1, 4096), dtype="u1")
            yield np.ctypeslib.as_array((ctypes.c_double * 10)())
            yield np.rec.array([(1, bytearray(1000))], dtype=[("a", "i4"), ("o", "O")])
            yield np.recarray(3, dtype=[("o", "O")])[1]
            record = np.zeros((2, 2), [
                ("a", "i1"), ("row", "O"), ("sub", "O", (2, 3)), ("in", [("x", "O"), ("y", "f4")]),
                (("Title", "t"), "O"), ("repeated", [("q", "O")], (2,)),
            ])
            for at in np.ndindex(2, 2):
                record[at]["row"] = record[at]["t"] = record[at]["in"]["x"] = bytearray(50_000)
                record[at]["sub"][1, 2] = record["repeated"][at][1]["q"] = bytearray(1000)
            yield from (record, record[["row", "in"]], record["sub"][0], record[0, 1])
            yield pickle.loads(pickle.dumps(record))
            yield from (nested(depth) for depth in (1, 5, 31, 32, 33, 60))
            yield np.zeros(5, [(f"f{i}", "O") for i in range(500)])
            for dtype in ([], "V0", "S0", "U5", "V7", ("O", (2,)), "M8[D]"):
                yield np.zeros(3, dtype)
            yield np.zeros(3, {"names": ["a", "b"], "formats": ["O", "i4"], "offsets": [8, 0],
                               "itemsize": 40})
            try:
                yield np.zeros(3, [(Name("n"), "O")])
            except TypeError:
                pass
            if hasattr(np, "dtypes") and hasattr(np.dtypes, "StringDType"):
                yield np.array(["x" * 100, None] * 50, np.dtypes.StringDType(na_object=None))
            resized = np.zeros(1000)
            resized.resize(100_000, refcheck=False)
            yield resized
            yield from (memoryview(np.zeros(500)), np.nditer(np.zeros(40)), np.zeros(30).flat)
            yield from (np.void(b"abc"), np.float64(3), np.random.default_rng(3), record.dtype)
            cycle = np.empty(3, object)
            cycle[0] = cycle
            yield cycle
        class Hostile(unittest.TestCase):
            def test_hostile(self):
                KEPT.extend(arrays())
"""


@pytest.mark.parametrize("malloc", ["pymalloc", "debug"])
def test_numpy_arrays_of_every_sort_are_looked_into(tmp_path: Path, malloc: str) -> None:
    """With debug hooks a freed block, and one past its end, are no addresses."""
    pytest.importorskip("numpy")
    ran = compare(tmp_path, EXOTIC_ARRAYS, env={"PYTHONMALLOC": malloc})
    assert ran.report.complete
    assert {s.outcome for s in ran.report.scopes if s.scope == "test"} == {"passed"}
    assert ran.kept >= KEPT + 5 * 50_000 + 800_000


# ---- crashes ------------------------------------------------------------------------------------


def test_annotations_that_are_still_a_tuple_stay_one(tmp_path: Path) -> None:
    """Given functions that alone keep the classes in their annotations, the path through them is
    told; debug hooks let a freed object be no object any more."""
    parameters = ", ".join(f"a{i}: Big" for i in range(15))
    source = f"""
        def make():
            class Big:
                data = bytearray(1000)
            def function({parameters}):
                pass
            return function
        class Hostile(unittest.TestCase):
            def test_hostile(self):
                KEPT.extend(make() for _ in range(50))
        """
    ran = compare(tmp_path, source, env={"PYTHONMALLOC": "debug"})
    assert ran.report.complete
    assert ran.kept >= KEPT


def test_a_clock_that_runs_code_does_not_run_while_the_heap_is_looked_at(tmp_path: Path) -> None:
    source = """
        THINGS = []
        def clock():
            global THINGS
            THINGS = [[object() for _ in range(20)] for _ in range(2000)]  # the old ones go
            return 0.5
        class Hostile(unittest.TestCase):
            def test_hostile(self):
                clock()
                time.perf_counter = clock
        """
    assert compare(tmp_path, source).kept >= KEPT


@pytest.mark.slow
@pytest.mark.skipif(sys.version_info < (3, 12), reason="interpreters share one GIL")
def test_interpreters_with_a_gil_of_their_own_keep_off_the_ledger(tmp_path: Path) -> None:
    source = """
        try:
            import _interpreters as interpreters
        except ImportError:
            import _xxsubinterpreters as interpreters
        CODE = '''
        for _ in range(100):
            things = []
            for k in range(20_000):
                things.append(k)
        '''
        def other():
            interpreters.run_string(interpreters.create(), CODE)
        class Hostile(unittest.TestCase):
            def test_hostile(self):
                threads = [threading.Thread(target=other) for _ in range(3)]
                for thread in threads:
                    thread.start()
                for _ in range(6):
                    things = [[k] for k in range(400_000)]
                for thread in threads:
                    thread.join()
        """
    assert compare(tmp_path, source).report.complete


# One MiB is one arena of pymalloc (ARENA_BITS, Objects/obmalloc.c): with no more than that, whether
# a suite gets what it asks for depends on how full its pools are.
@pytest.mark.parametrize("spare", [2, 8, 40])
def test_no_memory_to_look_at_the_heap_is_said(tmp_path: Path, spare: int) -> None:
    """Given a limit that leaves some MiB, the run ends as ever and the record says what lacks."""
    ran = compare(
        tmp_path,
        in_test(f"""
            import resource
            KEPT.append([[i] for i in range(200_000)])
            with open("/proc/self/statm") as file:
                limit = int(file.read().split()[0]) * 4096 + ({spare} << 20)
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
            """),
    )
    assert [scope.outcome for scope in ran.report.scopes if scope.scope == "test"] == ["passed"] * 3
    if not ran.report.complete:
        assert "memory" in " ".join(ran.report.run.notes)


# ---- runners and results ------------------------------------------------------------------------

IDS = {
    "raises": "raise RuntimeError",
    "is a number": "return 5",
    "is nothing": "return None",
    "is empty": "return ''",
    "has odd characters": r"return 'a\nb\x1b[31m\udc80\0'",
    "is long": "return 'c' * 100_000",
    "is a string of a kind": "return type('Text', (str,), {'__eq__': boom})('text')",
    "ends the program": "raise SystemExit(9)",
    "counts its calls": "print('asked')",
}


@pytest.mark.parametrize(
    "body",
    cases(
        IDS,
        {
            "counts its calls": "unittest itself does not ask for the id",
        },
    ),
)
def test_ids_of_tests_may_be_anything(tmp_path: Path, body: str) -> None:
    source = f"""
        class Hostile(unittest.TestCase):
            def id(self):
                {body}
            def test_hostile(self):
                KEPT.append(bytearray(50_000))
        """
    ran = compare(tmp_path, source)
    assert ran.report.complete
    assert ran.report.totals.tests == 3
    assert ran.kept >= KEPT + 50_000


def test_results_may_lack_everything(tmp_path: Path) -> None:
    source = """
        class Bare:
            shouldStop = False
            errors = 5
            def startTest(self, test): pass
            def stopTest(self, test): pass
            def addSuccess(self, test): print("passed")
            @property
            def failures(self): raise RuntimeError
        class Suite(unittest.TestSuite):
            def run(self, result, debug=False):
                for test in self:
                    test.run(Bare())
                return result
        def load_tests(loader, tests, pattern):
            return Suite([AKeeps("test_keeps"), ZKeeps("test_keeps")])
        """
    ran = compare(tmp_path, source)
    assert ran.report.complete
    assert ran.kept >= KEPT


def test_a_metaclass_of_tests_is_not_asked_for_their_namespace(tmp_path: Path) -> None:
    source = """
        READY = []
        class Meta(type):
            def __getattribute__(cls, name):
                if name == "__dict__" and not READY:
                    raise RuntimeError(name)
                return type.__getattribute__(cls, name)
        class Hostile(unittest.TestCase, metaclass=Meta):
            def run(self, result=None):
                return super().run(result)
            def test_hostile(self):
                pass
        READY.append(1)
        """
    assert compare(tmp_path, source).report.complete


def test_tests_that_run_in_many_threads_leave_a_whole_record(tmp_path: Path) -> None:
    source = """
        class Inner(unittest.TestCase):
            def runTest(self):
                self.data = [object() for _ in range(200)]
        class Suite(unittest.TestSuite):
            def run(self, result, debug=False):
                def work():
                    for _ in range(50):
                        Inner().run(unittest.TestResult())
                threads = [threading.Thread(target=work) for _ in range(8)]
                [thread.start() for thread in threads]
                [thread.join() for thread in threads]
                return super().run(result, debug)
        def load_tests(loader, tests, pattern):
            return Suite([AKeeps("test_keeps"), ZKeeps("test_keeps")])
        """
    ran = compare(tmp_path, source)
    assert ran.report.complete
    assert ran.kept >= KEPT


def test_pytest_suites_may_be_hostile_too(tmp_path: Path) -> None:
    """Given odd parameters, no stderr, a fork and broken objects, pytest's run is the same."""
    (tmp_path / "test_hostile.py").write_text(
        dedent(r"""
        import os, sys
        import pytest
        KEPT = []
        class Bad:
            __eq__ = __repr__ = __bool__ = __len__ = lambda *_: 1 / 0
            __hash__ = None
        @pytest.fixture(scope="session")
        def bad():
            return Bad()
        @pytest.mark.parametrize("text", ["a\nb", "\udc80", "::[]", "", "x" * 3000, "\0"])
        def test_text(text, bad):
            KEPT.append(bytearray(100_000))
        @pytest.mark.parametrize("thing", [Bad(), Bad])
        def test_thing(thing, bad, request):
            request.node.kept = thing
        def test_forks():
            pid = os.fork()
            if pid == 0:
                os._exit(0)
            os.waitpid(pid, 0)
        def test_streams():
            sys.stdout = sys.stderr = None
        """)
    )
    command = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_hostile.py")
    ran = compare(tmp_path, "", *command)
    assert ran.report.complete
    assert ran.kept >= 600_000


# ---- the interpreter's own switches -------------------------------------------------------------

SWITCHES: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "-X dev": (("-X", "dev"), {}),
    "-O": (("-O",), {}),
    "-X faulthandler": (("-X", "faulthandler"), {}),
    "debug": ((), {"PYTHONMALLOC": "debug"}),
    "malloc": ((), {"PYTHONMALLOC": "malloc"}),
    "PYTHONHASHSEED": ((), {"PYTHONHASHSEED": "7"}),
    "-X tracemalloc": (("-X", "tracemalloc=5"), {}),
}


@pytest.mark.parametrize("switch", SWITCHES)
def test_switches_of_the_interpreter_change_nothing(tmp_path: Path, switch: str) -> None:
    flags, env = SWITCHES[switch]
    ran = compare(tmp_path, in_test("KEPT.append([[]] * 9)"), flags=flags, env=env)
    assert ran.report.complete
    assert ran.kept >= KEPT


def test_tracemalloc_that_lifts_the_hooks_is_noticed(tmp_path: Path) -> None:
    """Given a tracemalloc that was there first, its stop() puts back what it found: said so."""
    source = in_test("import tracemalloc; tracemalloc.stop(); tracemalloc.start()")
    ran = compare(tmp_path, source, flags=("-X", "tracemalloc"))
    assert not ran.report.complete
    assert "could not be followed" in " ".join(ran.report.run.notes)


# ---- ends ---------------------------------------------------------------------------------------


def test_a_run_that_leaves_by_os_exit_is_incomplete(tmp_path: Path) -> None:
    ran = compare(tmp_path, in_test("print('out', flush=True); os._exit(3)"))
    assert not ran.report.complete
    assert ran.report.totals.tests == 1


def test_a_suite_that_closes_all_descriptors_still_has_a_record(tmp_path: Path) -> None:
    ran = compare(tmp_path, in_test("os.closerange(3, 1024)"))
    assert ran.report.complete
    assert ran.kept >= KEPT


def test_a_descriptor_taken_over_by_the_suite_is_not_written_to(tmp_path: Path) -> None:
    """Given that all numbers stand for a file of the suite's afterwards, that stays empty."""
    compare(
        tmp_path,
        in_test("""
            os.closerange(3, 1024)
            KEPT.extend(os.open("theirs", os.O_WRONLY | os.O_CREAT) for _ in range(600))
            """),
    )
    assert (tmp_path / "theirs").read_bytes() == b""


GROWING = """
for i in range(2000):
    def test(self):
        KEPT.append(bytearray(20_000))
        time.sleep(0.002)
    setattr(AKeeps, f"test_{i:04}", test)
"""


def started(folder: Path) -> subprocess.Popen[bytes]:
    """A growing suite under reftrack that has begun to write its record."""
    (folder / "suite.py").write_text(PRELUDE + GROWING)
    process = subprocess.Popen(
        [sys.executable, "-m", "reftrack", "run", *SUITE],
        cwd=folder,
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if any(path.stat().st_size for path in folder.glob(".reftrack/*.jsonl")):
            return process
        time.sleep(0.005)
    process.kill()
    raise AssertionError(process.communicate()[1])


@pytest.mark.slow
def test_killed_at_any_moment_the_record_is_readable_and_incomplete(tmp_path: Path) -> None:
    moments = random.Random(4)
    for number in range(20):
        folder = tmp_path / str(number)
        folder.mkdir()
        process = started(folder)
        time.sleep(moments.uniform(0, 0.4))
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert not read(folder).complete
    shown = [reftrack(verb, cwd=folder) for verb in ("report", "json")]
    assert [done.returncode for done in shown] == [0, 0]
    assert "INCOMPLETE" in shown[0].stdout
    assert '"complete": false' in shown[1].stdout


def test_a_terminated_run_is_incomplete(tmp_path: Path) -> None:
    process = started(tmp_path)
    process.terminate()
    process.communicate()
    assert process.returncode == -signal.SIGTERM
    assert not read(tmp_path).complete


def test_an_interrupted_run_reports_and_dies_by_the_interrupt(tmp_path: Path) -> None:
    process = started(tmp_path)
    while not records.load(records.latest(str(tmp_path / ".reftrack"))).scopes:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    errors = process.communicate()[1].decode()
    assert process.returncode == -signal.SIGINT
    assert "reftrack  " in errors
    assert "KEPT" in errors
    assert read(tmp_path).complete


# ---- words and files ----------------------------------------------------------------------------

WORDS = {
    "unknown option": ("run", "--nonsense", "suite.py"),
    "unknown verb": ("nonsense",),
    "no frames": ("run", "--frames", "0", "suite.py"),
    "absurd frames": ("run", "--frames", "9" * 30, "suite.py"),
    "frames in letters": ("run", "--frames", "many", "suite.py"),
    "nothing to run": ("run",),
    "json without a folder": ("run", "--json", "no/such/file", "suite.py"),
    "report without a record": ("report",),
    "json of a missing record": ("json", "missing.jsonl"),
}


@pytest.mark.parametrize("name", WORDS)
def test_wrong_words_are_an_error_of_one_line_and_a_hint(tmp_path: Path, name: str) -> None:
    (tmp_path / "suite.py").write_text("print('ran')\n")
    done = reftrack(*WORDS[name], cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("reftrack: error: ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "command", [("missing.py",), ("-m", "missing"), ("-m", "package"), ("folder",), ("-m", "a..b")]
)
def test_what_python_cannot_run_is_said_in_its_words(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package/__init__.py").touch()
    (tmp_path / "folder").mkdir()
    expected = plain(*command, cwd=tmp_path)
    ours = reftrack("run", "--no-report", *command, cwd=tmp_path)
    assert (ours.returncode, ours.stdout) == (expected.returncode, expected.stdout)
    assert ours.stderr == expected.stderr


FILES = {
    "empty": b"",
    "foreign": b'{"some": "json"}\n',
    "binary": bytes(range(256)) * 100,
    "one huge line": b"x" * 5_000_000,
    "of another version": b'{"event":"started","format":99,"future":[1]}\n',
    "cut in its first line": b'{"event":"started","format":1,"pi',
    "a first line that lacks all": b'{"event":"started","format":1}\n',
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("verb", ["report", "json"])
def test_what_is_no_record_is_refused(tmp_path: Path, verb: str, name: str) -> None:
    (tmp_path / "it.jsonl").write_bytes(FILES[name])
    done = reftrack(verb, "it.jsonl", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("reftrack: error: it.jsonl ")
    assert "Traceback" not in done.stderr


def test_a_record_cut_anywhere_is_readable_or_refused_and_never_whole(tmp_path: Path) -> None:
    compare(tmp_path, in_test("pass"))
    whole = records.latest(str(tmp_path / ".reftrack"))
    data = whole.read_bytes()
    first = data.index(b"\n")
    last = data.rindex(b"\n", 0, -1)
    cut = tmp_path / "cut.jsonl"
    for end in range(first + 1, last, max(1, len(data) // 300)):
        cut.write_bytes(data[:end])
        assert not records.load(cut).complete
    assert records.load(whole).complete


def test_a_record_that_cannot_be_written_stops_the_run_before_it_begins(tmp_path: Path) -> None:
    """Given a file in the place of .reftrack, nothing of the suite runs."""
    (tmp_path / ".reftrack").write_text("a file")
    (tmp_path / "suite.py").write_text("print('ran')\n")
    done = reftrack("run", "suite.py", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "no record can be written" in done.stderr
    assert "REFTRACK_DIR" in done.stderr
    assert (tmp_path / ".reftrack").read_text() == "a file"


@pytest.mark.parametrize("options", [(), ("--release",)])
def test_typing_is_the_programs_own(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Given typing_extensions, which msgspec imports and which replaces functions of typing, when a
    suite looks at these, then they are as in a plain run."""
    source = """
        import sys, typing, unittest
        class T(unittest.TestCase):
            def test(self):
                self.assertNotIn("typing_extensions", sys.modules)
                named = {getattr(value, "__module__", "typing") for value in vars(typing).values()}
                self.assertNotIn("typing_extensions", named)
        """
    (tmp_path / "suite.py").write_text(dedent(source))
    (tmp_path / "typing_extensions.py").write_text(
        "import typing\ndef _collect_parameters(*_): return ()\n"
        "typing._collect_parameters = _collect_parameters\n"
        "from typing import *\nfrom typing import get_type_hints, NotRequired, Required\n"
    )
    env = {"PYTHONPATH": str(tmp_path)}
    done = reftrack("run", *options, "-m", "unittest", "suite", cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
