"""What one explanation of the heap costs: its time beside one `gc.collect()`, its memory per node.

Each heap is built in a process of its own, where it is collected and explained in turn. Other tools
run on the same heap in theirs (see peers.py).
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from typing import NamedTuple, TypeVar

import bars
import heaps
import peers
from reftrack import _reftrack, retention, tracing
from reftrack.heap import WANTED, Look, look
from reftrack.journal import no_collection
from reftrack.looking import CUT
from reftrack.naming import NAMED_BY
from rows import Table, note, progress

SMALLER = 100
"""That part of a heap is a tool given that was not done with it in time."""

Result = TypeVar("Result")


class Times(NamedTuple):
    """Seconds: one collection; the extension's part, from the graph to dominators and to plain
    records; Python's part, naming and holders; and the same with what goes when the largest are
    cut, as the last look of a run has it."""

    collect: float
    graph: float
    paths: float
    dominators: float
    answer: float
    holders: float
    with_cuts: float


class Weight(NamedTuple):
    nodes: int
    edges: int
    graph: int  # bytes above what was resident, while the extension explains
    everything: int  # the same with naming and holders


def seen() -> Look:
    """The extension's part of a look, as a run has it."""
    flags = bytearray(max(heaps.scopes) + 1)
    for number in heaps.scopes:
        flags[number] = WANTED
    return look(tracing.Native(), bytes(flags), NAMED_BY)


def holders(at: Look, cut: int) -> retention.Explained:
    return retention.holders(at, heaps.scopes, cut=cut)


def timed() -> Times:
    started = time.perf_counter()
    gc.collect()
    collected = time.perf_counter()
    with no_collection():
        began = time.perf_counter()
        at = seen()
        answered = time.perf_counter()
        holders(at, 0)
        named = time.perf_counter()
        holders(at, CUT)
        cut = time.perf_counter()
        graph, paths, _, dominators = at.answer.timings
        at.close()
    return Times(
        collected - started,
        graph,
        paths - graph,
        dominators - paths,
        answered - began - dominators,
        named - answered,
        cut - named,
    )


def weighed() -> Weight:
    """By how many bytes the resident memory rises meanwhile.

    Where the kernel cannot reset the peak (5 in clear_refs), an earlier, higher peak hides this
    one: the figure is then between 0 and the truth.
    """
    with suppress(OSError), open("/proc/self/clear_refs", "w") as clear_refs:
        clear_refs.write("5")
    before = resident_bytes()
    with no_collection():
        at = seen()
        of_graph = peak_bytes() - before
        holders(at, 0)
        at.close()
    return Weight(at.nodes, at.edges, of_graph, peak_bytes() - before)


def resident_bytes() -> int:
    try:
        return status_bytes("VmRSS")
    except OSError:
        return peak_bytes()


def peak_bytes() -> int:
    try:
        return status_bytes("VmHWM")
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def status_bytes(field: str) -> int:
    with open("/proc/self/status") as lines:
        for line in lines:
            name, _, value = line.partition(":")
            if name == field:
                return int(value.split()[0]) * 1024
    raise OSError(f"/proc/self/status has no {field}")


COLUMNS = (
    ("heap", 20),
    ("nodes", -10),
    ("edges", -11),
    ("collect s", -9),
    ("graph s", -8),
    ("paths s", -8),
    ("dominators s", -12),
    ("x collect", -9),
    ("bar", -4),
    ("answer s", -8),
    ("holders s", -9),
    ("x collect", -9),
    ("bar", -4),
    ("cuts s", -7),
    ("ns/(node+edge)", -14),
)
MEMORY_COLUMNS = (
    ("heap", 20),
    ("graph MiB", -9),
    ("B/node", -6),
    ("x bar", -6),
    ("everything MiB", -14),
    ("x bar", -6),
    ("ledger: live blocks", -19),
    ("B/block", -7),
    ("entries", -7),
    ("stacks", -6),
    ("bar", -3),
)
PEER_COLUMNS = (
    ("heap", 20),
    ("tool", 18),
    ("seconds", -9),
    ("collect s", -9),
    ("x collect", -9),
    ("remark", 0),
)


def cells_of_times(name: str, weight: Weight, runs: list[Times]) -> list[str]:
    """Medians; the ratios are taken within each run, and their median is shown."""
    middle = Times(*(statistics.median(figures) for figures in zip(*runs, strict=True)))
    graph = [run.graph + run.paths + run.dominators for run in runs]
    everything = [g + run.answer + run.holders for g, run in zip(graph, runs, strict=True)]
    beside = [
        statistics.median(part / run.collect for part, run in zip(parts, runs, strict=True))
        for parts in (graph, everything)
    ]
    per_item = statistics.median(everything) / (weight.nodes + weight.edges) * 1e9
    return [
        name,
        f"{weight.nodes:,}",
        f"{weight.edges:,}",
        *(f"{part:.4f}" for part in middle[:4]),
        f"{beside[0]:.2f}",
        f"{bars.GRAPH:.2f}",
        *(f"{part:.4f}" for part in (middle.answer, middle.holders)),
        f"{beside[1]:.2f}",
        f"{bars.EVERYTHING:.2f}",
        f"{max(0.0, middle.with_cuts - middle.holders):.4f}",
        f"{per_item:.1f}",
    ]


def cells_of_memory(name: str, weight: Weight) -> list[str]:
    """Beside so many bytes per node and per edge; and what the ledger takes of these blocks."""
    allowed = weight.nodes * bars.BYTES_PER_NODE + weight.edges * bars.BYTES_PER_EDGE
    ledger = _reftrack.memory()
    blocks = ledger["blocks"]
    figures = (ledger["bytes"], ledger["entry_bytes"], ledger["stack_bytes"])
    return [
        name,
        f"{weight.graph / 2**20:.1f}",
        f"{weight.graph / weight.nodes:.1f}",
        f"{weight.graph / allowed:.2f}",
        f"{weight.everything / 2**20:.1f}",
        f"{weight.everything / allowed:.2f}",
        f"{blocks:,}",
        *(f"{part / blocks:.1f}" for part in figures),
        f"{bars.LEDGER_PER_BLOCK}",
    ]


def explained(
    shape: str, size: int, frames: int, repeat: int, is_built: Callable[[], None]
) -> tuple[list[str], list[str]]:
    """Build a heap in this process and explain it: the cells of its two rows."""
    heaps.build(shape, size, frames)
    is_built()
    gc.collect()
    weight = weighed()
    runs = [timed() for _ in range(repeat)]
    name = f"{shape} {size:,}"
    return cells_of_times(name, weight, runs), cells_of_memory(name, weight)


def number(text: str) -> int:
    """Read 300000, 300k or 10M."""
    factor = {"k": 1_000, "M": 1_000_000}.get(text[-1:], 1)
    return int(text if factor == 1 else text[:-1]) * factor


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--shapes",
        nargs="+",
        choices=heaps.SHAPES,
        default=[*heaps.SHAPES],
        help="suite: libraries and so many tests, all of which leak; the others consist of "
        "survivors alone (default: all)",
    )
    parser.add_argument(
        "--sizes",
        type=number,
        nargs="+",
        help="containers in the heap, such as 10k 300k 10M; of a suite, tests (default: each "
        "shape's own)",
    )
    parser.add_argument("--frames", type=int, default=16, help="(default: %(default)s)")
    parser.add_argument("--repeat", type=int, default=5, help="the median of so many is shown")
    parser.add_argument("--peers", action="store_true", help="also run other tools")
    parser.add_argument("--only-peers", action="store_true", help="run other tools and no more")
    parser.add_argument(
        "--peer",
        action="append",
        choices=peers.PEERS,
        help="one of the other tools; may be given several times (default: all)",
    )
    parser.add_argument(
        "--limit",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help="stop another tool after that, and give it a smaller heap (default: %(default)s)",
    )
    parser.add_argument("--markdown", action="store_true", help="print Markdown tables")
    options = parser.parse_args()
    started = time.monotonic()
    if not options.only_peers:
        of_reftrack(options)
    if options.peers or options.only_peers:
        of_peers(options)
    note(f"took {(time.monotonic() - started) / 60:.1f} minutes")


def of_reftrack(options: argparse.Namespace) -> None:
    """Times as they come, what they took of memory after them."""
    table = Table(COLUMNS, markdown=options.markdown)
    of_memory = []
    for shape in options.shapes:
        for size in options.sizes or heaps.SHAPES[shape].sizes:
            progress(f"{shape} {size:,}")
            try:
                work = partial(explained, shape, size, options.frames, options.repeat)
                times, memory = in_process_of_its_own(work, None)
            except Failed as error:
                note(f"{shape} {size:,}: {error}")
                continue
            table.row(*times)
            of_memory.append(memory)
    table = Table(MEMORY_COLUMNS, markdown=options.markdown)
    for memory in of_memory:
        table.row(*memory)


def of_peers(options: argparse.Namespace) -> None:
    table = Table(PEER_COLUMNS, markdown=options.markdown)
    for name in options.peer or peers.PEERS:
        peer = peers.PEERS[name]
        if not peers.installed(peer):
            continue
        for shape in (shape for shape in options.shapes if heaps.SHAPES[shape].peer_size):
            sizes = options.sizes or [heaps.SHAPES[shape].peer_size]
            for cells in on_a_heap_that_it_can_do(peer, shape, sizes[0], options.limit):
                table.row(*cells)


def on_a_heap_that_it_can_do(
    peer: peers.Peer, shape: str, whole: int, limit: float
) -> Iterator[list[str]]:
    """The rows of one tool: on a smaller heap, too, where it is not done in time."""
    for size in (whole, max(1, whole // SMALLER)):
        progress(f"{peer.name}: {shape} {size:,}")
        start = [f"{shape} {size:,}", peer.name]
        try:
            work = partial(peers.timed, peer, shape, size)
            took, collect, remark = in_process_of_its_own(work, limit)
        except NotInTime:
            yield [*start, f"> {limit:.0f}", "", "", "stopped"]
        except Failed as error:
            yield [*start, "", "", "", str(error)]
            return
        else:
            yield [*start, f"{took:.3f}", f"{collect:.4f}", f"{took / collect:.1f}", remark]
            return


class Failed(Exception):
    """The process ended without a result."""


class NotInTime(Exception):
    pass


Work = Callable[[Callable[[], None]], Result]
"""Calls what it is given when the heap is built: from then on its time counts."""


def in_process_of_its_own(work: Work[Result], limit: float | None) -> Result:
    """What `work` returns in a fresh process, stopped so many seconds after its heap was built.

    A fork would do, but for the pages that it copies as soon as an object's count of references
    changes: they would be on the time of what runs there.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=send_result, args=(theirs, work))
    process.start()
    theirs.close()
    try:
        result = ours.recv()
        if result is None:
            if not ours.poll(limit):
                raise NotInTime
            result = ours.recv()
    except EOFError:
        process.join()
        raise Failed(f"ended with status {process.exitcode}") from None
    finally:
        process.kill()
        process.join()
    if isinstance(result, Exception):
        raise Failed(f"{type(result).__name__}: {result}"[:200])
    of_work: Result = result
    return of_work


def send_result(to: Connection, work: Work[object]) -> None:
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - to the end of this process
    try:
        to.send(work(partial(to.send, None)))
    except Exception as error:
        to.send(error)


if __name__ == "__main__":
    main()
