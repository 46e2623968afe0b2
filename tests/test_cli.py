"""The command line: what its words mean, what it refuses, what it prints where."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import support
from reftrack import __version__, cli
from reftrack.errors import UsageError
from reftrack.launch import Target

ECHO = "import sys\nprint(sys.argv)\n"


@pytest.fixture
def cwd(tmp_path: Path) -> Path:
    (tmp_path / "echo.py").write_text(ECHO)
    return tmp_path


# Words


@pytest.mark.parametrize(
    ("line", "words", "target"),
    [
        ("run a.py", "run", Target("path", "a.py", [])),
        ("run -m pytest -x -m slow", "run", Target("module", "pytest", ["-x", "-m", "slow"])),
        ("run -mpytest -x", "run", Target("module", "pytest", ["-x"])),
        ("run -c pass --help", "run", Target("code", "pass", ["--help"])),
        ("run --frames 3 a.py --x 4", "run --frames 3", Target("path", "a.py", ["--x", "4"])),
        ("run --frames=3 -m m", "run --frames=3", Target("module", "m", [])),
        ("run --no-report a.py", "run --no-report", Target("path", "a.py", [])),
        ("run --release a.py x", "run --release", Target("path", "a.py", ["x"])),
        ("run --release-only a,b -m m", "run --release-only a,b", Target("module", "m", [])),
        ("run --json -m a.py", "run --json -m", Target("path", "a.py", [])),
        ("run -- a.py -- b", "run", Target("path", "a.py", ["--", "b"])),
        ("run run", "run", Target("path", "run", [])),
        ("run --help", "run --help", None),
        ("run", "run", None),
        ("-m unittest discover", "run", Target("module", "unittest", ["discover"])),
        ("-c pass", "run", Target("code", "pass", [])),
        ("missing.py --version", "run", Target("path", "missing.py", ["--version"])),
        ("/ x", "run", Target("path", "/", ["x"])),
        ("report -o x", "report -o x", None),
        ("diff a b", "diff a b", None),
        ("combine a b -o c", "combine a b -o c", None),
        ("--version", "--version", None),
    ],
)  # fmt: skip
def test_words_before_the_target_are_reftracks_and_the_rest_is_the_programs(
    line: str, words: str, target: Target | None
) -> None:
    assert cli.split(line.split()) == (words.split(), target)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "what is there to do?"),
        ("dif a b", "Did you mean: reftrack diff a b"),
        ("combin x", "Did you mean: reftrack combine x"),
        ("tset", "tset is neither a command (run, report, json, diff, combine, rules) nor a"),
        ("--frames 3 -m pytest", "unknown option --frames"),
        ("run -m", "argument expected for the -m option"),
        ("run -c", "argument expected for the -c option"),
        ("run -", "standard input"),
    ],
)
def test_words_that_mean_nothing_are_refused_with_a_hint(line: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        cli.split(line.split())

    assert words in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("run", "nothing to run"),
        ("run --framez 3 echo.py", "unknown option or argument --framez"),
        ("run --frame 3 echo.py", "unknown option or argument --frame"),
        ("run --frames", "expected one argument"),
        ("run --frames 0 echo.py", "--frames: '0' is not a whole number from 1 to 256"),
        ("run --frames 100000 echo.py", "--frames: '100000' is not a whole number from 1 to 256"),
        ("run --backend magic echo.py", "--backend: 'magic' is not auto, native or tracemalloc"),
        ("run --holders none echo.py", "--holders: 'none' is not a whole number"),
        ("run --json nowhere/x.json echo.py", "--json nowhere/x.json cannot be written"),
        ("run --json . echo.py", "--json . cannot be written: it is a directory"),
        ("report --json x", "unknown option or argument --json"),
        ("report one two", "unknown option or argument two"),
        ("json -o", "expected one argument"),
        ("report", "there is no record in"),
        ("json", "there is no record in"),
        ("report nope", "there is no record nope"),
        ("diff", "the following arguments are required: OLD"),
        ("diff a b c", "unknown option or argument c"),
        ("diff a b", "there is no record a"),
        ("combine", "the following arguments are required: RUN"),
    ],
)
def test_usage_errors_end_with_status_2_before_anything_runs(
    cwd: Path, line: str, words: str
) -> None:
    result = support.reftrack(*line.split(), cwd=cwd)

    assert result.returncode == 2
    assert result.stderr.startswith("reftrack: error: ")
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 2  # the hint
    assert result.stdout == ""
    assert not (cwd / ".reftrack").exists()


def test_version_and_help_are_told(cwd: Path) -> None:
    assert support.reftrack("--version", cwd=cwd).stdout == f"reftrack {__version__}\n"
    for line in (
        ["--help"],
        ["run", "--help"],
        ["report", "--help"],
        ["json", "--help"],
        ["diff", "--help"],
        ["combine", "--help"],
    ):
        result = support.reftrack(*line, cwd=cwd)
        assert result.stdout.startswith("usage: reftrack")
        assert result.returncode == 0


# Runs


@pytest.mark.parametrize("line", ["run echo.py -x --help", "echo.py -x --help", "./echo.py -x"])
def test_file_implies_run_and_its_arguments_are_its_own(cwd: Path, line: str) -> None:
    words = line.removeprefix("run ").split()

    result = support.reftrack(*line.split(), cwd=cwd)

    assert result.stdout == f"{words}\n"
    assert result.returncode == 0


def test_report_goes_to_stderr_and_names_the_record(cwd: Path) -> None:
    result = support.reftrack("run", "echo.py", cwd=cwd)

    (record,) = (cwd / ".reftrack").glob("*.jsonl")
    assert result.stdout == "['echo.py']\n"
    assert result.stderr.startswith("reftrack  0 tests")
    assert result.stderr.splitlines()[-1] == f"record  .reftrack/{record.name}"


def test_no_report_keeps_quiet_and_still_records(cwd: Path) -> None:
    result = support.reftrack("run", "--no-report", "echo.py", cwd=cwd)

    assert result.stderr == ""
    assert len(list((cwd / ".reftrack").glob("*.jsonl"))) == 1


def test_record_is_read_again_by_default_by_name_and_by_path(cwd: Path) -> None:
    support.reftrack("run", "echo.py", "first", cwd=cwd)
    (record,) = (cwd / ".reftrack").glob("*.jsonl")
    support.reftrack("run", "echo.py", "second", cwd=cwd)

    def command(*run: str) -> object:
        document = json.loads(support.reftrack("json", *run, cwd=cwd).stdout)
        assert document["format"] == 1
        assert document["complete"] is True
        return document["run"]["command"]

    assert command() == ["echo.py", "second"]
    assert command(record.name) == command(record.stem) == ["echo.py", "first"]
    assert command(str(record)) == ["echo.py", "first"]
    report = support.reftrack("report", record.stem, cwd=cwd)
    assert report.stdout.startswith("reftrack  0 tests")
    assert (report.stderr, report.returncode) == ("", 0)


def test_a_report_as_json_is_read_as_its_record_is(cwd: Path) -> None:
    support.reftrack("run", "--json", "run.json", "echo.py", cwd=cwd)

    whole, again = (support.reftrack("json", *run, cwd=cwd).stdout for run in ([], ["run.json"]))
    shown = support.reftrack("report", "run.json", cwd=cwd).stdout

    assert whole == again == (cwd / "run.json").read_text()
    assert shown.startswith("reftrack  0 tests")


def test_json_goes_to_a_file_where_one_is_named(cwd: Path) -> None:
    run = support.reftrack("run", "--json", "run.json", "-m", "echo", cwd=cwd)
    again = support.reftrack("json", "-o", "again.json", cwd=cwd)

    assert (again.stdout, again.stderr, run.returncode, again.returncode) == ("", "", 0, 0)
    assert json.loads((cwd / "run.json").read_text())["run"]["command"] == ["-m", "echo"]
    assert (cwd / "run.json").read_text() == (cwd / "again.json").read_text()


def test_json_file_is_where_it_was_named_wherever_the_program_goes(cwd: Path) -> None:
    (cwd / "gone.py").write_text("import os; os.chdir('/')")

    support.reftrack("run", "--json", "run.json", "gone.py", cwd=cwd)

    assert json.loads((cwd / "run.json").read_text())["complete"] is True


def test_json_that_cannot_be_written_in_the_end_is_told_and_the_status_kept(cwd: Path) -> None:
    (cwd / "out").mkdir()
    (cwd / "vandal.py").write_text("import os, sys; os.rmdir('out'); sys.exit(5)")

    result = support.reftrack("run", "--json", "out/run.json", "vandal.py", cwd=cwd)

    assert result.returncode == 5
    assert "reftrack: error: " in result.stderr
    assert "out/run.json cannot be written" in result.stderr
    assert "record  " in result.stderr


def test_run_is_refused_where_no_record_can_be_kept(cwd: Path) -> None:
    (cwd / ".reftrack").write_text("a file in the way")

    result = support.reftrack("run", "echo.py", cwd=cwd)

    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("reftrack: error: ")
    assert "REFTRACK_DIR" in result.stderr


def test_current_directory_that_is_gone_is_told(cwd: Path) -> None:
    (cwd / "gone").mkdir()
    command = "cd gone && rmdir ../gone && exec " + f"{sys.executable} -P -m reftrack run -c pass"

    result = subprocess.run(
        ["sh", "-c", command],
        cwd=cwd,
        env=support.environment(cwd),
        capture_output=True,
        text=True,
    )

    assert result.returncode == 2
    assert "reftrack: error: the current directory is gone" in result.stderr


def test_record_directory_is_moved_by_the_environment(cwd: Path) -> None:
    elsewhere = {"REFTRACK_DIR": str(cwd / "else/where")}

    run = support.reftrack("run", "echo.py", cwd=cwd, env=elsewhere)
    report = support.reftrack("report", cwd=cwd, env=elsewhere)

    assert "record  else/where/" in run.stderr
    assert report.returncode == 0


def test_relative_record_directory_stays_where_the_program_began(cwd: Path) -> None:
    (cwd / "inner").mkdir()
    (cwd / "gone.py").write_text("import os; os.chdir('inner')")

    run = support.reftrack("run", "gone.py", cwd=cwd, env={"REFTRACK_DIR": "records"})

    (record,) = (cwd / "records").glob("*.jsonl")
    assert run.stderr.splitlines()[-1] == f"record  records/{record.name}"


@pytest.mark.parametrize(
    "source",
    [
        "import sys; sys.stderr.close()",
        "import os; os.close(2)",
        "import builtins, os; builtins.open = os.stat = os.listdir = None",
        "import sys; sys.stdout.close(); sys.stdout = 3",
    ],
)
def test_what_the_program_breaks_changes_nothing_of_its_status(cwd: Path, source: str) -> None:
    (cwd / "vandal.py").write_text(f"import atexit, os, sys\n{source}\nsys.exit(3)\n")

    plain = support.plain("vandal.py", cwd=cwd)
    ours = support.reftrack("run", "vandal.py", cwd=cwd)

    assert ours.returncode == plain.returncode
    assert "Traceback" not in ours.stderr


@pytest.mark.parametrize("line", ["run echo.py", "run unread.py", "run nosuch", "run --frames x a"])
@pytest.mark.parametrize("stderr", support.UNREAD)
def test_where_nobody_can_read_it_status_and_output_are_the_programs(
    cwd: Path, stderr: str, line: str
) -> None:
    """Given an stderr that nothing can be written to, a program's status is what it is without
    reftrack: 120 where words of its own are in vain, and none else."""
    (cwd / "echo.py").write_text("import atexit; atexit.register(print, 'the end')")
    (cwd / "unread.py").write_text("import sys; sys.exit('words')")
    words = line.split()[1:]

    ours = support.unread(["-m", "reftrack", "run", *words], cwd, stderr)

    expected = (2, "") if "--frames" in words else support.unread(words, cwd, stderr)
    assert ours == expected


def test_what_the_program_has_said_and_not_flushed_comes_before_the_report(cwd: Path) -> None:
    (cwd / "echo.py").write_text(
        "import sys; sys.stderr.reconfigure(line_buffering=False); sys.stderr.write('first\\n')"
    )

    assert support.reftrack("run", "echo.py", cwd=cwd).stderr.startswith("first\nreftrack  ")


@pytest.mark.parametrize("verb", ["report", "json", "rules"])
def test_output_that_has_no_room_is_an_error_of_one_line_and_a_hint(cwd: Path, verb: str) -> None:
    support.reftrack("run", "echo.py", cwd=cwd)

    with open("/dev/full", "w") as full:
        result = subprocess.run(
            [sys.executable, "-m", "reftrack", verb],
            cwd=cwd,
            env=support.environment(cwd),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert result.returncode == 2
    assert result.stderr == (
        "reftrack: error: standard output cannot be written: No space left on device\n"
        "  Send it elsewhere.\n"
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("run unittest -v 'a b'", "reftrack: did you mean: reftrack run -m unittest -v 'a b'"),
        ("unittest -v", "  Did you mean: reftrack run -m unittest -v"),
        ("run unittest.mock", "reftrack: did you mean: reftrack run -m unittest.mock"),
    ],
)
def test_module_that_is_given_as_a_file_is_recognised(cwd: Path, line: str, said: str) -> None:
    result = support.reftrack(*shlex.split(line), cwd=cwd)

    assert result.returncode == 2
    assert result.stderr.splitlines()[1:] == [said]
    assert not (cwd / ".reftrack").exists()


@pytest.mark.parametrize("line", ["run nosuch", "run nosuch.py", "run no-such", "run nosuch.mock"])
def test_file_that_is_missing_and_no_module_has_pythons_words_alone(cwd: Path, line: str) -> None:
    assert len(support.reftrack(*line.split(), cwd=cwd).stderr.splitlines()) == 1


def test_report_of_a_run_without_tests_names_the_newest_that_had_some(cwd: Path) -> None:
    (cwd / "test_it.py").write_text(
        "import unittest\nclass T(unittest.TestCase):\n    def test(self): pass\n"
    )
    support.reftrack("run", "echo.py", cwd=cwd)
    assert "note" not in support.reftrack("report", cwd=cwd).stdout
    support.reftrack("run", "-m", "unittest", "test_it", cwd=cwd)
    with_tests = max((cwd / ".reftrack").iterdir()).name
    assert "note" not in support.reftrack("report", cwd=cwd).stdout
    support.reftrack("run", "echo.py", cwd=cwd)

    report = support.reftrack("report", cwd=cwd).stdout

    assert report.startswith("reftrack  0 tests")
    assert (
        " ".join(report.split())
        .partition("note ")[2]
        .startswith(
            f"this run had no tests; the newest one that had: reftrack report {with_tests} record "
        )
    )


@pytest.mark.parametrize("verb", ["report", "json"])
def test_reader_that_leaves_early_is_no_error(cwd: Path, verb: str) -> None:
    support.reftrack("run", "echo.py", cwd=cwd)
    command = [sys.executable, "-m", "reftrack", verb]

    with subprocess.Popen(
        command,
        cwd=cwd,
        env=support.environment(cwd),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 128 + signal.SIGPIPE
