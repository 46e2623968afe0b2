"""The ledger against a model: what is alive, and which scope each part of a block is charged to.

Hypothesis chooses what happens: blocks asked for as C code does, objects that grow, scopes within
scopes, threads and forks, pauses, starts and stops. The model is plain Python. It knows each block
that it made by its address or by its size; what the interpreter makes meanwhile is allowed for with
a few bytes per step.
"""

from __future__ import annotations

import collections
import gc
import os
import queue
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from reftrack import _reftrack
from test_ledger import MEM, OBJ, Domain


@pytest.fixture(autouse=True)
def no_callback_of_the_collectors_stays() -> Iterator[None]:
    """Hypothesis adds one for good, to time collections: it would run in those of later tests."""
    before = list(gc.callbacks)
    yield
    gc.callbacks[:] = before


NO_ONES = 0
"""The scope of what is in no other: blocks from before the ledger, too."""
SLACK = 4096
STEP_SLACK = 600
"""Bytes that the interpreter may take in one scope, at all and per step: integers that ctypes
returns, what free lists keep, the heads of lists and dicts, what a thread has of its own."""

Parts = list[tuple[int, int]]


def total(parts: Parts) -> int:
    return sum(size for _, size in parts)


def resized(parts: Parts, scope: int, size: int) -> Parts:
    """What the parts of a block become when a scope changes its size: the first is its maker's, who
    is charged for what it adds itself; what others add is theirs, and goes first."""
    delta = size - total(parts)
    parts = list(parts)
    if delta > 0 and parts[0][0] == scope:
        parts[0] = (scope, parts[0][1] + delta)
    elif delta > 0 and len(parts) > 1 and parts[-1][0] == scope:
        parts[-1] = (scope, parts[-1][1] + delta)
    elif delta > 0:
        parts.append((scope, delta))
    while delta < 0:
        owner, part = parts.pop()
        taken = min(part, -delta)
        delta += taken
        if part > taken or not parts:
            parts.append((owner, part - taken))
            break
    return parts


@dataclass
class Block:
    """Memory that C code has by its address."""

    domain: Domain
    size: int
    parts: Parts | None  # None where the ledger does not know it


@dataclass
class Thing:
    """An object, and the block by which it is known: its own, or that of what it has in it."""

    object: Any
    parts: Parts | None
    at_id: bool = False  # the block is its own, and starts at its id
    moves: bool = True  # the block is made larger by realloc; else another takes its place

    @property
    def size(self) -> int:
        return buffer_size(self.object)


def buffer_size(o: object) -> int:
    """Bytes of the block that a thing is known by."""
    if isinstance(o, bytes):
        return sys.getsizeof(o)
    return sys.getsizeof(o) - sys.getsizeof(type(o)())


class Ring:
    """An object that refers to itself, and to a string of bytes."""

    __slots__ = ("held", "itself")

    def __init__(self, size: int) -> None:
        self.itself = self
        self.held = bytes(size)


@dataclass
class Scopes:
    live: list[int] = field(default_factory=list)
    within: dict[int, int] = field(default_factory=dict)  # a scope -> the one around it


class Worker:
    """A thread that does what it is told, one thing after the other."""

    def __init__(self) -> None:
        self.tasks: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self.results: queue.SimpleQueue[tuple[object, BaseException | None]] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self.work)
        self.thread.start()

    def work(self) -> None:
        while (task := self.tasks.get()) is not None:
            try:
                self.results.put((task(), None))
            except BaseException as error:  # it is the machine's to raise
                self.results.put((None, error))
            del task

    def do(self, task: Callable[[], object]) -> Any:
        self.tasks.put(task)
        del task
        result, error = self.results.get()
        if error is not None:
            raise error
        return result

    def end(self) -> None:
        self.tasks.put(None)
        self.thread.join()


SIZES = st.sampled_from([0, 1, 16, 100, 500, 511, 512, 513, 4000, 70_000]).flatmap(
    lambda size: st.integers(size, size + 40)
)
LARGE = st.integers(600, 5000)
COUNTS = st.integers(1, 300)
PICK = st.integers(0, 1 << 30)
"""Chooses among what there is at that time, whatever its number."""


class Ledger(RuleBasedStateMachine):
    """Between two operations the ledger is paused for this thread, and no one's scope is charged:
    what Hypothesis itself does is not recorded."""

    def __init__(self) -> None:
        super().__init__()
        self.collector = gc.isenabled()
        gc.disable()
        self.blocks: dict[int, Block] = {}
        self.things: list[Thing] = []
        self.rings: list[tuple[Ring | None, int, Parts | None]] = []
        self.crowd: list[bytes] = []
        self.crowds: Parts | None = None  # of each of them
        self.steps = 0
        self.charging = True
        self.worker = Worker()
        self.begin()

    def begin(self) -> None:
        _reftrack.stop()
        _reftrack.start(8)
        _reftrack.pause()
        self.charging = True
        self.scopes = Scopes([_reftrack.new_scope() for _ in range(2)])
        self.now = self.scopes.live[0]
        for known in self.known():
            known.parts = None
        self.rings = [(ring, address, None) for ring, address, _ in self.rings]
        self.crowds = None

    def known(self) -> list[Block | Thing]:
        return [*self.blocks.values(), *self.things]

    def teardown(self) -> None:
        _reftrack.stop()
        self.worker.end()
        for address, block in self.blocks.items():
            block.domain.free(address)
        self.things.clear()
        self.crowd.clear()
        self.rings.clear()
        if self.collector:
            gc.enable()

    # ---- how an operation is done ----

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """The body's allocations are charged to the scope that is now."""
        around = self.scopes.within.get(self.now)
        _reftrack.enter_scope(self.now if around is None else around)
        if around is not None:
            _reftrack.enter_within(self.now)
        _reftrack.resume()
        try:
            yield
        finally:
            _reftrack.pause()
            if around is not None:
                _reftrack.leave_within(self.now)
            _reftrack.enter_scope(NO_ONES)
            self.steps += 1

    def do(self, operation: Callable[[], Any], elsewhere: bool) -> Any:
        with self.recorded():
            return self.worker.do(operation) if elsewhere else operation()

    def made(self, size: int) -> Parts | None:
        return [(self.now, size)] if self.charging else None

    def moved(self, parts: Parts | None, size: int) -> Parts | None:
        """After a realloc."""
        if parts is None:
            return [(NO_ONES, size)] if self.charging else None
        return resized(parts, self.now, size if self.charging else min(size, total(parts)))

    # ---- memory as C code has it ----

    @rule(size=SIZES, mem=st.booleans(), zeroed=st.booleans(), elsewhere=st.booleans())
    def ask_for_a_block(self, size: int, mem: bool, zeroed: bool, elsewhere: bool) -> None:
        domain = MEM if mem else OBJ
        address = self.do(
            lambda: domain.calloc(1, size) if zeroed else domain.malloc(size), elsewhere
        )
        assert address not in self.blocks
        self.blocks[address] = Block(domain, size, self.made(size))

    @precondition(lambda self: self.blocks)
    @rule(pick=PICK, size=SIZES, elsewhere=st.booleans())
    def change_its_size(self, pick: int, size: int, elsewhere: bool) -> None:
        old = list(self.blocks)[pick % len(self.blocks)]
        block = self.blocks.pop(old)
        new = self.do(lambda: block.domain.realloc(old, size), elsewhere)
        self.blocks[new] = Block(block.domain, size, self.moved(block.parts, size))

    @precondition(lambda self: self.blocks)
    @rule(pick=PICK, size=SIZES)
    def change_its_size_while_paused(self, pick: int, size: int) -> None:
        old = list(self.blocks)[pick % len(self.blocks)]
        block = self.blocks.pop(old)
        new = block.domain.realloc(old, size)
        assert new is not None
        self.blocks[new] = Block(block.domain, size, None)

    @precondition(lambda self: self.blocks)
    @rule(pick=PICK, elsewhere=st.booleans(), paused=st.booleans())
    def free_a_block(self, pick: int, elsewhere: bool, paused: bool) -> None:
        address = list(self.blocks)[pick % len(self.blocks)]
        block = self.blocks.pop(address)
        if paused:
            block.domain.free(address)
        else:
            self.do(lambda: block.domain.free(address), elsewhere)
        assert _reftrack.block_charge(address) is None

    # ---- objects ----

    @rule(size=LARGE, elsewhere=st.booleans(), paused=st.booleans())
    def make_bytes(self, size: int, elsewhere: bool, paused: bool) -> None:
        made = bytes(size) if paused else self.do(lambda: bytes(size), elsewhere)
        parts = None if paused else self.made(sys.getsizeof(made))
        self.things.append(Thing(made, parts, at_id=True))

    @rule(kind=st.sampled_from([list, bytearray]), count=COUNTS, elsewhere=st.booleans())
    def make_what_grows(self, kind: type, count: int, elsewhere: bool) -> None:
        made = kind()
        self.do(lambda: made.extend([0] * count), elsewhere)
        self.things.append(Thing(made, self.made(buffer_size(made))))

    @rule(count=st.integers(12, 256), elsewhere=st.booleans())
    def make_a_dict(self, count: int, elsewhere: bool) -> None:
        made = self.do(lambda: dict.fromkeys(range(count)), elsewhere)
        self.things.append(Thing(made, self.made(buffer_size(made)), moves=False))

    @precondition(lambda self: any(type(thing.object) is not bytes for thing in self.things))
    @rule(pick=PICK, count=COUNTS, elsewhere=st.booleans())
    def let_it_grow(self, pick: int, count: int, elsewhere: bool) -> None:
        growing = [thing for thing in self.things if type(thing.object) is not bytes]
        thing = growing[pick % len(growing)]
        before = thing.size
        if isinstance(thing.object, dict):
            more = range(min(len(thing.object) + count, 256))
            self.do(lambda: thing.object.update(dict.fromkeys(more)), elsewhere)
        else:
            self.do(lambda: thing.object.extend([0] * count), elsewhere)
        self.has_changed(thing, before)

    @precondition(lambda self: any(type(thing.object) is list for thing in self.things))
    @rule(pick=PICK, elsewhere=st.booleans())
    def let_it_shrink(self, pick: int, elsewhere: bool) -> None:
        lists = [thing for thing in self.things if type(thing.object) is list]
        thing = lists[pick % len(lists)]
        before = thing.size
        keep = len(thing.object) // 3 + 1
        self.do(lambda: thing.object.__delitem__(slice(keep, None)), elsewhere)
        self.has_changed(thing, before)

    def has_changed(self, thing: Thing, before: int) -> None:
        if thing.size == before:
            return
        thing.parts = self.moved(thing.parts, thing.size) if thing.moves else self.made(thing.size)

    @precondition(lambda self: self.things)
    @rule(pick=PICK, elsewhere=st.booleans(), paused=st.booleans())
    def let_go_of_an_object(self, pick: int, elsewhere: bool, paused: bool) -> None:
        thing = self.things.pop(pick % len(self.things))
        address = id(thing.object)
        box = [thing.object]
        at_id = thing.at_id
        del thing
        if paused:
            box.clear()
        else:
            self.do(box.clear, elsewhere)
        if at_id and paused:
            assert _reftrack.block_charge(address) is None

    @rule(size=LARGE, elsewhere=st.booleans())
    def make_a_ring(self, size: int, elsewhere: bool) -> None:
        ring = self.do(lambda: Ring(size), elsewhere)
        self.rings.append((ring, id(ring.held), self.made(sys.getsizeof(ring.held))))

    @precondition(lambda self: any(ring is not None for ring, _, _ in self.rings))
    @rule(pick=PICK)
    def let_go_of_a_ring(self, pick: int) -> None:
        """It stays, as garbage."""
        place = pick % len(self.rings)
        _, address, parts = self.rings[place]
        self.rings[place] = (None, address, parts)

    @rule()
    def collect_garbage(self) -> None:
        _reftrack.collect()
        self.rings = [ring for ring in self.rings if ring[0] is not None]

    # ---- many at once: tables fill and grow, stacks are swept ----

    @precondition(lambda self: not self.crowd)
    @rule(count=st.integers(5_000, 20_000), size=st.sampled_from([8, 600]))
    def make_a_crowd(self, count: int, size: int) -> None:
        self.crowd = [b""] * count
        with self.recorded():
            for place in range(count):
                self.crowd[place] = bytes(size)
        self.crowds = self.made(sys.getsizeof(self.crowd[0]))

    @precondition(lambda self: self.crowd)
    @rule(keep=st.integers(0, 3), paused=st.booleans())
    def thin_it_out(self, keep: int, paused: bool) -> None:
        """One of so many stays, or none."""
        stay = self.crowd[::keep] if keep else []
        if paused:
            self.crowd = stay
        else:
            with self.recorded():
                self.crowd = stay
        for each in stay:
            self.check_charge(id(each), self.crowds)

    @precondition(lambda self: self.steps % 8 == 3)
    @rule(lines=st.integers(1000, 4000))
    def allocate_on_many_lines(self, lines: int) -> None:
        code = compile("keep(bytes(9))\n" * lines, f"<fuzz {self.steps}>", "exec")
        with self.recorded():
            exec(code, {"keep": len})

    @rule(lines=st.integers(0, 40))
    def run_code_that_dies(self, lines: int) -> None:
        source = "\n" * lines + "made = bytes(700)"
        names: dict[str, Any] = {}
        with self.recorded():
            exec(compile(source, f"<fuzz {self.steps}>", "exec"), names)
        made = names.pop("made")
        if self.charging:
            charge = _reftrack.block_charge(id(made))
            assert charge is not None
            frames = _reftrack.stack_frames(charge[2], 1)
            assert [(name, line) for _, name, line in frames] == [("<module>", lines + 1)]
        self.things.append(Thing(made, self.made(sys.getsizeof(made)), at_id=True))

    # ---- scopes ----

    @precondition(lambda self: len(self.scopes.live) < 12)
    @rule()
    def enter_a_new_scope(self) -> None:
        _reftrack.end_scope(self.now)
        self.now = _reftrack.new_scope()
        self.scopes.live.append(self.now)

    @rule(pick=PICK)
    def enter_a_scope_again(self, pick: int) -> None:
        self.now = self.scopes.live[pick % len(self.scopes.live)]

    @precondition(lambda self: self.now not in self.scopes.within and len(self.scopes.live) < 12)
    @rule()
    def enter_a_scope_within(self) -> None:
        _reftrack.enter_scope(self.now)
        inner, outer = _reftrack.enter_within()
        assert outer == self.now
        _reftrack.leave_within(inner)
        _reftrack.enter_scope(NO_ONES)
        self.scopes.within[inner] = outer
        self.scopes.live.append(inner)
        self.now = inner

    @precondition(lambda self: self.scopes.within)
    @rule(pick=PICK)
    def move_a_scope_to_the_one_around_it(self, pick: int) -> None:
        inner, outer = list(self.scopes.within.items())[pick % len(self.scopes.within)]
        _reftrack.move_scope(inner, outer)
        del self.scopes.within[inner]
        self.scopes.live.remove(inner)
        if self.now == inner:
            self.now = outer
        for known in self.known():
            known.parts = renamed(known.parts, inner, outer)
        self.rings = [
            (ring, address, renamed(parts, inner, outer)) for ring, address, parts in self.rings
        ]
        self.crowds = renamed(self.crowds, inner, outer)

    # ---- the ledger as a whole ----

    @rule(on=st.booleans())
    def charge_or_do_not(self, on: bool) -> None:
        (_reftrack.charge_again if on else _reftrack.charge_no_more)()
        self.charging = on

    @precondition(lambda self: self.steps > 25)
    @rule()
    def start_anew(self) -> None:
        self.begin()
        self.steps = 0

    @rule()
    def another_thread_has_a_pause_meanwhile(self) -> None:
        """Given such a pause, then what is asked here is answered as without."""
        before = self.told()
        _reftrack.resume()
        try:
            self.worker.do(_reftrack.pause)
            assert not _reftrack.pausing()
            assert self.told() == before
            self.worker.do(_reftrack.resume)
        finally:
            _reftrack.pause()
        assert _reftrack.pausing()

    def told(self) -> list[collections.Counter[int]]:
        return [sizes_of(scope) for scope in self.scopes.live]

    @precondition(lambda self: self.steps % 8 == 7)
    @rule()
    def look_at_the_heap(self) -> None:
        wanted = bytearray(max(self.scopes.live) + 1)
        wanted[self.now] = 1
        _reftrack.enter_scope(NO_ONES)  # the lists are read: what has died into one is no one's
        before = self.told()
        seen = _reftrack.explain(bytes(wanted), "/nowhere", 100, False)
        assert seen.nodes > 0
        seen.close()
        for was, now in zip(before, self.told(), strict=True):
            assert not was - now
            assert all(size < 300 for size in now - was)  # it came to objects from free lists

    @precondition(lambda self: self.steps % 4 == 3)
    @rule(silent=st.booleans())
    def fork(self, silent: bool) -> None:
        """The child has the same ledger, and the parent's stays as it is."""
        child = os.fork()
        if child == 0:
            status = 1
            try:
                if silent:
                    _reftrack.silence()
                self.check()
                while self.blocks:
                    address, block = self.blocks.popitem()
                    block.domain.free(address)
                self.things.clear()
                self.crowd.clear()
                if not silent:
                    self.check()
                    kept = [self.do(lambda: bytes(1000), False) for _ in range(50)]
                    del kept
                    self.check()
                _reftrack.stop()
                status = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(status)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0

    # ---- what must hold ----

    @invariant()
    def check(self) -> None:
        expected: dict[int, collections.Counter[int]] = collections.defaultdict(collections.Counter)
        known = [(address, block.parts) for address, block in self.blocks.items()]
        known += [(id(each.object), each.parts) for each in self.things if each.at_id]
        known += [(id(each), self.crowds) for each in self.crowd[:: len(self.crowd) // 50 + 1]]
        known += [(address, parts) for _, address, parts in self.rings]
        for address, parts in known:
            self.check_charge(address, parts)
        for scope, size in self.crowds or ():
            expected[scope][size] += len(self.crowd) - len(self.crowd[:: len(self.crowd) // 50 + 1])
        inside = [each.parts for each in self.things if not each.at_id]
        for parts in (*(parts for _, parts in known), *inside):
            for scope, size in parts or ():
                expected[scope][size] += 1
        for scope in self.scopes.live:
            told = sizes_of(scope)
            charged = sum(size * count for size, count in told.items())
            inner = [each for each, outer in self.scopes.within.items() if outer == scope]
            within = sum(_reftrack.counters(each)[0] for each in inner)
            live, count, allocated, peak, _ = _reftrack.counters(scope)
            assert charged == live - within
            del expected[scope][0]
            assert not expected[scope] - told  # each part is there
            owed = sum(size * count for size, count in expected[scope].items())
            unknown = told - expected[scope]
            assert charged - owed < SLACK + STEP_SLACK * self.steps, unknown.most_common(9)
            assert peak >= live
            assert allocated >= live or not self.charging
            assert count >= 0
        assert (
            _reftrack.live_bytes()
            - sum(
                _reftrack.counters(scope)[0]
                for scope in self.scopes.live
                if scope not in self.scopes.within
            )
            >= 0
        )

    def check_charge(self, address: int, parts: Parts | None) -> None:
        charge = _reftrack.block_charge(address)
        if parts is None:
            assert charge is None
        else:
            assert charge is not None
            assert charge[:2] == (total(parts), parts[0][0])


def renamed(parts: Parts | None, old: int, new: int) -> Parts | None:
    return parts and [(new if scope == old else scope, size) for scope, size in parts]


def sizes_of(scope: int) -> collections.Counter[int]:
    """How many parts of blocks of each size a scope is charged with."""
    found, _ = _reftrack.blocks(scope)
    return collections.Counter(size for size, _ in found)


CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]

TestLedger = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")(Ledger.TestCase)
# To explain a failure, Hypothesis traces each line, and what it notes of them would be charged.
PHASES = [phase for phase in Phase if phase is not Phase.explain]
BASE = settings(deadline=None, database=None, suppress_health_check=CHECKS, phases=PHASES)
TestLedger.settings = settings(BASE, max_examples=50, stateful_step_count=50, derandomize=True)


class LedgerForLong(Ledger):
    pass


TestLedgerForLong = pytest.mark.slow(LedgerForLong.TestCase)
TestLedgerForLong.settings = settings(
    BASE, max_examples=150, stateful_step_count=100, print_blob=True
)
