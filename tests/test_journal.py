"""The record of a run: what was appended is read back, and nothing in it can hurt the suite."""

from __future__ import annotations

import builtins
import gc
import os
import resource
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from reftrack.errors import RecordError
from reftrack.journal import Journal
from reftrack.model import (
    Charge,
    Checkpoint,
    Ended,
    Event,
    Holder,
    Phase,
    Repeat,
    Repeated,
    RunInfo,
    Scope,
    ScopeEnded,
    ScopeKind,
    Survived,
    TornDown,
    Totals,
)
from reftrack.records import latest, load, resolve


def run_info() -> RunInfo:
    return RunInfo(["-m", "pytest"], "3.11.7", "native", "2026-01-02T03:04:05Z", notes=["first"])


def ended(id: str, survived: int = 0, scope: ScopeKind = "test") -> ScopeEnded:
    return ScopeEnded(
        Scope(id, scope, "passed", survived_bytes=survived, survived_blocks=survived // 10)
    )


def checkpoint(
    *survived: Survived, final: bool = False, seconds: float = 2.5, totals: Totals | None = None
) -> Checkpoint:
    return Checkpoint(final, seconds, totals or Totals(9, 900, 800), list(survived), [])


def holder(name: str) -> Holder:
    return Holder(
        name, "cache", "once", "your code", "m", ["m", name], 10, 10, 1, [], [], [], None, "fix"
    )


def test_what_became_known_after_the_final_look_is_added_to_the_scopes(journal: Journal) -> None:
    """Given a fixture that was torn down then, and a test that was repeated."""
    for event in (
        ended("db (session)", 500, "fixture"),
        ended("a::test", 300),
        checkpoint(Survived(0, 400, 4), Survived(1, 30, 3, None, 7, 1 << 20), final=True),
        TornDown({0: "a::test", 9: "nowhere"}),
        Repeated(1, [10, 20], ""),
        Repeated(9, [1], "nowhere"),
        Ended(3.0, 0),
    ):
        journal.append(event)

    fixture, test = load(journal.path).scopes

    assert (fixture.released_by, fixture.survived_bytes) == ("a::test", 400)
    assert (test.repeats, test.repeat_problem) == ([10, 20], "")
    assert (test.collected_bytes, test.native_bytes) == (7, 1 << 20)


def test_what_a_repeated_test_kept_with_a_holder_is_added_to_it(journal: Journal) -> None:
    """Given a test that grows one holder, and finds another as it left it, when it is repeated,
    then each has its own figures: the verdicts are proved and refuted."""
    look = checkpoint(final=True)
    for name in ("m.GROWS", "m.CACHE"):
        found = holder(name)
        found.verdict, found.key = "once", name
        found.charged = [Charge("a::test", "test", 100_000, 1)]
        look.holders.append(found)
    look.holders[1].verdict = "growing"
    kept = Repeat("a::test", [90_000, 90_000])
    again = Repeated(0, [90_300, 90_100], "", {"m.GROWS": kept})

    grows, cache = load(record(journal, ended("a::test"), look, again, Ended(3.0, 0))).holders

    assert (grows.verdict, grows.repeats) == ("growing", [kept])
    assert (cache.verdict, cache.repeats) == ("once", [Repeat("a::test", [0, 0])])


def test_a_repetition_without_a_look_at_the_heap_says_nothing_of_holders(journal: Journal) -> None:
    look = checkpoint(final=True)
    look.holders = [holder("m.CACHE")]
    look.holders[0].charged = [Charge("a::test", "test", 100_000, 1)]
    again = Repeated(0, [90_000, 90_000], "")

    report = load(record(journal, ended("a::test"), look, again, Ended(3.0, 0)))

    assert report.holders[0].repeats == []
    assert report.scopes[0].repeats == [90_000, 90_000]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal.create(str(tmp_path / "records"), run_info())
    yield journal
    journal.close()


def record(journal: Journal, *events: Event) -> Path:
    for event in events:
        journal.append(event)
    journal.close()
    assert journal.failed is None
    return journal.path


def descriptor_of(path: Path) -> int:
    """The number under which this process has the file open."""
    numbers = [int(name) for name in os.listdir("/proc/self/fd")]
    return next(n for n in numbers if os.path.lexists(f"/proc/self/fd/{n}") and points(n, path))


def points(number: int, path: Path) -> bool:
    return os.readlink(f"/proc/self/fd/{number}") == str(path)


def in_child(action: Callable[[], None]) -> int:
    """Run the action in a forked child and wait for it: its wait status."""
    pid = os.fork()
    if pid == 0:
        try:
            action()
        finally:
            os._exit(0)
    return os.waitpid(pid, 0)[1]


def refuse(*_args: object, **_kwargs: object) -> NoReturn:
    raise AssertionError("the suite's own patch was called")


# What is written is read back


def test_a_whole_run_is_read_back(journal: Journal) -> None:
    scope = Scope("t.py::a", "test", "passed", 500, 300, 200, 4, None, [Phase("call", 500, 200)])
    last = checkpoint(Survived(0, 150, 3), final=True, totals=Totals(1, 150, 100))
    last.holders = [holder("m._CACHE")]

    report = load(record(journal, ScopeEnded(scope), last, Ended(3.0, 1, ["second"])))

    assert report.complete
    assert report.format == 1
    assert report.run.command == ["-m", "pytest"]
    assert (report.run.seconds, report.run.exit_status) == (3.0, 1)
    assert report.run.notes == ["first", "second"]
    assert report.totals == Totals(1, 150, 100)
    assert report.holders == [holder("m._CACHE")]
    (read,) = report.scopes
    assert (read.survived_bytes, read.survived_blocks) == (150, 3)
    assert (read.allocated_bytes, read.phases) == (500, [Phase("call", 500, 200)])


def test_the_last_checkpoint_replaces_earlier_ones_and_later_scopes_keep_their_own_figures(
    journal: Journal,
) -> None:
    path = record(
        journal,
        ended("a", 100),
        ended("b", 200),
        checkpoint(Survived(0, 90, 9), Survived(1, 190, 9)),
        ended("c", 300),
        checkpoint(Survived(1, 50, 5), Survived(2, 0, 0, released_by="db (module)")),
        ended("d", 400),
    )

    scopes = {scope.id: scope for scope in load(path).scopes}

    survived = {id: (s.survived_bytes, s.survived_blocks) for id, s in scopes.items()}
    assert survived == {"a": (0, 0), "b": (50, 5), "c": (0, 0), "d": (400, 40)}
    assert scopes["c"].released_by == "db (module)"


def test_totals_are_counted_anew_when_scopes_ended_after_the_last_checkpoint(
    journal: Journal,
) -> None:
    path = record(
        journal,
        ended("a", 100),
        checkpoint(Survived(0, 60, 1), totals=Totals(1, 60, 55), final=True),
        ended("b", 200),
        ended("m.C", 30, "class"),
        ended("m", 4, "module"),
        ended("db (module)", 1, "fixture"),
        ended("import m", 1000, "import"),
        ended("session", 1000, "session"),
        Ended(3.0, 0),
    )

    assert load(path).totals == Totals(tests=2, survived_bytes=295, explained_bytes=55)


def test_a_cut_runs_sums_are_those_of_its_last_checkpoint(journal: Journal) -> None:
    path = record(
        journal,
        ended("a", 100),
        checkpoint(Survived(0, 60, 1), totals=Totals(1, 60, 55)),
        ended("b", 200),
    )

    assert load(path).totals == Totals(tests=2, survived_bytes=60, explained_bytes=55)


@pytest.mark.parametrize(
    ("tail", "complete"),
    [
        pytest.param([checkpoint(final=True), Ended(3.0, 0)], True, id="final and ended"),
        pytest.param([checkpoint(final=True)], False, id="killed before the end"),
        pytest.param([checkpoint(), Ended(3.0, 0)], False, id="no final look"),
        pytest.param([Ended(3.0, 0)], False, id="no look at all"),
        pytest.param([], False, id="killed before any look"),
    ],
)
def test_a_run_is_complete_only_with_a_final_checkpoint_and_an_end(
    journal: Journal, tail: list[Event], complete: bool
) -> None:
    assert load(record(journal, ended("a", 1), *tail)).complete is complete


def test_an_incomplete_run_has_the_time_of_its_last_checkpoint(journal: Journal) -> None:
    journal.append(ended("a"))
    assert load(journal.path).run.seconds == 0.0
    journal.append(checkpoint(seconds=12.3))
    journal.append(ended("b"))
    assert load(journal.path).run.seconds == 12.3


def test_lone_surrogates_are_escaped(journal: Journal) -> None:
    path = record(journal, ended("t.py::test[caf\udce9]"))
    assert [scope.id for scope in load(path).scopes] == [r"t.py::test[caf\udce9]"]


def test_loading_leaves_the_garbage_collector_as_it_was(journal: Journal) -> None:
    path = record(journal)
    load(path)
    assert gc.isenabled()
    gc.disable()
    try:
        load(path)
        assert not gc.isenabled()
    finally:
        gc.enable()


# Killed runs and damaged records


def test_a_run_killed_at_any_moment_leaves_a_record(journal: Journal) -> None:
    def suite() -> None:
        inside = Journal.create(str(journal.path.parent.parent / "killed"), run_info())
        inside.append(ended("a", 100))
        os.kill(os.getpid(), signal.SIGKILL)

    assert in_child(suite) == signal.SIGKILL

    report = load(latest(str(journal.path.parent.parent / "killed")))
    assert [scope.id for scope in report.scopes] == ["a"]
    assert not report.complete


def test_a_last_line_cut_anywhere_is_ignored(journal: Journal) -> None:
    path = record(journal, ended("a", 100), ended("b", 200))
    whole = path.read_bytes()
    start = whole.rindex(b"\n", 0, -1) + 1
    for end in range(start, len(whole) - 1):
        path.write_bytes(whole[:end])
        assert [scope.id for scope in load(path).scopes] == ["a"]


@pytest.mark.parametrize(
    "garbage",
    [
        pytest.param(b"garbage\n", id="no JSON"),
        pytest.param(b'{"event":"scope","scope":{"id":1}}\n', id="a field of another type"),
        pytest.param(b'{"event":"party"}\n', id="an unknown event"),
        pytest.param(b"\0\0\0\n", id="zeroes"),
    ],
)
def test_garbage_in_the_middle_is_refused_with_its_line(journal: Journal, garbage: bytes) -> None:
    path = record(journal, ended("a"), ended("b"))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], garbage, *lines[2:]]))
    with pytest.raises(RecordError, match="damaged at line 3"):
        load(path)


def test_a_scope_whose_line_an_interrupt_has_prevented_is_left_out(journal: Journal) -> None:
    path = record(journal, ended("a", 5), checkpoint(Survived(0, 3, 1), Survived(1, 9, 1)))

    assert [(scope.id, scope.survived_bytes) for scope in load(path).scopes] == [("a", 3)]


@pytest.mark.parametrize("index", [-1, 2])
def test_a_checkpoint_of_scopes_that_have_not_ended_is_refused(
    journal: Journal, index: int
) -> None:
    path = record(journal, ended("a"), checkpoint(Survived(index, 1, 1)))
    with pytest.raises(RecordError, match="damaged at line 3"):
        load(path)


def test_two_records_in_one_file_are_refused(journal: Journal) -> None:
    path = record(journal, ended("a"))
    path.write_bytes(path.read_bytes() * 2)
    with pytest.raises(RecordError, match="damaged at line 3"):
        load(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b'{"some": "json"}\n', "is not a record of reftrack", id="foreign JSON"),
        pytest.param(b"\x7fELF" * 1000, "is not a record of reftrack", id="binary"),
        pytest.param(b'{"event":"started"}\n', "is not a record of reftrack", id="no format"),
        pytest.param(
            b'{"event":"started"\xff\xfe}\n', "is not a record of reftrack", id="no UTF-8"
        ),
        pytest.param(b'{"event":"started","form', "was cut in its first line", id="cut at once"),
    ],
)
def test_what_is_not_a_record_is_refused_with_a_hint(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "some.jsonl"
    path.write_bytes(content)
    with pytest.raises(RecordError, match=message) as caught:
        load(path)
    assert caught.value.hint


@pytest.mark.parametrize(("version", "remedy"), [(2, "Upgrade reftrack"), (0, "Run the suite")])
def test_another_format_is_named_with_what_to_do(tmp_path: Path, version: int, remedy: str) -> None:
    path = tmp_path / "other.jsonl"
    path.write_text(f'{{"event":"started","format":{version},"all":"else differs"}}\n')
    with pytest.raises(RecordError, match=f"format {version}; this reftrack reads format 1") as e:
        load(path)
    assert e.value.hint is not None
    assert e.value.hint.startswith(remedy)


def test_a_directory_and_a_missing_file_are_refused_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="is a directory") as caught:
        load(tmp_path)
    assert caught.value.hint
    with pytest.raises(RecordError, match="does not exist") as caught:
        load(tmp_path / "none.jsonl")
    assert caught.value.hint


# The record directory


def test_a_new_record_directory_keeps_itself_out_of_version_control(tmp_path: Path) -> None:
    journal = Journal.create(str(tmp_path / "deep" / "er"), run_info())
    journal.close()
    assert (tmp_path / "deep" / "er" / ".gitignore").read_text() == "*\n"


def test_a_directory_that_was_there_gets_nothing_but_the_record(tmp_path: Path) -> None:
    journal = Journal.create(str(tmp_path), run_info())
    journal.close()
    assert list(tmp_path.iterdir()) == [journal.path]


def test_the_record_stays_where_it_is_when_the_suite_changes_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    journal = Journal.create("records", run_info())
    monkeypatch.chdir("/")
    assert journal.path.parent == tmp_path / "records"
    assert load(record(journal)).run.command == ["-m", "pytest"]


def test_a_directory_that_cannot_be_made_is_refused_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for directory in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(RecordError, match="no record can be written in") as caught:
            Journal.create(str(directory), run_info())
        assert caught.value.hint is not None
        assert "REFTRACK_DIR" in caught.value.hint


def test_a_full_disk_at_the_start_is_refused_and_leaves_no_record(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, hard))
    try:
        with pytest.raises(RecordError, match="no record can be written in"):
            Journal.create(str(tmp_path), run_info())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


def test_the_newest_record_is_the_latest(tmp_path: Path) -> None:
    for name in (
        "20260102T030405.678Z-9.jsonl",
        "20260102T030405.679Z-8.jsonl",
        "20251231T235959.999Z-99999.jsonl",
        "notes.jsonl",
    ):
        (tmp_path / name).touch()
    assert latest(str(tmp_path)) == tmp_path / "20260102T030405.679Z-8.jsonl"
    assert resolve(None, str(tmp_path)) == latest(str(tmp_path))


def test_a_new_record_is_the_latest(journal: Journal) -> None:
    (journal.path.parent / "20200101T000000.000Z-1.jsonl").touch()
    assert latest(str(journal.path.parent)) == journal.path


def test_without_records_the_hint_is_to_run_something(tmp_path: Path) -> None:
    for directory in (tmp_path, tmp_path / "missing"):
        with pytest.raises(RecordError, match="there is no record in") as caught:
            latest(str(directory))
        assert caught.value.hint is not None
        assert "reftrack run" in caught.value.hint


def test_a_run_is_named_by_path_by_name_and_by_the_start_of_its_name(tmp_path: Path) -> None:
    first, second = tmp_path / "20260101T0.jsonl", tmp_path / "20260102T0.jsonl"
    for path in (first, second):
        path.touch()
    for run in (str(second), "20260102T0.jsonl", "20260102T0", "20260102"):
        assert resolve(run, str(tmp_path)) == second


def test_a_start_that_fits_several_records_is_refused_naming_the_newest(tmp_path: Path) -> None:
    for name in ("20260101T0.jsonl", "20260102T0.jsonl"):
        (tmp_path / name).touch()
    with pytest.raises(RecordError, match="stands for 2 records") as caught:
        resolve("2026", str(tmp_path))
    assert caught.value.hint is not None
    assert "20260102T0.jsonl" in caught.value.hint


def test_a_run_that_is_nowhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="no record nonsense"):
        resolve("nonsense", str(tmp_path))


# Nothing that the suite does can break it, and it breaks nothing of the suite's


def test_a_suite_that_patches_open_and_os_still_has_its_record(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(builtins, "open", refuse)
        for name in ("close", "fstat", "getpid", "open", "read", "stat", "write"):
            patch.setattr(os, name, refuse)
        journal.append(ended("a"))
        journal.close()
        report = load(journal.path)
    assert [scope.id for scope in report.scopes] == ["a"]


def test_a_full_disk_silences_the_journal_and_leaves_a_readable_record(journal: Journal) -> None:
    journal.append(ended("a"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (journal.path.stat().st_size + 20, hard))
    try:
        journal.append(ended("b"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert journal.failed is not None
    journal.append(ended("c"))
    journal.close()
    assert [scope.id for scope in load(journal.path).scopes] == ["a"]


def test_a_descriptor_that_the_suite_closed_is_opened_again(journal: Journal) -> None:
    os.close(descriptor_of(journal.path))
    path = record(journal, ended("a"))
    assert [scope.id for scope in load(path).scopes] == ["a"]


def test_a_file_that_took_the_place_of_the_closed_record_is_not_written(
    journal: Journal, tmp_path: Path
) -> None:
    (tmp_path / "theirs").write_text("theirs")
    os.close(descriptor_of(journal.path))
    (tmp_path / "theirs").replace(journal.path)
    journal.append(ended("a"))
    journal.close()
    assert journal.failed == "the program closed the descriptor of the record, and its file is gone"
    assert journal.path.read_text() == "theirs"


def test_a_file_that_got_the_closed_descriptor_is_neither_written_nor_closed(
    journal: Journal, tmp_path: Path
) -> None:
    number = descriptor_of(journal.path)
    with (tmp_path / "theirs").open("wb") as theirs:
        os.dup2(theirs.fileno(), number)
        journal.append(ended("a"))
        journal.close()
        assert os.fstat(number).st_size == 0
        os.close(number)
    assert [scope.id for scope in load(journal.path).scopes] == ["a"]


def test_a_forked_child_writes_nothing(journal: Journal) -> None:
    assert in_child(lambda: journal.append(ended("child"))) == 0
    path = record(journal, ended("parent"))
    assert [scope.id for scope in load(path).scopes] == ["parent"]


def test_the_descriptor_is_closed_on_exec_and_leaves_low_numbers_to_the_program(
    tmp_path: Path,
) -> None:
    free = os.dup(0)
    os.close(free)
    journal = Journal.create(str(tmp_path), run_info())
    again = os.dup(0)
    os.close(again)
    assert again == free
    assert not os.get_inheritable(descriptor_of(journal.path))
    journal.close()


def test_closing_twice_and_appending_after_it_are_harmless(journal: Journal) -> None:
    journal.close()
    journal.close()
    journal.append(ended("late"))
    assert journal.failed is None
    assert load(journal.path).scopes == []
