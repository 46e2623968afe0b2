"""Other tools that look at a heap, each used as its own documentation says.

Each answers a part of the question: none says of all survivors at once who holds them, and only
guppy3 and Pympler have a size with all that hangs below.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import NamedTuple

import heaps
from rows import note

COLLECTIONS = 3

Call = Callable[[], object]


class Peer(NamedTuple):
    """`prepare` is called before the heap is built, with the class that will leak; what it returns
    is called and timed after that. `package` is what pip knows it by."""

    name: str
    package: str
    module: str
    prepare: Callable[[type], Call]


class FoundNothing(Exception):
    """The tool has no answer for this heap."""


def installed(peer: Peer) -> bool:
    if find_spec(peer.module) is not None:
        return True
    note(f"{peer.name}: skipped, needs: pip install {peer.package}")
    return False


def timed(
    peer: Peer, shape: str, size: int, is_built: Callable[[], None]
) -> tuple[float, float, str]:
    """Build a heap, with no ledger on it, and have the tool look at it: its seconds, those of one
    collection there, and a remark."""
    heaps.load_libraries(shape)
    call = peer.prepare(heaps.SHAPES[shape].leaks)
    heaps.build(shape, size, None)
    is_built()
    gc.collect()
    collections = []
    for _ in range(COLLECTIONS):
        started = time.perf_counter()
        gc.collect()
        collections.append(time.perf_counter() - started)
    started = time.perf_counter()
    try:
        call()
        remark = ""
    except FoundNothing:
        remark = "found nothing"
    return time.perf_counter() - started, statistics.median(collections), remark


# ---- the tools ----


def guppy_heap(_: type) -> Call:
    hpy = import_module("guppy").hpy()
    return lambda: str(hpy.heap())


def guppy_retained(_: type) -> Call:
    """The size of what goes with one object, guppy's "dominated size"."""
    hpy = import_module("guppy").hpy()
    return lambda: hpy.iso(heaps.container()).domisize


def objgraph_chain(_: type) -> Call:
    """One chain to one object."""
    objgraph = import_module("objgraph")

    def chain() -> None:
        if len(objgraph.find_backref_chain(heaps.sample(), objgraph.is_proper_module)) == 1:
            raise FoundNothing

    return chain


def pympler_summary(_: type) -> Call:
    muppy, summary = import_module("pympler.muppy"), import_module("pympler.summary")
    return lambda: summary.summarize(muppy.get_objects())


def pympler_size(_: type) -> Call:
    """The size of an object with all that it refers to, shared or not."""
    asizeof = import_module("pympler.asizeof").asizeof
    return lambda: asizeof(heaps.container())


def refleak_snapshot(leaks: type) -> Call:
    """What is new of a class, with the chains of referrers to each."""
    snapshot = import_module("refleak.testing").Snapshot(leaks)

    def check() -> None:
        try:
            snapshot.assert_no_new(when="after the tests")
        except AssertionError:
            return
        raise FoundNothing

    return check


def memalot_report(_: type) -> Call:
    """The report at the end of a monitored block; by default the first one only warms it up."""
    told: list[str] = []
    monitor = import_module("memalot").create_leak_monitor(
        save_reports=False, output_func=told.append
    )
    with monitor:
        pass
    monitor.__enter__()
    return lambda: monitor.__exit__(None, None, None)


PEERS = {
    peer.name: peer
    for peer in (
        Peer("guppy3 heap", "guppy3", "guppy", guppy_heap),
        Peer("guppy3 retained", "guppy3", "guppy", guppy_retained),
        Peer("objgraph chain", "objgraph", "objgraph", objgraph_chain),
        Peer("pympler summary", "Pympler", "pympler", pympler_summary),
        Peer("pympler asizeof", "Pympler", "pympler", pympler_size),
        Peer("refleak snapshot", "refleak", "refleak", refleak_snapshot),
        Peer("memalot report", "memalot", "memalot", memalot_report),
    )
}
