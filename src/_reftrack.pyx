# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: initializedcheck=False, nonecheck=False, embedsignature=True, embedsignature.format=clinic
# cython: binding=False
# Functions are plain ones, and none is made in another: Cython's own type for these would be on the collector's
# lists, where a suite that asks all objects for `type(o).__module__` gets no text from it.
"""Ledger of allocations and graph of the heap: addresses, ids, sizes and arrays, no words.

The rooms: `table` (a hash map), `codes` (code objects, copied as far as lines need it), `stacks`
(interned call stacks), `chain` (the one that a thread is in), `pools` (small live blocks), `figures`
(of scopes), `ledger` (the other live blocks), `events` (what they do to all of these), `growths` (parts of blocks that realloc added),
`hooks` (what the allocators call), `arrays` (the data of numpy's), `process` (memory beside the
ledger's), `watcher` (a thread that asks where there is too much of it), `quiet` (who is not recorded), `tracing` (their face towards Python), `within`
(scopes in others), `roots` (what the interpreter refers to), `shapes`
(the arrays of one look), `store` (how a graph's grow), `graph` (every reachable object), `paths` (shortest paths), `dominators`
(retained sizes), `claims` (which object owns which block), `lost` (references that are not
shown), `interned` (strings that the interpreter
keeps, and its table), `hidden` (objects that only C code refers to), `survivors` (regions and groups),
`edges` (what one object calls another), `items` (what arrays do), `homes` (names from elsewhere),
`older` (which containers had entries before), `steps` (paths, told), `sums` (figures by holder),
`alive` (is a path still there?), `cuts` (what goes without some edges), `answer` (plain records),
`explain` (one look), `targets` (one at given
objects), `sever` and `proof` (edges cut in a copy of the process). Only
cpython.h knows CPython's private structures.
"""

from libc.errno cimport errno
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, qsort, realloc
from libc.string cimport memcmp, memcpy, memset, strcmp, strcpy, strdup, strlen, strncpy

include "cpython.pxi"
include "table.pxi"
include "codes.pxi"
include "stacks.pxi"
include "chain.pxi"
include "pools.pxi"
include "figures.pxi"
include "ledger.pxi"
include "events.pxi"
include "growths.pxi"
include "hooks.pxi"
include "reuse.pxi"
include "arrays.pxi"
include "process.pxi"
include "watcher.pxi"
include "quiet.pxi"
include "tracing.pxi"
include "within.pxi"
include "shapes.pxi"
include "roots.pxi"
include "store.pxi"
include "graph.pxi"
include "paths.pxi"
include "dominators.pxi"
include "claims.pxi"
include "lost.pxi"
include "interned.pxi"
include "hidden.pxi"
include "survivors.pxi"
include "groups.pxi"
include "alive.pxi"
include "cuts.pxi"
include "edges.pxi"
include "items.pxi"
include "homes.pxi"
include "older.pxi"
include "steps.pxi"
include "sums.pxi"
include "answer.pxi"
include "explain.pxi"
include "targets.pxi"
include "sever.pxi"
include "victims.pxi"
include "proof.pxi"
