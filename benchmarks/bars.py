"""The bars beside the benchmarks' figures: ratios to a plain run or a collection, and bytes."""

from __future__ import annotations

CPU_OF_SUITES = {16: 1.10, 1: 1.05}
"""User CPU of a whole suite, x plain, by the number of frames that are kept."""

CPU_OF_MICRO = {16: 1.8}
"""The same, of each of the programs that do nothing but allocate."""

PEAK_OF_SUITES = 1.15
"""Peak memory of a whole suite, x plain."""

LEDGER_PER_BLOCK = 32
"""Bytes of the ledger per live block."""

GRAPH = 1.0
"""Graph, paths and dominators, x one `gc.collect()` on the same heap."""

EVERYTHING = 1.5
"""The same with answers, naming and holders of all survivors."""

BYTES_PER_NODE, BYTES_PER_EDGE = 48, 8
"""Memory above what was resident, while an explanation runs."""
