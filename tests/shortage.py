"""The extension where malloc has no memory for it: `python tests/shortage.py [EVERY]`.

A library that is loaded before all others counts the calls that the extension makes, for itself or
for blocks of the program's that pymalloc does not have, and fails one, or all from one on. In a
fork each, every such call (or every EVERY-th) fails while the extension does all that
`memcheck.exercise` has it do: whatever it says, the interpreter goes on, and once there is memory
again everything works. Needs Linux, glibc and a C compiler.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import os
import subprocess
import sys
import tempfile
import threading
import traceback
from pathlib import Path

from memcheck import exercise

LIBRARY = r"""
#include <stddef.h>
#include <stdint.h>
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
static uintptr_t low, high;
static long first = -1, last = -1, calls;
void shortage_of(uintptr_t from, uintptr_t to) { low = from; high = to; }
void shortage_begin(long from, long to) { calls = 0; first = from; last = to; }
long shortage_calls(void) { return calls; }
static int fails(void *caller)
{
    uintptr_t at = (uintptr_t)caller;
    return at >= low && at < high && first >= 0 && ++calls >= first && calls <= last;
}
#define CALLER __builtin_return_address(0)
void *malloc(size_t n) { return fails(CALLER) ? NULL : __libc_malloc(n); }
void *calloc(size_t n, size_t size) { return fails(CALLER) ? NULL : __libc_calloc(n, size); }
void *realloc(void *p, size_t n) { return fails(CALLER) ? NULL : __libc_realloc(p, n); }
"""
NEVER = 1 << 40


def main() -> int:
    every = sys.argv[1] if len(sys.argv) > 1 else "1"
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder, "shortage.c"), Path(folder, "shortage.so")
        source.write_text(LIBRARY)
        subprocess.check_call(["cc", "-O1", "-shared", "-fPIC", "-o", library, source])
        return subprocess.call(
            [sys.executable, __file__, "here", str(library), every],
            env={**os.environ, "LD_PRELOAD": str(library)},
        )


def here(library: ctypes.CDLL, every: int) -> int:
    """All of it, in a process that has the library."""
    library.shortage_of.argtypes = [ctypes.c_size_t, ctypes.c_size_t]
    library.shortage_begin.argtypes = [ctypes.c_long, ctypes.c_long]
    library.shortage_of(*span())
    library.shortage_begin(NEVER, NEVER)
    exercise()
    calls = library.shortage_calls()
    bad = 0
    for first in range(1, calls + 1, every):
        for last in (first, NEVER):
            if told := fate(library, first, last):
                print(f"calls {first} to {last}: {told}", file=sys.stderr)
                bad += 1
    print(f"{calls} calls, every {every}: {bad} ended badly")
    return 1 if bad or not calls else 0


def span() -> tuple[int, int]:
    """The addresses of the extension's code."""
    from reftrack import _reftrack

    lines = Path("/proc/self/maps").read_text().splitlines()
    parts = [line.split()[0].split("-") for line in lines if line.endswith(_reftrack.__file__)]
    return min(int(part[0], 16) for part in parts), max(int(part[1], 16) for part in parts)


def fate(library: ctypes.CDLL, first: int, last: int) -> str:
    """What went wrong in a fork in which those calls fail; "" for nothing."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(survives(library, first, last))
        finally:
            os._exit(3)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return {0: "", 2: "it does not work once there is memory again"}.get(status, f"status {status}")


def survives(library: ctypes.CDLL, first: int, last: int) -> int:
    faulthandler.enable()
    library.shortage_begin(first, last)
    threading.excepthook = lambda _: None  # a thread of the exercise may get no memory, too
    with contextlib.suppress(Exception):  # MemoryError, or an assertion about what was not found
        exercise()
    library.shortage_begin(NEVER, NEVER)
    try:
        exercise()
    except Exception:
        traceback.print_exc()
        return 2
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["here"]:
        sys.exit(here(ctypes.CDLL(sys.argv[2]), int(sys.argv[3])))
    sys.exit(main())
