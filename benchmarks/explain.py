"""What one explanation of the heap costs: its time beside one `gc.collect()`, its memory per node.

Everything happens in one process: a heap of a given shape and size is built, collected and
explained, and dropped again. Time that grows linearly shows as a steady figure per node.
"""

from __future__ import annotations

import argparse
import gc
import random
import resource
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from reftrack import _reftrack

ALL_SCOPES = b"\1" * (1 << 20)
LIBRARIES = ("networkx", "sympy", "sympy.physics.units", "sympy.stats", "numpy", "django.db.models")


def explain(scopes: bytes = ALL_SCOPES) -> tuple[int, int]:
    """Explain the whole heap once, roots to retained sizes; return its nodes and edges.

    What was allocated since `record` counts as a survivor, where `scopes` has a 1 for its scope.
    """
    answer = _reftrack.explain(scopes, "/nowhere/", 200_000, False)
    return answer.nodes, answer.edges


def record() -> None:
    """Begin a new ledger, so that the heap built next consists of survivors."""
    _reftrack.start(16)
    _reftrack.enter_scope(_reftrack.new_scope())


class Node:
    def __init__(self, label: str, children: list[Node]) -> None:
        self.label = label
        self.children = children


def trees(size: int) -> object:
    """Trees of instances, four children to a node: an instance, its list and its label each."""
    level = [Node(f"leaf {i}", []) for i in range(size // 4 + 1)]
    while len(level) > 1:
        level = [Node(f"inner {i}", level[i : i + 4]) for i in range(0, len(level), 4)]
    return level[0]


def chain(size: int) -> object:
    """A linked list: as deep as it has nodes."""
    head: list[Any] = []
    for _ in range(size - 1):
        head = [head]
    return head


def star(size: int) -> object:
    """One list that holds everything: as wide as it has nodes."""
    return [[] for _ in range(size)]


def web(size: int) -> object:
    """Lists that refer to 16 others each, at random: many edges, most of them back or across."""
    generator = random.Random(size)
    nodes: list[list[Any]] = [[] for _ in range(size)]
    for node in nodes:
        node.extend(generator.choices(nodes, k=16))
    return nodes


def registry(size: int) -> object:
    """One dict to which each of many tests adds a list with a string."""
    found: dict[str, list[str]] = {}
    for k in range(size):
        _reftrack.enter_scope(_reftrack.new_scope())
        found[f"test {k}"] = [str(k)]
    return found


def suite(tests: int) -> list[object]:
    """What a test suite's process looks like: libraries, and 1,000 records of each of its tests."""
    missing = [name for name in LIBRARIES if find_spec(name.partition(".")[0]) is None]
    if missing:
        print(f"suite: a smaller heap, without {', '.join(missing)}", file=sys.stderr)
    kept: list[object] = [import_module(name) for name in LIBRARIES if name not in missing]
    for _ in range(tests):
        _reftrack.enter_scope(_reftrack.new_scope())
        kept.append([Node(f"record {i}", [Node(str(i), [])]) for i in range(500)])
    return kept


SHAPES: dict[str, Callable[[int], object]] = {
    "trees": trees,
    "chain": chain,
    "star": star,
    "web": web,
    "registry": registry,
}


def seconds(call: Callable[[], object], repeat: int) -> float:
    """Return the median time of `repeat` calls."""
    times = []
    for _ in range(repeat):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def explain_and_weigh(scopes: bytes) -> tuple[int, int, int]:
    """Explain once; return nodes, edges, and by how many bytes the resident memory rose meanwhile.

    Where the kernel cannot reset the peak (5 in clear_refs), an earlier, higher peak hides this
    one: the figure is then between 0 and the truth.
    """
    try:
        with open("/proc/self/clear_refs", "w") as clear_refs:
            clear_refs.write("5")
        before = status_bytes("VmRSS")
    except OSError:
        before = peak_bytes()
        nodes, edges = explain(scopes)
        return nodes, edges, peak_bytes() - before
    nodes, edges = explain(scopes)
    return nodes, edges, status_bytes("VmHWM") - before


def status_bytes(field: str) -> int:
    with open("/proc/self/status") as lines:
        for line in lines:
            name, _, value = line.partition(":")
            if name == field:
                return int(value.split()[0]) * 1024
    raise OSError(f"/proc/self/status has no {field}")


def peak_bytes() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def peers() -> dict[str, Callable[[object], object]]:
    """What other tools need for a part of the answer, on the same heap."""
    found: dict[str, Callable[[object], object]] = {}
    try:
        hpy = import_module("guppy").hpy
    except ImportError:
        print("guppy3: skipped, needs: pip install guppy3", file=sys.stderr)
    else:
        found["guppy3: heap()"] = lambda heap: hpy().heap()
        found["guppy3: retained size of one object"] = lambda heap: hpy().iso(heap).domisize
    try:
        objgraph = import_module("objgraph")
    except ImportError:
        print("objgraph: skipped, needs: pip install objgraph", file=sys.stderr)
    else:
        found["objgraph: one chain to one object"] = lambda heap: objgraph.find_backref_chain(
            heap, objgraph.is_proper_module
        )
    return found


def number(text: str) -> int:
    """Read 300000, 300k or 10M."""
    factor = {"k": 1_000, "M": 1_000_000}.get(text[-1:], 1)
    return int(text if factor == 1 else text[:-1]) * factor


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--sizes",
        type=number,
        nargs="+",
        default=[10_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000],
        help="containers in the heap, such as 10k 300k 10M (default: 10k to 10M)",
    )
    parser.add_argument(
        "--shapes",
        nargs="+",
        choices=["suite", *SHAPES],
        default=["suite", *SHAPES],
        help="suite: libraries and 100 tests, of which one or all have survivors; the others "
        "consist of survivors alone (default: all)",
    )
    parser.add_argument("--repeat", type=int, default=3, help="the median of so many is shown")
    parser.add_argument("--peers", action="store_true", help="also run guppy3 and objgraph")
    parser.add_argument(
        "--peers-up-to",
        type=number,
        default=300_000,
        metavar="SIZE",
        help="leave the peers out of larger heaps (default: %(default)s)",
    )
    arguments = parser.parse_args()
    others = peers() if arguments.peers else {}

    print(
        f"{'shape':<7}{'nodes':>11}{'edges':>12}{'explain s':>11}{'collect s':>11}{'ratio':>7}"
        f"{'ns/node':>9}{'extra MiB':>11}{'B/node':>8}{'B/(node+edge)':>15}"
    )
    if "suite" in arguments.shapes:
        rows_of_suite(arguments.repeat)
    for shape in (shape for shape in arguments.shapes if shape in SHAPES):
        for size in arguments.sizes:
            record()
            heap = SHAPES[shape](size)
            row(shape, arguments.repeat, ALL_SCOPES)
            if size <= arguments.peers_up_to:
                for name, call in others.items():
                    print(f"       {name}: {seconds(partial(call, heap), 1):.3f} s", flush=True)
            del heap
            gc.collect()


def rows_of_suite(repeat: int) -> None:
    """One test's survivors, then those of all tests."""
    record()
    first = _reftrack.new_scope() + 1
    kept = suite(100)
    print(f"suite: {len(gc.get_objects()):,} objects known to the collector", flush=True)
    row("suite/1", repeat, bytes(first + 50) + b"\1")
    row("suite", repeat, bytes(first) + b"\1" * 100)
    del kept


def row(shape: str, repeat: int, scopes: bytes) -> None:
    gc.collect()
    nodes, edges, extra = explain_and_weigh(scopes)
    # In turn, so that each finds the cache as the other leaves it, and both the machine as fast.
    pairs = [(seconds(partial(explain, scopes), 1), seconds(gc.collect, 1)) for _ in range(repeat)]
    explaining, collecting = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(
        f"{shape:<7}{nodes:>11,}{edges:>12,}{explaining:>11.4f}{collecting:>11.4f}"
        f"{explaining / collecting:>7.2f}{explaining / nodes * 1e9:>9.1f}{extra / 2**20:>11.1f}"
        f"{extra / nodes:>8.1f}{extra / (nodes + edges):>15.1f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
