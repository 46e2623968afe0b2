"""What charging alone costs: one program with the ledger on and off, in turn, in one process.

Whole runs differ by a tenth and more from one to the next on a machine that is shared; here the two
lie a tenth of a second apart. There is no look at the heap in it.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

from reftrack import _reftrack

DEPTH = 25
"""Frames below the program, as a runner has them."""


def work() -> object:
    """Graphs made, copied and searched, and records of small objects."""
    nx = import_module("networkx")
    graph = nx.gnm_random_graph(300, 900, seed=1)
    nx.betweenness_centrality(graph, k=20, seed=1)
    directed = nx.DiGraph()
    directed.add_edges_from((i, (i * 7) % 1000) for i in range(3000))
    list(nx.strongly_connected_components(directed))
    copies = [nx.Graph(graph) for _ in range(4)]
    records = [{"a": i, "b": [i, str(i)]} for i in range(5000)]
    return copies, records, nx.to_dict_of_dicts(directed)


def deep(depth: int, function: Callable[[], object]) -> object:
    return deep(depth - 1, function) if depth else function()


def waiting() -> object:
    """As a runner's frame, which the plugins tell of when a test begins."""
    _reftrack.stand_on(sys._getframe(1))
    return work()


def seconds() -> float:
    started = time.process_time()
    deep(DEPTH, waiting)
    deep(DEPTH, waiting)
    return time.process_time() - started


def charged_seconds(frames: int) -> float:
    _reftrack.start(frames)
    try:
        _reftrack.enter_scope(_reftrack.new_scope())
        deep(DEPTH, waiting)  # not counted: the ledger's own memory is fetched from the system
        gc.collect()
        return seconds()
    finally:
        _reftrack.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--frames", type=int, default=16, help="(default: %(default)s)")
    parser.add_argument("--repeat", type=int, default=25, help="pairs (default: %(default)s)")
    arguments = parser.parse_args()
    if find_spec("networkx") is None:
        sys.exit("charging.py needs: pip install 'networkx[default]'")
    deep(DEPTH, waiting)
    ratios = []
    for _ in range(arguments.repeat):
        gc.collect()
        plain = seconds()
        ratios.append(charged_seconds(arguments.frames) / plain)
    ratios.sort()
    quarter = len(ratios) // 4
    print(
        f"{arguments.frames} frames: {statistics.median(ratios):.3f} times the plain time, "
        f"half of {len(ratios)} pairs in {ratios[quarter]:.3f} .. {ratios[-1 - quarter]:.3f}"
    )


if __name__ == "__main__":
    main()
