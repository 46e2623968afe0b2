"""Memory that is not Python's: the process grows beside the ledger, and a test is named."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reftrack import _reftrack
from reftrack.process import NativeMemory
from suites import UNITTEST, run_suite, scope
from support import FOR_LINUX

MIB = 1 << 20

pytestmark = pytest.mark.skipif(not FOR_LINUX, reason="the system does not tell")


class System:
    """A process whose figures a test sets; `memory` stays within a budget of time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.resident = self.explained = self.idle = 0
        monkeypatch.setattr(_reftrack, "footprint", lambda: (self.resident, self.explained))
        monkeypatch.setattr(_reftrack, "idle_bytes", lambda: self.idle)
        self.memory = NativeMemory()

    def scope(self, index: int, *, resident: int = 0, explained: int = 0, idle: int = 0) -> int:
        """A scope in which the figures change by so many MiB; what is said of it at its end."""
        self.memory.entered()
        self.resident += resident * MIB
        self.explained += explained * MIB
        self.idle += idle * MIB
        return self.memory.left(index) // MIB

    def staying(self) -> dict[int, int]:
        self.memory.now()
        return {index: size // MIB for index, size in self.memory.staying().items()}


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> System:
    return System(monkeypatch)


def test_what_the_ledger_accounts_for_is_no_growth(system: System) -> None:
    assert system.scope(0, resident=30, explained=20) == 10
    assert system.scope(1, resident=30, explained=30) == 0
    assert system.memory.now()[1] == 10 * MIB


def test_what_allocators_keep_free_is_no_growth(system: System) -> None:
    """Given a test that took much memory for a while, when it is gone, then its pages stay."""
    assert system.scope(0, resident=50, idle=50) == 0
    assert system.scope(1, resident=10) == 10
    assert system.memory.now()[1] == 10 * MIB


def test_growth_that_goes_again_does_not_stay(system: System) -> None:
    system.scope(0, resident=20)
    system.scope(1, resident=-20)
    system.scope(2, resident=5)

    assert system.staying() == {2: 5}


def test_where_some_of_it_went_no_more_is_told_than_is_there(system: System) -> None:
    """Which scope's it was that went is not known."""
    system.scope(0, resident=20)
    system.scope(1, resident=5)
    system.scope(2, resident=-20)
    system.scope(3, resident=30)

    assert sum(system.staying().values()) == 35


def test_growth_within_an_inner_scope_is_the_inner_ones(system: System) -> None:
    system.memory.entered()
    assert system.scope(0, resident=10) == 10
    system.resident += 3 * MIB
    assert system.memory.left(1) == 3 * MIB


def test_where_the_system_does_not_tell_there_is_no_figure(system: System) -> None:
    system.resident = -1
    assert system.scope(0, explained=-20) == 0
    assert system.memory.now() == (0, 0)


@pytest.fixture
def started() -> Iterator[None]:
    _reftrack.start(16)
    yield
    _reftrack.stop()


@pytest.mark.usefixtures("started")
def test_reading_at_both_ends_of_a_test_takes_less_than_reading_two_files() -> None:
    memory = NativeMemory()

    def figures(index: int) -> None:
        memory.entered()
        memory.left(index)

    def files(index: int) -> None:
        for _ in range(2):
            with open(__file__, "rb") as file:
                file.read(32)

    def seconds(action: Callable[[int], None]) -> float:
        rounds = []
        for _ in range(20):
            began = time.thread_time()  # what else the machine does is not counted
            for index in range(100):
                action(index)
            rounds.append(time.thread_time() - began)
        return min(rounds)

    assert seconds(figures) < seconds(files)


@pytest.mark.usefixtures("started")
def test_memory_that_pymalloc_keeps_for_a_few_survivors_is_idle() -> None:
    many = [(i, i + 0.5) for i in range(300_000)]
    before = _reftrack.idle_bytes()
    resident, explained = _reftrack.footprint()
    assert 0 < explained < resident
    few = many[::1000]
    del many

    assert _reftrack.idle_bytes() - before > 15 * MIB
    assert few


NATIVE = """
    import ctypes, mmap, unittest

    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.malloc.argtypes = [ctypes.c_size_t]
    KEPT = []

    def take(size):
        block = libc.malloc(size)
        ctypes.memset(block, 1, size)
        return block

    class T(unittest.TestCase):
        def test_a_map(self):
            shared = mmap.mmap(-1, 10_000_000)
            shared[:] = bytes(10_000_000)
            KEPT.append(shared)
        def test_b_malloc(self):
            KEPT.append(take(20_000_000))
        def test_c_freed(self):
            libc.free(ctypes.c_void_p(take(30_000_000)))
        def test_d_python(self):
            KEPT.append([bytes(1000) for _ in range(20_000)])
        def test_e_python_for_a_while(self):
            [bytes(1000) for _ in range(30_000)]
        def test_f_nothing(self):
            pass
"""


def test_memory_that_c_code_keeps_is_told_by_test_and_never_called_explained(
    tmp_path: Path,
) -> None:
    run = run_suite(tmp_path, NATIVE, runner=UNITTEST)

    native = {s.id[-9:]: s.native_bytes for s in run.report.scopes if s.native_bytes}
    assert native.keys() == {"est_a_map", "_b_malloc"}
    assert scope(run.report, "test_a_map").native_bytes == pytest.approx(10_000_000, rel=0.15)
    assert scope(run.report, "test_b_malloc").native_bytes == pytest.approx(20_000_000, rel=0.15)
    totals = run.report.totals
    assert totals.native_bytes == pytest.approx(30_000_000, rel=0.15)
    assert totals.resident_bytes > totals.native_bytes + totals.survived_bytes
    assert totals.explained_bytes <= totals.survived_bytes < 22_000_000
    lines = run.stderr.splitlines()
    at = next(k for k, line in enumerate(lines) if line.startswith("PROCESS"))
    assert "not Python's own memory" in lines[at]
    assert "suite.T.test_b_malloc, suite.T.test_a_map" in lines[at + 1]


def test_under_tracemalloc_whose_own_memory_would_be_in_it_there_is_no_figure(
    tmp_path: Path,
) -> None:
    run = run_suite(tmp_path, NATIVE, "--backend", "tracemalloc", runner=UNITTEST)

    assert run.report.totals.native_bytes == 0
    assert "PROCESS" not in run.stderr


def test_a_suite_that_only_uses_python_has_no_such_line(tmp_path: Path) -> None:
    run = run_suite(
        tmp_path,
        """
        import pytest
        KEPT = []

        @pytest.mark.parametrize("n", range(30))
        def test_python(n):
            [bytearray(size) for size in range(100, 5000)]
            KEPT.append([(i, str(i)) for i in range(5000)])
        """,
    )

    assert "PROCESS" not in run.stderr
    assert not any(scope.native_bytes for scope in run.report.scopes)
