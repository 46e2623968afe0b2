"""One report of the records of several runs: shards of a CI job, of whatever machines."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

import support
from reftrack import records
from reftrack.combining import combined
from reftrack.errors import RecordError
from reftrack.model import Allocation, Frame, Report
from reports import KIB, MIB, holder, report


def shard(folder: Path, name: str, found: Report) -> str:
    path = folder / f"{name}.json"
    path.write_bytes(msgspec.json.encode(found))
    return str(path)


def ran(found: Report) -> list[str]:
    return [scope.id for scope in found.scopes if scope.scope == "test"]


def test_shards_are_one_report_with_all_tests_and_what_they_left(tmp_path: Path) -> None:
    one = shard(
        tmp_path, "one", report(holder("T.data", {"m.T.test_1": MIB}), started="2026-01-01")
    )
    two = shard(
        tmp_path, "two", report(holder("T.data", {"m.T.test_2": MIB}), started="2026-01-02")
    )

    found = combined([one, two], str(tmp_path))

    assert ran(found) == ["m.T.test_1", "m.T.test_2"]
    assert [(h.name, h.survived_bytes, len(h.charged)) for h in found.holders] == [
        ("T.data", 2 * MIB, 2)
    ]
    assert (found.totals.tests, found.run.processes, found.run.notes) == (2, 2, [])


def test_a_single_run_is_itself(tmp_path: Path) -> None:
    one = report(holder("T.data"))

    assert combined([shard(tmp_path, "one", one)], str(tmp_path)) == one


def test_a_run_that_is_given_twice_counts_once(tmp_path: Path) -> None:
    one = shard(tmp_path, "one", report(holder("T.data")))
    copy = shard(tmp_path, "copy", report(holder("T.data")))

    same = combined([one, one], str(tmp_path))
    copied = combined([one, copy], str(tmp_path))

    assert same.totals.survived_bytes == copied.totals.survived_bytes == MIB
    assert copied.run.notes == ["copy.json is of a run that was given already: it counts once"]


def test_a_test_that_ran_in_two_shards_counts_as_in_the_newer_one(tmp_path: Path) -> None:
    left = {"m.T.test_1": 4 * MIB, "m.T.test_2": MIB}
    old = shard(tmp_path, "old", report(holder("T.data", left), started="2026-01-01"))
    again = report(holder("T.data", {"m.T.test_1": MIB}), started="2026-01-02")

    found = combined([old, shard(tmp_path, "again", again)], str(tmp_path))

    assert sorted(ran(found)) == ["m.T.test_1", "m.T.test_2"]
    assert found.totals.tests == 2
    assert found.holders[0].survived_bytes == 2 * MIB
    assert {c.id: c.bytes for c in found.holders[0].charged} == {
        "m.T.test_1": MIB,
        "m.T.test_2": MIB,
    }
    assert found.run.notes == ["tests that several of the runs have count as in the newest: 1"]


def test_a_shard_that_was_cut_is_named_and_leaves_the_whole_incomplete(tmp_path: Path) -> None:
    one = shard(tmp_path, "one", report(holder("T.data", {"m.T.test_1": MIB})))
    cut = report(tests=["m.T.test_2"], complete=False, started="2026-01-02", cut_in=["m.T.test_3"])

    found = combined([one, shard(tmp_path, "cut", cut)], str(tmp_path))

    assert not found.complete
    assert found.run.cut_in == ["m.T.test_3"]
    assert found.run.notes == ["cut.json is of a run that was cut"]
    assert found.holders[0].survived_bytes == MIB


def test_files_of_another_machine_are_those_of_the_first(tmp_path: Path) -> None:
    """A cache that each machine fills from the same line has been filled once."""

    def on(folder: str, id: str) -> Report:
        stack = [Frame("/usr/lib/x.py", 1, "f"), Frame(f"{folder}/app.py", 7, "fill", "x")]
        lines = [Allocation(MIB, 1, stack)]
        kept = holder("CACHE", {id: MIB}, verdict="once", allocations=lines)
        return report(kept, started=id, directory=folder)

    one = shard(tmp_path, "one", on("/ci/a/proj", "m.T.test_1"))
    two = shard(tmp_path, "two", on("/home/b", "m.T.test_2"))

    (found,) = combined([one, two], str(tmp_path)).holders

    files = [frame.file for row in found.allocations for frame in row.traceback]
    assert files == ["/usr/lib/x.py", "/ci/a/proj/app.py"]
    assert found.survived_bytes == MIB


def test_the_worst_exit_status_and_all_gates_that_failed_are_kept(tmp_path: Path) -> None:
    good = report(tests=["m.T.test_1"], exit_status=0)
    bad = report(tests=["m.T.test_2"], exit_status=1, started="2026-01-02")
    bad.failed = ["m.T.test_2 left 1.0 MiB behind"]

    found = combined([shard(tmp_path, "good", good), shard(tmp_path, "bad", bad)], str(tmp_path))

    assert (found.run.exit_status, found.failed) == (1, bad.failed)


@pytest.mark.parametrize("content", [b'{"format": 1, "comp', b"", b'{"format": 7}', b"some text"])
def test_what_is_no_run_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "odd.json").write_bytes(content)

    with pytest.raises(RecordError, match=r"odd\.json"):
        combined([shard(tmp_path, "one", report()), str(tmp_path / "odd.json")], str(tmp_path))


# The command

SUITE = """\
import unittest

KEPT = []

class T{n}(unittest.TestCase):
    def test_leaks(self):
        KEPT.append(bytearray({n}00_000))
"""


@pytest.fixture
def cwd(tmp_path: Path) -> Path:
    for n in (1, 2):
        (tmp_path / f"test_{n}.py").write_text(SUITE.format(n=n))
        line = ["--no-prove", "--no-report", "-m", "unittest", "-q", f"test_{n}"]
        support.reftrack("run", "--directory", f"shard{n}", *line, cwd=tmp_path)
    return tmp_path


def test_records_of_shards_are_shown_as_one_and_are_the_newest_report(cwd: Path) -> None:
    shards = [str(path) for path in sorted(cwd.glob("shard*/*.jsonl"))]

    result = support.reftrack("combine", *shards, cwd=cwd)
    again = support.reftrack("report", cwd=cwd)

    (written,) = (cwd / ".reftrack").glob("*.json")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("reftrack  2 tests in 2 processes")
    assert result.stdout.splitlines()[-1] == f"record  .reftrack/{written.name}"
    assert again.stdout == result.stdout
    assert {h.name for h in records.load(written).holders} >= {"test_1.KEPT", "test_2.KEPT"}
    assert support.reftrack("json", written.stem, cwd=cwd).stdout == written.read_text()


def test_the_report_goes_to_the_file_that_is_named(cwd: Path) -> None:
    shards = [str(path) for path in cwd.glob("shard*/*.jsonl")]

    result = support.reftrack("combine", *shards, "-o", "all.json", cwd=cwd)

    assert json.loads((cwd / "all.json").read_text())["totals"]["tests"] == 2
    assert result.stdout.splitlines()[-1] == "record  all.json"
    assert not (cwd / ".reftrack").exists()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("combine", "the following arguments are required: RUN"),
        ("combine gone.json", "there is no record gone.json"),
        ("combine shard1", "is a directory"),
        ("combine test_1.py", "is not a record of reftrack"),
    ],
)
def test_what_cannot_be_combined_is_refused_and_nothing_written(
    cwd: Path, line: str, words: str
) -> None:
    result = support.reftrack(*line.split(), cwd=cwd)

    assert result.returncode == 2
    assert words in result.stderr
    assert not (cwd / ".reftrack").exists()


def test_records_of_a_runs_other_processes_count_once(tmp_path: Path) -> None:
    """`shard/*.jsonl` names them as well; they come with the run's own."""
    (tmp_path / "test_1.py").write_text(SUITE.format(n=1))
    support.reftrack("run", "--no-report", "-m", "unittest", "-q", "test_1", cwd=tmp_path)
    (record,) = (tmp_path / ".reftrack").glob("*.jsonl")
    child = record.with_name(f"{record.stem}.77.jsonl")
    child.write_bytes(record.read_bytes().replace(b"test_1.T1.test_leaks", b"test_1.T1.test_child"))

    found = combined([str(child), str(record)], str(tmp_path))

    assert sorted(ran(found)) == ["test_1.T1.test_child", "test_1.T1.test_leaks"]
    assert found.holders[0].survived_bytes < 300 * KIB
