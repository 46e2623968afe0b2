"""The record of a run: plain typed data.

`Report` is what `reftrack json` writes, field by field, in format 1; the names are fixed, more may
be added. Sizes are bytes everywhere. The journal's lines are the tagged structs at the end: one
`Started`, one `TestBegan` per test, one `ScopeEnded` per scope as it ends, one `Checkpoint` per
look at the heap, a `Failed` for what the run is stopped by, at most one `TornDown`, one `Repeated`
per test that was run again, one `Ended`, at most one `Judged`.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

FORMAT = 1

MEMORY = "memory: "
"""How the reason begins for which a run was stopped that took more memory than it may."""

ScopeKind = Literal["session", "module", "class", "test", "fixture", "import"]
COUNTED: frozenset[ScopeKind] = frozenset({"test", "class", "module", "fixture"})
"""Kinds of scopes whose survivors count; what a session or an import makes is meant to stay."""

Verdict = Literal["growing", "once", "runner", "collateral", "unexplained"]
Owner = Literal["your test", "your code", "library", "runner"]
HolderKind = Literal[
    "testcase-attribute",
    "result",
    "class-attribute",
    "module-global",
    "instance-attribute",
    "fixture",
    "cache",
    "mock",
    "exception",
    "frame",
    "generator",
    "closure",
    "thread",
    "context",
    "callback",
    "c-reference",
    "unreachable",
]


NOT_LOOKED_FOR = "others"
"""Stands in a holder's `together` for holders of the same that were not found: they are many."""


class Phase(msgspec.Struct, frozen=True):
    """One phase of a test: what it allocated, and what of the test was alive at its end."""

    name: str
    allocated_bytes: int
    live_bytes: int


class Scope(msgspec.Struct):
    """A stretch of the run that allocations were charged to.

    `ended_bytes` were alive when it ended, before any collection; `collected_bytes` went since,
    while the cyclic collector ran. `native_bytes` is by how much it made the process grow beside
    all that the ledger knows of, as far as that has stayed; 0 where that is less than 1 MiB.
    `array_bytes` are those of `survived_bytes` that are the data of arrays, as of the last look at
    the heap: no allocation of Python's, and so in neither `allocated_bytes` nor `peak_bytes`.
    `torn_down_bytes` are those of `survived_bytes` that have gone since the final look, as the
    runner tore down what was wider than a test. `repeats` are the bytes alive of each
    repetition of a test, in order, whoever holds them; where they would say nothing,
    `repeat_problem` is why.
    """

    id: str
    scope: ScopeKind
    outcome: str | None = None
    allocated_bytes: int = 0
    peak_bytes: int = 0
    survived_bytes: int = 0
    survived_blocks: int = 0
    released_by: str | None = None
    phases: list[Phase] = []
    repeats: list[int] = []
    repeat_problem: str = ""
    ended_bytes: int = 0
    collected_bytes: int = 0
    native_bytes: int = 0
    array_bytes: int = 0
    torn_down_bytes: int = 0


class Frame(msgspec.Struct, frozen=True):
    """One line of an allocation traceback."""

    file: str
    line: int
    function: str
    source: str = ""


class Allocation(msgspec.Struct):
    """Survivors allocated by one stack of calls; `traceback` has the most recent call last."""

    bytes: int
    objects: int
    traceback: list[Frame]


class TypeCount(msgspec.Struct):
    type: str
    objects: int
    bytes: int


class Charge(msgspec.Struct):
    """What one scope left with a holder."""

    id: str
    scope: ScopeKind
    bytes: int
    objects: int


class Repeat(msgspec.Struct, frozen=True):
    """What a test that was run again kept with one holder: bytes of each repetition, in order.
    `gone` are the bytes of before that went from there meanwhile."""

    id: str
    bytes: list[int]
    gone: int = 0


class Holder(msgspec.Struct):
    """One owner that keeps survivors alive, and all that is known of it.

    `survived_bytes` are the charged bytes that it keeps (each survivor counted under one holder);
    `retained_bytes` are the bytes that go when its edge is cut. `proved_bytes` is null where
    nothing was proved, and `not_proved` then says why, where a proof was to be had. `fix` has a
    line for each holder to be changed. `rule` names the rule about a framework that recognised it
    (`reftrack rules` lists them); `bounded` says that it is full: each test pushes out what an
    earlier one left. Of a functools cache `entries` is how many it has, `most_entries` how many it
    may have: null where there is no bound, and both where it is no such cache.
    `together` names other holders of the same survivors, each of which keeps them by itself:
    `together_bytes` go when all of them are cut with this one, and that is what is proved.
    `key` is the same at each look; `repeats` has the tests that were run again, as far as that
    could show what they keep here. `ignored` is the reason where the user has accepted it: no gate
    judges it then. In the report of several processes `processes` have it. `torn_down` says that a
    look after the last tear-down no longer found it.
    """

    name: str
    kind: HolderKind
    verdict: Verdict
    owner: Owner
    root: str
    path: list[str]
    retained_bytes: int
    survived_bytes: int
    objects: int
    types: list[TypeCount]
    charged: list[Charge]
    allocations: list[Allocation]
    proved_bytes: int | None = None
    fix: str = ""
    rule: str = ""
    bounded: bool = False
    together: list[str] = []
    together_bytes: int = 0
    not_proved: str = ""
    entries: int | None = None
    most_entries: int | None = None
    key: str = ""
    repeats: list[Repeat] = []
    ignored: str = ""
    processes: int = 1
    torn_down: bool = False


class Released(msgspec.Struct):
    """What `--release` let go of under one name, such as `ExampleTest.user`.

    `scopes` tests, or classes where `scope` says so, would have kept it; `bytes` of what they had
    allocated went with it.
    """

    name: str
    scopes: int
    bytes: int
    scope: ScopeKind = "test"


class RunInfo(msgspec.Struct):
    """`processes` left records that are in this report; `cut_in` are tests in which a process was
    cut: those that had begun and not ended when its record stopped. The run began in `directory`.
    """

    command: list[str]
    python: str
    backend: str
    started: str
    seconds: float = 0.0
    frames: int = 16
    exit_status: int | None = None
    notes: list[str] = []
    release: bool = False
    processes: int = 1
    cut_in: list[str] = []
    directory: str = ""


class Totals(msgspec.Struct):
    """Sums over the run: bytes are those of tests, classes, modules and fixtures.

    `resident_bytes` is the process's memory in RAM at the last look, without files. `native_bytes`
    is how much that has grown since the first test began, beside Python's live blocks, the data of
    arrays, reftrack's own memory, and what allocators keep free. Both are 0 where the system does
    not tell. `later_bytes` were allocated after the final look, while the runner tore down what was
    wider than a test, and are alive.
    """

    tests: int = 0
    survived_bytes: int = 0
    explained_bytes: int = 0
    resident_bytes: int = 0
    native_bytes: int = 0
    later_bytes: int = 0


class Report(msgspec.Struct):
    """A whole run, as `reftrack json` writes it.

    `not_released` tests were let go of nothing under `--release`: the program itself holds them.
    `failed` has, in words, each gate that the run did not pass.
    """

    format: int
    complete: bool
    run: RunInfo
    totals: Totals
    scopes: list[Scope]
    holders: list[Holder]
    released: list[Released] = []
    not_released: int = 0
    failed: list[str] = []


class Started(msgspec.Struct, tag="started", tag_field="event"):
    """First line of a journal. `options` are those of the run; `parent` is the name of the record
    of the process that started this one, where that is a part of the same run."""

    format: int
    pid: int
    run: RunInfo
    options: dict[str, Any] = {}
    parent: str = ""


class TestBegan(msgspec.Struct, tag="test", tag_field="event"):
    """A test begins: where no line of its end follows, the process was cut in it."""

    id: str


class ScopeEnded(msgspec.Struct, tag="scope", tag_field="event"):
    """A scope ended; its `survived_*` are what was alive at that moment, before any collection."""

    scope: Scope


class Failed(msgspec.Struct, tag="failed", tag_field="event"):
    """A gate was not passed, in words; the last line has it as well, if that comes."""

    reason: str


class Survived(msgspec.Struct):
    """What a scope, by its place among the `ScopeEnded` lines, had alive at a checkpoint."""

    index: int
    bytes: int
    blocks: int
    released_by: str | None = None
    collected_bytes: int = 0
    native_bytes: int = 0
    array_bytes: int = 0


class Checkpoint(msgspec.Struct, tag="checkpoint", tag_field="event"):
    """One look at the heap: it replaces every earlier one.

    `survived` has a row for each ended scope with something to tell: bytes alive, released late,
    collected, or beside the ledger; scopes without a row have none of them.
    """

    final: bool
    seconds: float
    totals: Totals
    survived: list[Survived]
    holders: list[Holder]
    released: list[Released] = []
    not_released: int = 0


class Late(msgspec.Struct, tag="late", tag_field="event"):
    """Holders of what was left after the final look, by what tears down classes, modules and wider
    fixtures: as the run came to its end."""

    holders: list[Holder]


class TornDown(msgspec.Struct, tag="torn-down", tag_field="event"):
    """After the final look the runner tore down what was wider than a test: for each such scope, by
    its place among the `ScopeEnded` lines, the one in which most of its memory went. `gone` has the
    bytes that each scope lost by that; `came` are alive since then. Of `holders`, by their keys,
    all was seen to be gone."""

    by: dict[int, str]
    gone: dict[int, int] = {}
    came: int = 0
    holders: list[str] = []


class Repeated(msgspec.Struct, tag="repeated", tag_field="event"):
    """A test, by its scope's place among the `ScopeEnded` lines, was run again.

    `holders` has those with which it kept anything, by their key; None where the heap could not be
    looked at.
    """

    index: int
    bytes: list[int]
    problem: str
    holders: dict[str, Repeat] | None = None


class Ended(msgspec.Struct, tag="ended", tag_field="event"):
    """The run came to its end. `failed` has, in words, for what the run itself was stopped."""

    seconds: float
    exit_status: int | None
    notes: list[str] = []
    failed: list[str] = []


class Judged(msgspec.Struct, tag="judged", tag_field="event"):
    """After the end, where gates have judged the whole report: those that it did not pass."""

    failed: list[str]


Event = (
    Started
    | TestBegan
    | ScopeEnded
    | Checkpoint
    | Late
    | Failed
    | TornDown
    | Repeated
    | Ended
    | Judged
)
