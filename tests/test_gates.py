"""What a run is failed for: what a test leaves behind, and what is new since an earlier run."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import msgspec
import pytest

import support
from reftrack import gates
from reftrack.config import Options
from reftrack.errors import UsageError
from reftrack.model import Allocation, Charge, Frame, Report, Scope
from reports import KIB, MIB, holder, report

LIMIT = Options(fail_over=100 * KIB)


def failures(found: Report, options: Options = LIMIT) -> list[str]:
    return gates.failures(found, options, "/proj")


# What each scope left behind


def test_a_test_over_the_limit_is_named_with_its_holder_and_line() -> None:
    found = report(holder("CACHE", {"m.T.test_1": 200 * KIB, "m.T.test_2": 100 * KIB}))

    assert failures(found) == [
        "m.T.test_1 left 200.0 KiB behind, over the limit of 100.0 KiB: "
        "CACHE, allocated at app.py:7 in fill"
    ]


def test_what_a_test_left_with_several_holders_is_summed_and_the_largest_named() -> None:
    small = holder("SMALL", {"m.T.test_1": 40 * KIB})
    large = holder("LARGE", {"m.T.test_1": 80 * KIB}, allocations=[])

    assert failures(report(small, large)) == [
        "m.T.test_1 left 120.0 KiB behind, over the limit of 100.0 KiB: LARGE has 80.0 KiB of it"
    ]


def test_a_line_that_may_be_another_tests_is_not_told_as_the_only_one() -> None:
    lines = [
        Allocation(size, 1, [Frame("/proj/app.py", line, "fill")])
        for line, size in ((7, 300 * KIB), (9, 100 * KIB))
    ]
    left = {"m.T.test_1": 300 * KIB, "m.T.test_2": 100 * KIB}

    (told,) = failures(report(holder("CACHE", left, allocations=lines)))

    assert told.endswith(": CACHE, allocated at app.py:7 in fill and elsewhere")


def test_of_several_lines_the_tests_own_is_told() -> None:
    lines = [
        Allocation(300 * KIB, 1, [Frame("/proj/test_x.py", 4, "test_1")]),
        Allocation(200 * KIB, 1, [Frame("/proj/test_x.py", 5, f) for f in ("test_2", "fill")]),
    ]
    left = {"m.T.test_1": 300 * KIB, "m.T.test_2": 200 * KIB}

    told = failures(report(holder("CACHE", left, allocations=lines)))

    assert [line.partition("allocated at ")[2] for line in told] == [
        "test_x.py:4 in test_1",
        "test_x.py:5 in fill",
    ]


@pytest.mark.parametrize(
    ("changes", "outcome", "is_judged"),
    [
        ({}, "passed", True),
        ({}, "xpassed", True),
        ({}, None, True),
        ({"verdict": "once"}, "passed", True),
        ({"verdict": "unexplained"}, "passed", True),
        ({"verdict": "runner"}, "passed", False),
        ({"verdict": "collateral"}, "passed", False),
        ({"verdict": "once", "rule": "interned-strings"}, "passed", False),
        ({"ignored": "warm by design"}, "passed", False),
        ({}, "failed", False),
        ({}, "error", False),
        ({}, "skipped", False),
        ({}, "xfailed", False),
    ],
)
def test_judged_is_what_a_passing_test_keeps_itself_and_nobody_has_accepted(
    changes: dict[str, Any], outcome: str | None, is_judged: bool
) -> None:
    kept = holder("CACHE", {"m.T.test_1": MIB}, **changes)

    found = report(kept, scopes=[Scope("m.T.test_1", "test", outcome)])

    assert bool(failures(found)) is is_judged


@pytest.mark.parametrize(
    ("kind", "id", "name"),
    [
        ("class", "m.T", "class m.T left 1.0 MiB"),
        ("module", "m", "module m left 1.0 MiB"),
        ("fixture", "db (session)", "fixture db (session) left 1.0 MiB"),
        ("import", "m", None),
        ("session", "session", None),
    ],
)
def test_classes_modules_and_fixtures_are_judged_as_tests_are(
    kind: Any, id: str, name: str | None
) -> None:
    found = report(holder("CACHE", charged=[Charge(id, kind, MIB, 1)]))

    assert [text.startswith(name or "?") for text in failures(found)] == ([True] if name else [])


def test_what_its_own_tear_down_has_released_since_is_not_left_behind() -> None:
    kept = Scope("m.T", "class", survived_bytes=MIB, torn_down_bytes=MIB)
    found = holder("C", charged=[Charge("m.T", "class", MIB, 1)])

    assert failures(report(found, scopes=[kept])) == []
    kept.torn_down_bytes //= 2
    assert failures(report(found, scopes=[kept])) != []


def test_the_five_worst_are_told_and_the_others_counted() -> None:
    found = report(holder("CACHE", {f"m.T.test_{n}": n * MIB for n in range(1, 9)}))

    told = failures(found)

    assert [text.split()[0] for text in told[:-1]] == [f"m.T.test_{n}" for n in (8, 7, 6, 5, 4)]
    assert told[-1] == "and 3 more left more than that"


def test_pytest_judges_its_tests_itself() -> None:
    assert failures(report(holder("CACHE", {"test_m.py::test_1": MIB}))) == []


def test_without_a_look_at_the_heap_nothing_passes() -> None:
    found = report(tests=["m.T.test_1"], complete=False, seconds=0.0)

    assert failures(found) == [
        "nothing could be judged: the heap was not looked at after the last test"
    ]
    assert failures(found, Options()) == []


# What is new


def baseline(folder: Path, found: Report) -> Options:
    path = folder / "base.json"
    path.write_bytes(msgspec.json.encode(found))
    return Options(baseline=str(path))


def test_new_and_grown_holders_fail_and_those_that_were_there_do_not(tmp_path: Path) -> None:
    known = holder("KNOWN", {"m.T.test_1": 9 * MIB})
    options = baseline(tmp_path, report(known, holder("GROWS", {"m.T.test_1": MIB})))
    grown = holder("GROWS", {"m.T.test_1": 3 * MIB})
    new = holder("NEW", {"m.T.test_1": MIB, "m.T.test_2": MIB})

    assert gates.failures(report(known, grown, new), options, str(tmp_path)) == [
        "NEW is new since base.json: 2.0 MiB in 2 tests, growing, "
        "allocated at /proj/app.py:7 in fill",
        "GROWS has grown since base.json: 1.0 MiB -> 3.0 MiB in 1 test, "
        "allocated at /proj/app.py:7 in fill",
    ]
    assert gates.failures(report(known), options, str(tmp_path)) == []


def test_new_holders_that_the_user_has_accepted_pass(tmp_path: Path) -> None:
    options = baseline(tmp_path, report())

    assert failures(report(holder("NEW", ignored="by design")), options) == []


def test_tests_of_pytest_are_judged_by_a_baseline(tmp_path: Path) -> None:
    options = baseline(tmp_path, report())

    assert len(failures(report(holder("NEW", {"test_m.py::test_1": MIB})), options)) == 1


def test_many_new_holders_are_counted_with_the_way_to_see_them(tmp_path: Path) -> None:
    options = baseline(tmp_path, report())
    new = [holder(f"H{n}", {"m.T.test_1": n * MIB}) for n in range(1, 8)]

    told = gates.failures(report(*new), options, str(tmp_path))

    assert [text.split()[0] for text in told] == ["H7", "H6", "H5", "H4", "H3", "and"]
    assert told[-1] == "and 2 more (all of them: reftrack diff base.json)"


def test_a_baseline_that_went_meanwhile_fails(tmp_path: Path) -> None:
    options = baseline(tmp_path, report())
    (tmp_path / "base.json").unlink()

    (told,) = failures(report(), options)

    assert told.startswith("nothing could be compared with the baseline: ")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, ["there is no such file", "reftrack run --json base.json"]),
        (b"", ["is empty"]),
        (b'{"format": 1, "compl', ["is not whole"]),
        (b'{"some": "json"}', ["is not a record of reftrack, nor a report"]),
        (b'{"format": 2}', ["is a report of format 2", "Upgrade reftrack"]),
        (b'{"format": 1}', ["its run was cut"]),
        (msgspec.json.encode(report(complete=False)), ["its run was cut"]),
    ],
)
def test_a_baseline_that_cannot_serve_is_refused_before_anything_runs(
    tmp_path: Path, content: bytes | None, words: list[str]
) -> None:
    (tmp_path / "ran.py").write_text("print('ran')")
    if content is not None:
        (tmp_path / "base.json").write_bytes(content)

    result = support.reftrack("run", "--baseline", "base.json", "ran.py", cwd=tmp_path)

    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("reftrack: error: --baseline")
    assert all(word in result.stderr for word in words)
    assert len(result.stderr.splitlines()) == 2


def test_the_run_that_writes_the_baseline_needs_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert gates.checked(Options(baseline="base.json", json="./base.json")).baseline is None
    with pytest.raises(UsageError):
        gates.checked(Options(baseline="base.json", json="other.json"))


# Runs

SUITE = """\
import unittest

KEPT = []

class T(unittest.TestCase):
    def test_clean(self):
        bytearray(500_000)

    def test_leaks(self):
        KEPT.append(bytearray({kept}))

    def test_expects(self):
        self.assertEqual(1, {one})
"""


@pytest.fixture
def cwd(tmp_path: Path) -> Path:
    write(tmp_path)
    return tmp_path


def write(folder: Path, kept: int = 0, one: int = 1) -> None:
    (folder / "test_it.py").write_text(SUITE.format(kept=kept, one=one))


def run(cwd: Path, *words: str) -> Any:
    return support.reftrack("run", "--no-prove", *words, "-m", "unittest", "-q", cwd=cwd)


def test_a_leaking_test_of_a_suite_that_passes_ends_the_run_with_1(cwd: Path) -> None:
    write(cwd, kept=300_000)

    result = run(cwd, "--fail-over", "100KiB", "--json", "run.json")
    report = support.reftrack("report", cwd=cwd)

    assert result.returncode == 1
    assert "OK" in result.stderr.splitlines()[:8]
    (told,) = json.loads((cwd / "run.json").read_text())["failed"]
    assert told.startswith("test_it.T.test_leaks left 293.")
    assert told.endswith(
        "limit of 100.0 KiB: test_it.KEPT, allocated at test_it.py:10 in test_leaks"
    )
    assert f"FAILED {told}" in " ".join(result.stderr.split())
    assert f"FAILED {told}" in " ".join(report.stdout.split())
    assert report.returncode == 0


@pytest.mark.parametrize(
    ("kept", "one", "options", "status"),
    [
        (300_000, 1, [], 0),
        (300_000, 1, ["--fail-over", "300KiB"], 0),
        (300_000, 2, ["--fail-over", "100KiB"], 1),
        (300_000, 1, ["--fail-over", "1KiB", "--ignore", "test_it.KEPT"], 0),
        (300_000, 1, ["--fail-over", "100KiB", "--no-report"], 1),
        (0, 1, ["--fail-over", "100KiB"], 0),
        (300_000, 1, ["--fail-over", "much"], 2),
    ],
)
def test_the_status_is_the_suites_or_1_where_it_passed_and_a_gate_did_not(
    cwd: Path, kept: int, one: int, options: list[str], status: int
) -> None:
    write(cwd, kept, one)

    assert run(cwd, *options).returncode == status


def test_what_failed_is_told_where_no_report_is_wanted(cwd: Path) -> None:
    write(cwd, kept=300_000)

    result = run(cwd, "--fail-over", "100KiB", "--no-report")

    assert "reftrack: failed: test_it.T.test_leaks left 29" in result.stderr
    assert "ONCE" not in result.stderr


def untold(cwd: Path, code: str) -> None:
    (cwd / "test_it.py").write_text(
        "import unittest\nclass T(unittest.TestCase):\n    def test_1(self):\n"
        + textwrap.indent(textwrap.dedent(code), " " * 8)
    )


@pytest.mark.parametrize("gate", [True, False], ids=["gate", "no gate"])
def test_a_gate_without_a_record_is_not_passed(cwd: Path, gate: bool) -> None:
    untold(cwd, "import shutil; shutil.rmtree('.reftrack')")
    options = ("--fail-over", "100KiB") if gate else ()
    flags = ("--reftrack-fail-over", "100KiB") if gate else ()

    own = support.reftrack("run", *options, "-m", "unittest", "test_it", cwd=cwd)
    pytests = support.plain("-m", "pytest", "test_it.py", "--reftrack", *flags, cwd=cwd)

    assert "OK" in own.stderr
    assert "1 passed" in pytests.stdout
    assert own.returncode == pytests.returncode == int(gate)
    for text in (own.stderr, pytests.stdout + pytests.stderr):
        assert "does not exist" in text
        assert ("its gates cannot tell" in text) == gate


@pytest.mark.parametrize("gate", [True, False], ids=["gate", "no gate"])
def test_a_record_that_could_not_be_written_is_not_told_as_a_run_that_was_cut(
    cwd: Path, gate: bool
) -> None:
    untold(
        cwd,
        """
        import resource, signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
        """,
    )
    options = ("--fail-over", "100KiB") if gate else ()

    own = support.reftrack("run", *options, "-m", "unittest", "test_it", cwd=cwd)

    assert "OK" in own.stderr
    assert own.returncode == int(gate)
    assert "it could not be written: File too large" in " ".join(own.stderr.split())
    assert "was cut" not in own.stderr
    assert ("gates cannot tell" in own.stderr) == gate


def test_a_status_of_the_programs_own_is_kept(cwd: Path) -> None:
    write(cwd, kept=300_000)
    (cwd / "main.py").write_text("import unittest\nunittest.main('test_it', exit=False)\nexit(7)\n")

    result = support.reftrack("run", "--fail-over", "100KiB", "main.py", cwd=cwd)

    assert result.returncode == 7
    assert "FAILED    test_it.T.test_leaks" in result.stderr


def test_a_baseline_fails_what_came_since_and_not_what_was_there(cwd: Path) -> None:
    write(cwd, kept=300_000)
    assert run(cwd, "--json", "base.json").returncode == 0
    assert run(cwd, "--baseline", "base.json").returncode == 0
    source = (cwd / "test_it.py").read_text()
    worse = "\n    def test_more(self):\n        T.more = bytearray(400_000)\n"
    (cwd / "test_it.py").write_text(source + worse)

    result = run(cwd, "--baseline", "base.json")

    assert result.returncode == 1
    assert "FAILED    T.more is new since base.json: 390.7 KiB in 1 test" in result.stderr
    assert "KEPT is new" not in result.stderr


def test_a_baseline_is_where_it_was_named_wherever_the_program_goes(cwd: Path) -> None:
    run(cwd, "--json", "base.json")
    (cwd / "gone.py").write_text("import os; os.chdir('/')")

    result = support.reftrack("run", "--baseline", "base.json", "gone.py", cwd=cwd)

    assert (result.returncode, "FAILED" in result.stderr) == (0, False)


def test_a_record_serves_as_a_baseline(cwd: Path) -> None:
    run(cwd)
    (record,) = (cwd / ".reftrack").glob("*.jsonl")
    write(cwd, kept=300_000)

    assert run(cwd, "--baseline", str(record)).returncode == 1
