"""What a tool costs while a program runs: user CPU time and peak memory, beside a plain run.

Every round runs each workload once under each tool, in turn, so that a machine that grows slower
meanwhile slows all of them; a ratio is taken within its round. Nothing runs beside a measured run.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import bars
from rows import Table, beside, note, progress, spread
from workloads import LEDGER, NOT_BY_DEFAULT, PLAIN, WORKLOADS, Tool, Workload, installed, tools

AT_LEAST_SECONDS = 60
"""A run under a tool may take so long, however short the plain one is."""


class Usage(NamedTuple):
    cpu_seconds: float
    peak_bytes: int
    outcome: str


class TookTooLong(Exception):
    pass


def run(tool: Tool, workload: Workload, scratch: str, seconds: float = float("inf")) -> Usage:
    """Run a workload under a tool; what it used includes the processes that it waited for.

    The kernel starts a child's peak at its parent's size: this script stays small for that reason.
    """
    options = [word.format(scratch=scratch) for word in tool.options]
    environment = {
        **os.environ,
        **dict(workload.environment),
        "PYTHONHASHSEED": "0",
        "REFTRACK_DIR": os.path.join(scratch, "records"),
    }
    with open(os.path.join(scratch, "output"), "w+", errors="replace") as output:
        process = subprocess.Popen(
            [sys.executable, *options, *workload.program, *tool.arguments],
            cwd=workload.directory or scratch,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        status, cpu_seconds, peak = wait(process, seconds)
        output.seek(0)
        text = output.read()
    found = [re.search(f"^{line}", text, re.MULTILINE) for line in workload.closing]
    lines = [match.group() for match in found if match is not None]
    if len(lines) < len(found):
        sys.exit(f"\n{workload.name} failed under {tool.name}; its output ends:\n{text[-2000:]}")
    return Usage(cpu_seconds, peak, ", ".join([*lines, f"exit status {status}"]))


def wait(process: subprocess.Popen[bytes], seconds: float) -> tuple[int, float, int]:
    """A process's status, seconds of user CPU and peak memory, with those that it waited for."""
    until = time.monotonic() + seconds
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        if time.monotonic() > until:
            process.kill()
            process.wait()
            raise TookTooLong
        time.sleep(0.02)
    process.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024
    return process.returncode, usage.ru_utime, usage.ru_maxrss * unit


def run_once(tool: Tool, workload: Workload, seconds: float = float("inf")) -> Usage:
    scratch = tempfile.mkdtemp(prefix="overhead-")
    try:
        return run(tool, workload, scratch, seconds)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def measure(
    workload: Workload, chosen: list[Tool], rounds: int, limit: float
) -> dict[Tool, list[Usage]]:
    """Runs by tool. One that has taken `limit` times as long as a plain run is not run again."""
    progress(f"{workload.name}: a run that does not count")
    run_once(PLAIN, workload)  # it compiles modules and fills the disk's cache
    usages: dict[Tool, list[Usage]] = {tool: [] for tool in chosen}
    allowed = float("inf")
    for number in range(1, rounds + 1):
        for tool in [*usages]:
            progress(f"{workload.name}, round {number} of {rounds}: {tool.name}")
            started = time.monotonic()
            try:
                usages[tool].append(run_once(tool, workload, allowed))
            except TookTooLong:
                note(f"{workload.name}: {tool.name} was stopped after {allowed:.0f} s")
                del usages[tool]
            if tool is PLAIN and number == 1:
                allowed = max(AT_LEAST_SECONDS, limit * (time.monotonic() - started))
    return usages


def rows(table: Table, workload: Workload, usages: dict[Tool, list[Usage]]) -> None:
    """Medians of the ratios to the plain run of the same round, with their range."""
    plain = usages[PLAIN]
    seconds = statistics.median(usage.cpu_seconds for usage in plain)
    peak = statistics.median(usage.peak_bytes for usage in plain) / 2**20
    expected = {usage.outcome for usage in plain}
    outcome = "; ".join(sorted(expected))
    table.row(workload.name, PLAIN.name, f"{seconds:.2f} s", "", f"{peak:.0f} MiB", "", outcome)
    for tool, runs in usages.items():
        if tool is PLAIN:
            continue
        pairs = list(zip(runs, plain, strict=True))
        cpu = spread([mine.cpu_seconds / theirs.cpu_seconds for mine, theirs in pairs])
        memory = spread([mine.peak_bytes / theirs.peak_bytes for mine, theirs in pairs])
        others = {usage.outcome for usage in runs} - expected
        outcome = f"OTHER: {'; '.join(sorted(others))}" if others else "as plain"
        cpu_bar, memory_bar = bars_of(tool, workload)
        table.row("", tool.name, cpu, beside(cpu_bar), memory, beside(memory_bar), outcome)


def bars_of(tool: Tool, workload: Workload) -> tuple[float | None, float | None]:
    if tool.frames is None:
        return None, None
    if workload.is_suite:
        return bars.CPU_OF_SUITES.get(tool.frames), bars.PEAK_OF_SUITES
    return bars.CPU_OF_MICRO.get(tool.frames), None


def ledgers(suites: Iterable[Workload], frames: int, *, markdown: bool) -> None:
    """What the ledger takes per live block at the end of each suite's run, in all and by what."""
    table: Table | None = None
    for workload in suites:
        progress(f"{workload.name}: the ledger's memory")
        memory = ledger_of(workload, frames)
        if memory is None:
            note(f"{workload.name}: no look at the heap, so nothing is known of the ledger")
            continue
        blocks = memory["blocks"]
        entries, stacks = memory["entry_bytes"], memory["stack_bytes"]
        parts = (memory["bytes"], entries, stacks, memory["bytes"] - entries - stacks)
        table = table or Table(LEDGER_COLUMNS, markdown=markdown)
        table.row(
            workload.name,
            f"{blocks:,}",
            *(f"{part / blocks:.1f}" for part in parts),
            f"{bars.LEDGER_PER_BLOCK}",
            f"{memory['stacks']:,}",
        )


def ledger_of(workload: Workload, frames: int) -> dict[str, int] | None:
    """At the last look of the process that has most blocks."""
    tool = LEDGER._replace(options=(*LEDGER.options, "--no-report", "--frames", str(frames)))
    scratch = tempfile.mkdtemp(prefix="overhead-")
    try:
        run(tool, workload, scratch)
        looks = Path(scratch, "ledger.json").read_text().splitlines()
    except FileNotFoundError:
        return None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    found: dict[str, int] = max(map(json.loads, looks), key=lambda memory: memory["blocks"])
    return found


COLUMNS = (
    ("workload", 14),
    ("tool", 14),
    ("user CPU, x plain", 22),
    ("bar", -4),
    ("peak memory, x plain", 22),
    ("bar", -4),
    ("outcome", 0),
)
LEDGER_COLUMNS = (
    ("suite", 14),
    ("live blocks", -11),
    ("ledger, B per block", -19),
    ("entries", -7),
    ("stacks", -6),
    ("growths", -7),
    ("bar", -3),
    ("stack nodes", -11),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5, help="runs of each (default: %(default)s)")
    parser.add_argument(
        "--frames",
        type=int,
        nargs="+",
        default=[16, 1],
        metavar="N",
        help="frames that reftrack and tracemalloc keep (default: 16 1)",
    )
    parser.add_argument(
        "--workload",
        action="append",
        choices=WORKLOADS,
        help="may be given several times (default: all)",
    )
    parser.add_argument(
        "--tool",
        action="append",
        metavar="NAME",
        help="reftrack-N, tracemalloc-N (with one of --frames), memray, memray-python or "
        "pytest-memray; may be given several times; the plain run is always there "
        "(default: all but pytest-memray)",
    )
    parser.add_argument(
        "--limit",
        type=float,
        default=40,
        metavar="X",
        help="stop a run that takes so many times as long as plain (default: %(default)s)",
    )
    parser.add_argument("--no-ledger", action="store_true", help="leave out the ledger's memory")
    parser.add_argument("--markdown", action="store_true", help="print Markdown tables")
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error("--rounds: at least 1")
    known = tools(arguments.frames)
    names = [tool.name for tool in known]
    wanted = arguments.tool or [name for name in names if name not in NOT_BY_DEFAULT]
    if unknown := sorted({*wanted} - {*names}):
        parser.error(f"--tool: no {', '.join(unknown)}; there are {', '.join(names)}")
    chosen = [PLAIN, *(tool for tool in known if tool.name in wanted and installed(tool))]
    started = time.monotonic()
    table = Table(COLUMNS, markdown=arguments.markdown)
    suites = []
    for name in arguments.workload or WORKLOADS:
        for workload in WORKLOADS[name]():
            mine = [tool for tool in chosen if tool.only in (None, workload.name)]
            rows(table, workload, measure(workload, mine, arguments.rounds, arguments.limit))
            if workload.is_suite:
                suites.append(workload)
    if not arguments.no_ledger:
        ledgers(suites, max(arguments.frames), markdown=arguments.markdown)
    note(f"took {(time.monotonic() - started) / 60:.1f} minutes")


if __name__ == "__main__":
    main()
