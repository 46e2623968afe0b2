"""The layers: every module imports from the rows above its own, and the package itself is light."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import reftrack
import support

PACKAGE = Path(reftrack.__file__).parent

# Rows from top to bottom; the modules of one row do not know each other. What one layer needs
# several modules for, such as naming holders, is a chain and has a row each.
LAYERS = [
    ["errors", "dependencies", "invitation", "untouched", "_reftrack"],
    ["sizes"],
    ["model", "config"],
    ["tracing", "owners", "descriptors", "repeats", "ignoring", "lasting", "documents", "windows"],
    [
        "heap",
        "guard",
        "silence",
        "process",
        "collector",
        "progress",
        "sources",
        "outlet",
        "standalone",
        "mentions",
        "timers",
    ],
    ["naming"],
    ["rules", "traits", "bindings"],
    ["titles", "finding", "remedies", "situation", "shapes", "namesakes"],
    ["reaching", "cutting"],
    ["choosing"],
    ["attributes", "verdicts", "cuts", "allocations", "inside", "restoring"],
    ["fixes", "grouping"],
    ["nesting"],
    ["describing"],
    ["retention"],
    ["proof", "release"],
    ["unittest", "pytest", "holding", "readers", "referrers", "weighing"],
    ["curing"],
    ["journal", "looking", "budget", "limits"],
    ["merging", "present"],
    ["records", "repetition", "differences", "scopes"],
    ["looks"],
    ["session", "combining"],
    ["joining", "windowed"],
    ["reporters", "tracking"],
    ["gates", "judging", "signals"],
    ["runners", "asking", "runs"],
    ["launch", "startup", "verbs"],
    ["cli"],
    ["__main__"],
]
PUBLIC = set(reftrack.__all__)
ROW = {module: row for row, modules in enumerate(LAYERS) for module in modules}

# What a process that only loads the plugin is to be spared.
HEAVY = ("msgspec", "rich", "reftrack.session", "reftrack._reftrack", "reftrack.model")


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def home(path: Path) -> str:
    """The module of the layer table that a file belongs to; "" is the package's own __init__."""
    first = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "" if first == "__init__" else first


def imported(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Modules of reftrack that are imported anywhere in a tree, lazily or not, with the line.

    The package's own attributes, such as its version, are no module of any layer.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports within reftrack are absolute"
            if node.module == "reftrack":
                names = [f"reftrack.{alias.name}" for alias in node.names]
            else:
                names = [node.module or ""]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            package, _, rest = name.partition(".")
            if package == "reftrack" and rest not in ("", *PUBLIC):
                yield rest.partition(".")[0], node.lineno


def violations(path: Path, source: str) -> list[str]:
    own = home(path)
    assert own in ROW, f"{own} has no row in the table of layers"
    row = ROW[own]
    return [
        f"{path.name}:{line}: {own} imports {module}"
        for module, line in imported(ast.parse(source))
        if not (ROW[module] < row or (module == own and path.parent != PACKAGE))
    ]


@pytest.mark.parametrize(
    "path", [path for path in modules() if home(path)], ids=lambda p: str(p.relative_to(PACKAGE))
)
def test_module_imports_from_the_rows_above_only(path: Path) -> None:
    assert violations(path, path.read_text()) == []


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("model.py", "from reftrack.config import Options"),
        ("model.py", "from reftrack import config"),
        ("heap.py", "def f():\n    import reftrack.session"),
        ("journal.py", "import os, reftrack.reporters.json"),
        ("reporters/json.py", "from reftrack.runners import pytest_plugin"),
    ],
)
def test_import_from_below_or_beside_is_found(file: str, source: str) -> None:
    assert len(violations(PACKAGE / file, source)) == 1


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("session.py", "from reftrack.journal import Journal\nfrom reftrack import __version__"),
        ("reporters/html.py", "from reftrack.reporters.terminal import build"),
    ],
)
def test_import_from_above_or_within_a_package_is_right(file: str, source: str) -> None:
    assert violations(PACKAGE / file, source) == []


@pytest.mark.parametrize("module", ["reftrack", "reftrack.runners.pytest_plugin"])
def test_import_is_light(module: str) -> None:
    """pytest, which the plugin needs, is there already where the plugin is loaded."""
    program = (
        f"import sys, pytest; before = set(sys.modules)\nimport {module}\n"
        "print('\\n'.join(set(sys.modules) - before))"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", program],
        env=support.environment(PACKAGE),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert module in loaded
    assert [name for name in loaded if name.startswith(HEAVY)] == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("sys.version_info = (3, 10, 9)", "supports CPython 3.11 to 3.15; this is 3.10"),
        ("sys.version_info = (3, 16, 0)", "supports CPython 3.11 to 3.15; this is 3.16"),
        ("sys.implementation.name = 'pypy'", "does not work under pypy"),
        ("sys.abiflags = 't'", "does not support free-threaded builds"),
    ],
)
def test_other_pythons_are_refused_by_name(change: str, words: str) -> None:
    result = subprocess.run(
        [sys.executable, "-c", f"import sys; {change}; import reftrack"],
        env=support.environment(PACKAGE),
        capture_output=True,
        text=True,
    )

    assert result.returncode == 1
    assert words in result.stderr.splitlines()[-1]
    assert result.stderr.splitlines()[-1].startswith("ImportError: reftrack")


def test_package_hands_out_what_it_exports() -> None:
    from reftrack import model, records, session

    assert reftrack.load is records.load
    assert reftrack.Report is model.Report
    assert reftrack.current is session.current
    assert {"Report", "current", "load"} < set(dir(reftrack))
    with pytest.raises(AttributeError, match="module 'reftrack' has no attribute 'nothing'"):
        reftrack.nothing  # noqa: B018 - the look-up is what is tested
