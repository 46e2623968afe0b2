"""What overhead.py runs, and under which tools."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from rows import note

HERE = Path(__file__).resolve().parent
MICRO_PROGRAMS = ("trees", "churn", "json", "integers")
STDLIB_TESTS = (
    *("argparse", "array", "collections", "configparser", "copy", "csv", "dataclasses", "deque"),
    *("dict", "difflib", "email", "enum", "fractions", "functools", "heapq", "ipaddress", "json"),
    *("list", "minidom", "optparse", "ordered_dict", "pprint", "random", "sax", "set"),
    *("statistics", "textwrap", "typing", "xml_etree"),
)
"""Several thousand tests that start few processes and sleep little."""


class Tool(NamedTuple):
    """`options` go between the interpreter and the program, `arguments` behind it; `needs` is a
    module to be installed. Some work with `only` one workload."""

    name: str
    options: tuple[str, ...]
    needs: str | None = None
    arguments: tuple[str, ...] = ()
    only: str | None = None
    frames: int | None = None  # of reftrack


class Workload(NamedTuple):
    """`program` is what follows `python` on a command line, run in `directory` if there is one.

    A run counts if its output has a match for each of `closing`, the same under each tool: the
    exit status alone would take a tool's own failure for that of a suite that ends red.
    """

    name: str
    program: tuple[str, ...]
    closing: tuple[str, ...]
    directory: Path | None = None
    is_suite: bool = True
    environment: tuple[tuple[str, str], ...] = ()


# ---- tools ----

PLAIN = Tool("plain", ())
MEMRAY = ("-m", "memray", "run", "--quiet", "--output", "{scratch}/memray.bin")
LEDGER = Tool("ledger", (str(HERE / "ledger.py"), "{scratch}/ledger.json", "run"))
"""reftrack's run with a note of what the ledger takes; it is not measured."""

NOT_BY_DEFAULT = ("pytest-memray",)


def tools(frames: Iterable[int]) -> list[Tool]:
    """All but the plain run. reftrack writes its record and its report, as it does by default."""
    frames = list(frames)
    return [
        *(
            Tool(f"reftrack-{n}", ("-m", "reftrack", "run", "--frames", str(n)), frames=n)
            for n in frames
        ),
        *(Tool(f"tracemalloc-{n}", ("-X", f"tracemalloc={n}")) for n in sorted(frames)),
        Tool("memray", MEMRAY, "memray"),
        Tool("memray-python", (*MEMRAY, "--trace-python-allocators"), "memray"),
        Tool("pytest-memray", (), "pytest_memray", ("--memray",), only="networkx"),
    ]


def installed(tool: Tool) -> bool:
    if tool.needs is None or find_spec(tool.needs) is not None:
        return True
    note(f"{tool.name}: skipped, needs: pip install {tool.needs.replace('_', '-')}")
    return False


# ---- workloads ----


PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider")
PASSED = (r".*\d+ passed.*(?= in )",)


def networkx() -> Iterator[Workload]:
    """networkx's own tests, as installed."""
    spec = find_spec("networkx")
    if spec is None or not spec.submodule_search_locations or find_spec("pytest") is None:
        note("networkx: skipped, needs: pip install 'networkx[default]' pytest")
        return
    package = spec.submodule_search_locations[0]
    yield Workload("networkx", (*PYTEST, package), PASSED)


def tiny() -> Iterator[Workload]:
    if find_spec("pytest") is None:
        note("tiny: skipped, needs: pip install pytest")
        return
    yield Workload("tiny", (*PYTEST, str(HERE / "tiny.py")), PASSED)


UNITTEST = (r"Ran \d+ tests", r"(?:OK|FAILED)\b.*")


def stdlib() -> Iterator[Workload]:
    names = [f"test.test_{name}" for name in STDLIB_TESTS]
    if find_spec("test") is None or any(find_spec(name) is None for name in names):
        note("stdlib: skipped, this Python comes without its own tests")
        return
    yield Workload("stdlib", ("-m", "unittest", "-q", *names), UNITTEST)


def django() -> Iterator[Workload]:
    """The project's own example, which ends red by design, and more of its tests."""
    if find_spec("django") is None:
        note("django: skipped, needs: pip install 'django>=5.2,<5.3'")
        return
    example = HERE.parent / "examples" / "django_users"
    program = ("manage.py", "test", "users_app", "django_scaled")
    path = os.pathsep.join(filter(None, (str(HERE), os.environ.get("PYTHONPATH"))))
    yield Workload("django", program, UNITTEST, example, environment=(("PYTHONPATH", path),))


def micro() -> Iterator[Workload]:
    for name in MICRO_PROGRAMS:
        program = (str(HERE / "micro.py"), name)
        yield Workload(f"micro-{name}", program, (f"{name}: done",), is_suite=False)


WORKLOADS: dict[str, Callable[[], Iterator[Workload]]] = {
    "networkx": networkx,
    "stdlib": stdlib,
    "django": django,
    "tiny": tiny,
    "micro": micro,
}
