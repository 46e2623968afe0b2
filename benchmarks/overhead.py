"""What a tool costs while a program runs: user CPU time and peak memory, beside a plain run.

Every round runs each workload once under each tool, in turn, so that a machine that grows slower
meanwhile slows all of them; a ratio is taken within its round. Nothing runs beside a measured run.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
MICRO_PROGRAMS = ("trees", "churn", "json", "integers")
STDLIB_TESTS = ("argparse", "collections", "dataclasses", "statistics", "textwrap", "json")


class Tool(NamedTuple):
    """`options` go between the interpreter and the program, `needs` is a module to be installed."""

    name: str
    options: tuple[str, ...]
    needs: str | None = None


class Workload(NamedTuple):
    """`program` is what follows `python` on a command line, run in `directory` if there is one.

    A run counts if its output has a line that matches `closing`, the same under each tool: the
    exit status alone would take a tool's own failure for that of a suite that ends red.
    """

    name: str
    program: tuple[str, ...]
    closing: str
    directory: Path | None = None


class Usage(NamedTuple):
    cpu_seconds: float
    peak_bytes: int
    outcome: str


MEMRAY = ("-m", "memray", "run", "--quiet", "--output", "{scratch}/memray.bin")

TOOLS = (
    Tool("plain", ()),
    Tool("reftrack-16", ("-m", "reftrack", "run", "--no-report", "--frames", "16"), "reftrack"),
    Tool("reftrack-1", ("-m", "reftrack", "run", "--no-report", "--frames", "1"), "reftrack"),
    Tool("tracemalloc-1", ("-X", "tracemalloc=1")),
    Tool("tracemalloc-16", ("-X", "tracemalloc=16")),
    Tool("memray", MEMRAY, "memray"),
    Tool("memray-python", (*MEMRAY, "--trace-python-allocators"), "memray"),
)


def networkx() -> Iterator[Workload]:
    """networkx's own tests of its algorithms and classes, about 3,000, as installed."""
    spec = find_spec("networkx")
    if spec is None or not spec.submodule_search_locations or find_spec("pytest") is None:
        print("networkx: skipped, needs: pip install 'networkx[default]' pytest", file=sys.stderr)
        return
    package = Path(spec.submodule_search_locations[0])
    folders = (str(package / "algorithms"), str(package / "classes"))
    options = ("-q", "-p", "no:cacheprovider")
    yield Workload("networkx", ("-m", "pytest", *options, *folders), r".*\d+ passed.*(?= in )")


def stdlib() -> Iterator[Workload]:
    """Tests of the standard library that start few processes and sleep little."""
    names = [f"test.test_{name}" for name in STDLIB_TESTS]
    if find_spec("test") is None or any(find_spec(name) is None for name in names):
        print("stdlib: skipped, this Python comes without its own tests", file=sys.stderr)
        return
    yield Workload("stdlib", ("-m", "unittest", "-q", *names), r"Ran \d+ tests")


def django() -> Iterator[Workload]:
    """The project's own example; it ends red by design."""
    if find_spec("django") is None:
        print("django: skipped, needs: pip install 'django>=5.2,<5.3'", file=sys.stderr)
        return
    example = HERE.parent / "examples" / "django_users"
    yield Workload("django", ("manage.py", "test"), r"Ran \d+ tests", example)


def micro() -> Iterator[Workload]:
    for name in MICRO_PROGRAMS:
        yield Workload(f"micro-{name}", (str(HERE / "micro.py"), name), f"{name}: done")


WORKLOADS: dict[str, Callable[[], Iterator[Workload]]] = {
    "networkx": networkx,
    "stdlib": stdlib,
    "django": django,
    "micro": micro,
}


def installed(tool: Tool) -> bool:
    if tool.needs is None or find_spec(tool.needs) is not None:
        return True
    print(f"{tool.name}: skipped, needs: pip install {tool.needs}", file=sys.stderr)
    return False


def run(tool: Tool, workload: Workload) -> Usage:
    """Run a workload under a tool; what it used includes the processes that it waited for.

    The kernel starts a child's peak at its parent's size: this script stays small for that reason.
    """
    scratch = tempfile.mkdtemp(prefix="overhead-")
    options = [word.format(scratch=scratch) for word in tool.options]
    environment = {
        **os.environ,
        "PYTHONHASHSEED": "0",
        "REFTRACK_DIR": os.path.join(scratch, "records"),
    }
    try:
        with open(os.path.join(scratch, "output"), "w+", errors="replace") as output:
            process = subprocess.Popen(
                [sys.executable, *options, *workload.program],
                cwd=workload.directory or scratch,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            output.seek(0)
            text = output.read()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    closing = re.search(f"^{workload.closing}", text, re.MULTILINE)
    if closing is None:
        sys.exit(f"\n{workload.name} failed under {tool.name}; its output ends:\n{text[-2000:]}")
    outcome = f"{closing.group()}, exit status {process.returncode}"
    return Usage(usage.ru_utime, usage.ru_maxrss * 1024, outcome)


def measure(workload: Workload, tools: list[Tool], rounds: int) -> dict[str, list[Usage]]:
    run(tools[0], workload)  # not counted: it compiles modules and fills the disk's cache
    usages: dict[str, list[Usage]] = {tool.name: [] for tool in tools}
    for number in range(1, rounds + 1):
        for tool in tools:
            progress(f"{workload.name}, round {number} of {rounds}: {tool.name}")
            usages[tool.name].append(run(tool, workload))
    progress("")
    return usages


def progress(line: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):6.2f} ({min(values):.2f} .. {max(values):.2f})"


def table(workload: Workload, usages: dict[str, list[Usage]]) -> None:
    """Print medians of the ratios to the plain run of the same round, with their range."""
    plain = usages["plain"]
    seconds = statistics.median(usage.cpu_seconds for usage in plain)
    peak = statistics.median(usage.peak_bytes for usage in plain) / 2**20
    print(f"\n{workload.name}: plain run {seconds:.2f} s user CPU, {peak:.0f} MiB peak")
    print(f"  {'tool':<16}{'user CPU, x plain':<26}peak memory, x plain")
    expected = {usage.outcome for usage in plain}
    print(f"  {', '.join(sorted(expected))}")
    for name, runs in usages.items():
        pairs = list(zip(runs, plain, strict=True))
        cpu = spread([mine.cpu_seconds / theirs.cpu_seconds for mine, theirs in pairs])
        memory = spread([mine.peak_bytes / theirs.peak_bytes for mine, theirs in pairs])
        print(f"  {name:<16}{cpu:<26}{memory}")
        for outcome in sorted({usage.outcome for usage in runs} - expected):
            print(f"    ended otherwise than the plain run: {outcome}")
    print(end="", flush=True)


def main() -> None:
    names = [tool.name for tool in TOOLS[1:]]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5, help="runs of each (default: %(default)s)")
    parser.add_argument(
        "--workload",
        action="append",
        choices=WORKLOADS,
        help="may be given several times (default: all)",
    )
    parser.add_argument(
        "--tool",
        action="append",
        choices=names,
        help="may be given several times; the plain run is always there (default: all)",
    )
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error("--rounds: at least 1")
    chosen = arguments.tool or names
    tools = [TOOLS[0], *(tool for tool in TOOLS[1:] if tool.name in chosen and installed(tool))]
    for name in arguments.workload or WORKLOADS:
        for workload in WORKLOADS[name]():
            table(workload, measure(workload, tools, arguments.rounds))


if __name__ == "__main__":
    main()
