"""Small suites that keep memory in every usual way: reftrack says which test, how much, and where.

The head of each file in `cases/` says what is true of it, a line per scope:

    # LEAK kind id bytes=N line=MARK holder=NAME    MARK is the comment on the allocating line,
                                                     NAME begins the holder's, or "A or B" do; both
                                                     may be empty
    # CLEAN kind id                                  nothing of the scope stays
    # VERDICT verdict NAME                           the verdict on that holder
    # KIND kind NAME                                 its kind
    # ALONE NAME                                     it is one holder, and holds it alone
    # XFAIL reason                                   not so yet

A line `# FIX text | code` in the suite stands for its cure: the report suggests `text`, and with
`code` in that place nothing stays.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from _pytest.mark import ParameterSet

from reftrack.model import Holder, Report, Scope
from support import reftrack

CASES = sorted((Path(__file__).parent / "cases").glob("*.py"))
CLEAN_BYTES = 20_000
"""What a clean test may leave behind: a warm-up, the runner's own book-keeping."""

QUICK_UNDER_TRACEMALLOC = {"class_attribute", "kept_results", "module_cache", "registries"}
FRAMES = "8"
"""More than any case's own calls are deep."""

COMMANDS = {
    "unittest": ("-m", "unittest"),
    "pytest": (
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:hypothesispytest",
        "--rootdir",
        ".",
    ),
}
_LEAK = re.compile(r"# LEAK (\w+) (.+) bytes=(\d+) line=(\w*) holder=(.*)")
_FIX = re.compile(r"# FIX ([^|]+)(?:\| (.*))?$")


class Leak(NamedTuple):
    kind: str
    id: str
    bytes: int
    line: int | None
    holders: tuple[str, ...]  # the beginnings of names of which its holder has one


class Case:
    """What a file's head says, with the ids as its runner writes them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = path.read_text().splitlines()
        self.runner = self._told("RUN")[0]
        self.needs = self._told("NEEDS")
        self.alone = self._told("ALONE")
        self.not_yet = self._told("XFAIL")
        self.verdicts = [tuple(told.split(" ", 1)) for told in self._told("VERDICT")]
        self.kinds = [tuple(told.split(" ", 1)) for told in self._told("KIND")]
        self.fixes = [found[1].strip() for found in map(_FIX.search, self.lines) if found]
        self.leaks = [
            self._leak(*found.groups()) for found in map(_LEAK.match, self.lines) if found
        ]
        self.clean = [tuple(told.split(" ", 1)) for told in self._told("CLEAN")]
        self.command = (
            *COMMANDS[self.runner],
            path.name if self.runner == "pytest" else path.stem,
        )

    def _told(self, word: str) -> list[str]:
        return [line.split(" ", 2)[-1] for line in self.lines if line.startswith(f"# {word} ")]

    def _leak(self, kind: str, id: str, size: str, mark: str, holder: str) -> Leak:
        marked = [k for k, text in enumerate(self.lines, 1) if text.endswith(f"  # {mark}")]
        line = marked[0] if mark else None
        return Leak(kind, self.full_id(kind, id), int(size), line, tuple(holder.split(" or ")))

    def full_id(self, kind: str, id: str) -> str:
        if kind in ("fixture", "import", "module"):
            return id
        if self.runner == "pytest" and kind == "test":
            return f"{self.path.name}::{id}"
        return f"{self.path.stem}.{id}"


def report_of(case: Case, folder: Path, backend: str) -> Report:
    shutil.copy(case.path, folder)
    json = folder / "out.json"
    options = ("--no-report", "--backend", backend, "--frames", FRAMES, "--json", json)
    done = reftrack("run", *options, *case.command, cwd=folder)
    assert json.exists(), done.stderr
    report = msgspec.json.decode(json.read_bytes(), type=Report)
    assert report.complete
    assert report.run.backend == backend
    assert not [note for note in report.run.notes if "fault of reftrack" in note]
    return report


def scope_of(report: Report, kind: str, id: str) -> Scope:
    """The first of that name: of a class, the one in which it was set up."""
    return next(scope for scope in report.scopes if (scope.scope, scope.id) == (kind, id))


def charged_to(holder: Holder, leak: Leak) -> int:
    return sum(c.bytes for c in holder.charged if (c.scope, c.id) == (leak.kind, leak.id))


def keeper(report: Report, leak: Leak) -> Holder:
    return max(report.holders, key=lambda holder: charged_to(holder, leak))


def named(report: Report, case: Case, beginnings: str) -> list[Holder]:
    """The holders of that name, or of one of those names; what the case leaks, if they have any."""
    names = tuple(beginnings.split(" or "))
    keepers = [keeper(report, leak) for leak in case.leaks]
    found = [holder for holder in keepers if holder.name.startswith(names)]
    return found or [holder for holder in report.holders if holder.name.startswith(names)]


def user_lines(holder: Holder, case: Case) -> list[int]:
    """The innermost lines in the case's own file, most bytes first."""
    found: list[int] = []
    for allocation in sorted(holder.allocations, key=lambda allocation: -allocation.bytes):
        own = [f.line for f in allocation.traceback if Path(f.file).name == case.path.name]
        found += own[-1:]
    return found


def runs() -> Iterator[ParameterSet]:
    """Each case under each backend. tracemalloc takes its time, even without reftrack: most of its
    runs are slow tests."""
    for path in CASES:
        yield pytest.param(path, "native", id=f"{path.stem}-native")
        marks = [] if path.stem in QUICK_UNDER_TRACEMALLOC else [pytest.mark.slow]
        yield pytest.param(path, "tracemalloc", id=f"{path.stem}-tracemalloc", marks=marks)


@pytest.mark.parametrize(("path", "backend"), list(runs()))
def test_case(path: Path, backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    case = Case(path)
    for reason in case.not_yet:
        request.applymarker(pytest.mark.xfail(reason=reason))
    for name in case.needs:
        pytest.importorskip(name)
    report = report_of(case, tmp_path, backend)

    for leak in case.leaks:
        if leak.kind != "import":
            scope = scope_of(report, leak.kind, leak.id)
            assert scope.survived_bytes == pytest.approx(leak.bytes, rel=0.05), leak
        holder = keeper(report, leak)
        assert charged_to(holder, leak) == pytest.approx(leak.bytes, rel=0.05), leak
        if leak.line is not None:
            assert leak.line in user_lines(holder, case)[: len(case.leaks)], leak
        assert holder.name.startswith(leak.holders), leak
        assert max(holder.retained_bytes, holder.together_bytes) >= 0.95 * leak.bytes
        if holder.proved_bytes is not None:
            foretold = holder.together_bytes or holder.retained_bytes
            assert holder.proved_bytes == pytest.approx(foretold, rel=0.02), leak
    for kind, id in case.clean:
        scope = scope_of(report, kind, case.full_id(kind, id))
        assert scope.survived_bytes < CLEAN_BYTES, scope
    for verdict, name in case.verdicts:
        expected = {other for other, of in case.verdicts if of == name}
        assert {h.verdict for h in named(report, case, name)} == expected, (verdict, name)
    for kind, name in case.kinds:
        assert {h.kind for h in named(report, case, name)} == {kind}, name
    for name in case.alone:
        assert [h.together for h in report.holders if h.name.startswith(name)] == [[]], name
    for text in case.fixes:
        assert any(text in holder.fix for holder in report.holders), text
    growing = {h.name for h in report.holders if h.verdict == "growing"}
    assert all(any(name.startswith(leak.holders) for leak in case.leaks) for name in growing)
    is_told = not any("unexplained" in told for told in case.verdicts)
    if report.totals.survived_bytes > CLEAN_BYTES and case.leaks and is_told:
        assert report.totals.explained_bytes >= 0.95 * report.totals.survived_bytes


@pytest.mark.once
@pytest.mark.parametrize("path", [p for p in CASES if Case(p).fixes], ids=lambda path: path.stem)
def test_the_suggested_fix_cures_it(path: Path, tmp_path: Path) -> None:
    case = Case(path)
    for name in case.needs:
        pytest.importorskip(name)
    cured = [_FIX.sub(lambda found: found[2] or found[1], line) for line in case.lines]
    (tmp_path / "source").mkdir()
    copy = tmp_path / "source" / path.name
    copy.write_text("\n".join(cured) + "\n")

    report = report_of(Case(copy), tmp_path, "native")

    for leak in case.leaks:
        if leak.kind != "import":
            scope = scope_of(report, leak.kind, leak.id)
            assert scope.survived_bytes < CLEAN_BYTES, leak
    assert not [holder.name for holder in report.holders if holder.verdict == "growing"]


def test_there_is_a_case_for_every_kind_of_runner_and_a_clean_one_of_each() -> None:
    cases = [Case(path) for path in CASES]
    assert len(cases) >= 20
    for runner in COMMANDS:
        assert any(case.runner == runner and not case.leaks for case in cases)
        assert any(case.runner == runner and case.leaks for case in cases)
