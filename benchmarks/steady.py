"""reftrack's own memory while a real suite runs again and again in one process, beside a plain run.

Tests of the standard library are run in a loop for some minutes, under reftrack and without it at
the same time. Of each round both processes tell how many bytes they have in RAM; the one under
reftrack tells too what its tables take. What a process takes once only it has after the first
rounds: from there to the end is the growth.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from typing import IO, TypedDict

PAGE = os.sysconf("SC_PAGE_SIZE")
MIB = 1 << 20
TESTS = [
    f"test.test_{name}" for name in ("argparse", "collections", "dataclasses", "textwrap", "json")
]
TABLE = "{:>8} {:>9} {:>9} {:>11} {:>9} {:>9} {:>9} {:>9}"


class Round(TypedDict):
    seconds: float
    tests: int
    resident: int
    ledger: dict[str, int]  # empty without reftrack


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=10.0)
    options.add_argument("--lines", type=int, default=12, help="how many rounds are printed")
    options.add_argument("--loop", nargs=2, metavar=("SECONDS", "FILE"), help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.loop:
        loop(float(chosen.loop[0]), Path(chosen.loop[1]))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        plain, watched = Path(folder, "plain"), Path(folder, "watched")
        under = ("-m", "reftrack", "run", "--no-report")
        runs = [start((), plain, chosen.minutes), start(under, watched, chosen.minutes)]
        if sum(abs(run.wait()) for run in runs):
            return 1
        show(rounds_of(plain), rounds_of(watched), chosen.lines)
    return 0


def start(tool: tuple[str, ...], told: Path, minutes: float) -> subprocess.Popen[bytes]:
    command = [sys.executable, *tool, __file__, "--loop", str(60 * minutes), str(told)]
    scratch = told.parent / f"{told.name} scratch"
    scratch.mkdir()
    return subprocess.Popen(
        command, cwd=scratch, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )


def rounds_of(told: Path) -> list[Round]:
    return [json.loads(line) for line in told.read_text().splitlines()]


# ---- in the processes ----


def loop(seconds: float, told: Path) -> None:
    started = time.monotonic()
    tests = 0
    with told.open("w") as file, open(os.devnull, "w") as nowhere:
        while time.monotonic() - started < seconds:
            tests += once(nowhere)
            gc.collect()
            line: Round = {
                "seconds": time.monotonic() - started,
                "tests": tests,
                "resident": resident(),
                "ledger": ledger(),
            }
            print(json.dumps(line), file=file, flush=True)


def once(nowhere: IO[str]) -> int:
    suite = unittest.defaultTestLoader.loadTestsFromNames(TESTS)
    return unittest.TextTestRunner(stream=nowhere, verbosity=0).run(suite).testsRun


def resident() -> int:
    """Bytes in RAM, without files."""
    _, all_pages, of_files = Path("/proc/self/statm").read_text().split()[:3]
    return (int(all_pages) - int(of_files)) * PAGE


def ledger() -> dict[str, int]:
    if "reftrack" not in sys.modules:
        return {}
    from reftrack import _reftrack

    memory = _reftrack.memory()
    return {"bytes": memory["bytes"], "blocks": memory["blocks"], "stacks": memory["stacks"]}


# ---- what they told ----


def show(plain: list[Round], watched: list[Round], lines: int) -> None:
    head = ("seconds", "tests", "RAM MiB", "ledger MiB", "blocks", "stacks", "plain", "more")
    print(TABLE.format(*head))
    for each in [*watched[: -1 : max(1, len(watched) // lines)], watched[-1]]:
        beside = at(plain, each["tests"])
        figures = (
            round(each["seconds"]),
            each["tests"],
            f"{each['resident'] / MIB:.1f}",
            f"{each['ledger'].get('bytes', 0) / MIB:.2f}",
            each["ledger"].get("blocks", 0),
            each["ledger"].get("stacks", 0),
            f"{beside['resident'] / MIB:.1f}",
            f"{(each['resident'] - beside['resident']) / MIB:.1f}",
        )
        print(TABLE.format(*figures))
    first, last = watched[len(watched) // 4], watched[-1]
    tests = max(1, last["tests"] - first["tests"])
    more = [each["resident"] - at(plain, each["tests"])["resident"] for each in (first, last)]
    tables = last["ledger"].get("bytes", 0) - first["ledger"].get("bytes", 0)
    print(f"\n{tests} tests from the first quarter to the end:")
    print(f"  in RAM, beyond a plain run   {(more[1] - more[0]) / tests:+.0f} bytes per test")
    print(f"  of these, the ledger's       {tables / tests:+.0f} bytes per test")


def at(rounds: list[Round], tests: int) -> Round:
    """The round after which so many tests, or a few less, had run."""
    done = [each for each in rounds if each["tests"] <= tests]
    return done[-1] if done else rounds[0]


if __name__ == "__main__":
    sys.exit(main())
