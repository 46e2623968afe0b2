"""pytest starts reftrack by itself: the report is a part of its own, the status is its own."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from textwrap import dedent
from xml.etree import ElementTree

import msgspec
import pytest

from reftrack.model import Report
from reftrack.reporters.console import STYLES
from reftrack.runners import pytest_run
from support import FOR_LINUX, UNREAD, plain, reftrack, unread
from test_runner_pytest import PYTEST, scopes, timeless

LEAK = """
import pytest

CACHE = []

def test_leak(): CACHE.append(bytearray(3 << 20))
def test_clean(): assert bytearray(1 << 20)
"""


def run_suite(
    folder: Path, *options: str, suite: str = LEAK, conftest: str = "", **env: str
) -> subprocess.CompletedProcess[str]:
    """`pytest --reftrack` of a suite, without proofs, as these take their time."""
    (folder / "suite.py").write_text(dedent(suite))
    if conftest:
        (folder / "conftest.py").write_text(dedent(conftest))
    return plain(*PYTEST, "--reftrack", "--reftrack-no-prove", *options, cwd=folder, env=env)


def report_of(folder: Path) -> Report:
    return msgspec.json.decode((folder / "out.json").read_bytes(), type=Report)


def test_the_header_says_what_is_on_and_the_report_is_a_section_before_the_summary(
    tmp_path: Path,
) -> None:
    (tmp_path / "suite.py").write_text("def test_1(): pass\ndef test_2(): assert 0\n")
    expected = plain(*PYTEST, cwd=tmp_path)

    actual = plain(
        *PYTEST,
        *("--reftrack", "--reftrack-json", "out.json", "--reftrack-frames", "4"),
        *("--reftrack-fail-over", "1MiB"),
        cwd=tmp_path,
    )

    header = re.search(r"^reftrack: .*\n", actual.stdout, re.MULTILINE)
    section = re.search(r"^=+ reftrack =+\n(.*?)(?==+ short test)", actual.stdout, re.M | re.S)
    assert header is not None
    assert section is not None
    assert re.fullmatch(
        r"reftrack: native backend, 4 frames, record \.reftrack/\S+\.jsonl, "
        r"fails tests over 1\.0 MiB\n",
        header[0],
    )
    assert section[1].startswith("reftrack  2 tests")
    assert "\nrecord  .reftrack/" in section[1]
    without = actual.stdout.replace(header[0], "").replace(section[0], "")
    assert timeless(without) == timeless(expected.stdout)
    assert actual.stderr == expected.stderr
    assert actual.returncode == expected.returncode == 1
    report = report_of(tmp_path)
    assert report.complete
    assert (report.run.frames, report.run.exit_status, report.failed) == (4, 1, [])
    assert [(scope.id, scope.outcome) for scope in scopes(tmp_path / "out.json")] == [
        ("suite.py::test_1", "passed"),
        ("suite.py::test_2", "failed"),
    ]


def test_a_run_of_pytests_own_ends_even_where_no_test_can_be_collected(tmp_path: Path) -> None:
    (tmp_path / "suite.py").touch()
    (tmp_path / "conftest.py").write_text("raise ValueError('mine')\n")
    expected = plain(*PYTEST, cwd=tmp_path)

    actual = plain(*PYTEST, "--reftrack", "--reftrack-json", "out.json", cwd=tmp_path)

    assert actual.returncode == expected.returncode == 4
    assert expected.stderr in actual.stderr
    assert "reftrack  0 tests" in actual.stderr
    assert scopes(tmp_path / "out.json") == []


def test_without_pytests_terminal_the_report_is_on_stderr(tmp_path: Path) -> None:
    run = run_suite(tmp_path, "-p", "no:terminal")

    assert run.returncode == 0
    assert run.stdout == ""
    assert run.stderr.startswith("reftrack  2 tests")
    assert "suite.CACHE" in run.stderr


@pytest.mark.parametrize("stderr", UNREAD)
def test_where_nobody_can_read_the_report_pytests_status_stands(
    tmp_path: Path, stderr: str
) -> None:
    (tmp_path / "suite.py").write_text("def test_1(): pass")

    ended = unread([*PYTEST, "-p", "no:terminal", "--reftrack"], tmp_path, stderr)

    assert ended == (0, "")


@pytest.mark.parametrize(
    ("options", "shown", "hidden"),
    [
        (["-q"], ["= reftrack =", "suite.CACHE", "record  "], ["reftrack: native"]),
        (["--no-summary"], ["= reftrack =", "suite.CACHE"], []),
        (["-qq"], ["= reftrack =", "reftrack  2 tests", "record  "], ["suite.CACHE"]),
        (["--reftrack-no-report"], ["reftrack: native"], ["= reftrack =", "suite.CACHE"]),
        (["--reftrack-holders", "1"], ["-> suite.CACHE\n"], []),
    ],
)
def test_the_section_is_as_long_as_pytest_is_asked_to_be(
    tmp_path: Path, options: list[str], shown: list[str], hidden: list[str]
) -> None:
    run = run_suite(tmp_path, *options)

    assert run.returncode == 0
    assert [words for words in shown if words not in run.stdout] == []
    assert [words for words in hidden if words in run.stdout] == []
    assert run.stderr == ""


def test_the_section_has_colours_where_pytest_has_them(tmp_path: Path) -> None:
    coloured = run_suite(tmp_path, "--color=yes")
    uncoloured = run_suite(tmp_path, "--color=no")

    assert "\x1b[33m\x1b[1mONCE" in coloured.stdout or "\x1b[1m\x1b[33mONCE" in coloured.stdout
    assert "\x1b" not in uncoloured.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--reftrack-json", "out.json"], "--reftrack-json needs --reftrack"),
        (["--reftrack-frames", "4"], "--reftrack-frames needs --reftrack"),
        (["--reftrack-no-prove"], "reftrack run --no-prove ... -m pytest"),
        (
            ["--reftrack", "--reftrack-json", "nowhere/out.json"],
            "--reftrack-json nowhere/out.json cannot be written: there is no directory",
        ),
        (["--reftrack", "--reftrack-frames", "0"], "--reftrack-frames: '0' is not a whole number"),
        (["--reftrack", "--reftrack-frames", "many"], "'many' is not a whole number"),
        (["--reftrack", "--reftrack-baseline", "old.json"], "old.json: there is no such file"),
    ],
)
def test_an_option_that_could_do_nothing_is_refused_before_any_test_runs(
    tmp_path: Path, options: list[str], said: str
) -> None:
    (tmp_path / "test_it.py").write_text("def test_it(): print('ran')\n")

    run = plain(*PYTEST, "-s", *options, cwd=tmp_path)

    assert run.returncode == pytest.ExitCode.USAGE_ERROR
    assert said in run.stderr
    assert "ran" not in run.stdout
    assert "Traceback" not in run.stderr


def test_a_pytest_run_that_does_not_ask_for_it_loads_nothing_and_knows_the_marks(
    tmp_path: Path,
) -> None:
    (tmp_path / "suite.py").write_text(
        dedent(
            """
            import sys, pytest

            @pytest.mark.no_reftrack
            @pytest.mark.reftrack(max_objects="nonsense")
            def test_1(request, reftrack):
                names = [plugin for plugin, _ in request.config.pluginmanager.list_name_plugin()]
                assert "reftrack" in names
                assert not {"reftrack.session", "reftrack.model", "msgspec"} & {*sys.modules}
                assert not [name for name in names if name.startswith("reftrack-")]
                assert reftrack is sys.modules["reftrack"]
            """
        )
    )
    (tmp_path / "conftest.py").write_text("def pytest_reftrack_report(report): assert 0\n")

    run = plain(*PYTEST, "--strict-markers", cwd=tmp_path)

    assert run.returncode == 0, run.stdout
    assert not (tmp_path / ".reftrack").exists()


def test_the_fixture_hands_out_the_module(tmp_path: Path) -> None:
    run = run_suite(
        tmp_path,
        "--reftrack-fail-over",
        "1MiB",
        suite="""
        CACHE = []

        def test_1(reftrack):
            assert reftrack.current() is not None
            reftrack.ignore("suite.CACHE", reason="filled for good")
            CACHE.append(bytearray(3 << 20))
        """,
    )

    assert run.returncode == 0, run.stdout


def test_junits_report_has_the_figures_of_each_test_where_reftrack_is_on(tmp_path: Path) -> None:
    suite = LEAK + "\n@pytest.fixture\ndef data(): return bytearray(5 << 20)\n"
    suite += "def test_fixture(data): pass\n"
    asked = run_suite(tmp_path, "--junitxml=on.xml", suite=suite)
    under = reftrack(
        "run", "--no-report", "--no-prove", *PYTEST, "--junitxml=off.xml", cwd=tmp_path
    )

    assert (asked.returncode, under.returncode) == (0, 0)
    figures = {
        case.attrib["name"]: {
            each.attrib["name"]: int(each.attrib["value"]) for each in case.iter("property")
        }
        for case in ElementTree.parse(tmp_path / "on.xml").iter("testcase")
    }
    names = {"reftrack_survived_bytes", "reftrack_allocated_bytes", "reftrack_peak_bytes"}
    assert all(set(values) == names for values in figures.values())
    assert figures["test_leak"]["reftrack_survived_bytes"] >= 3 << 20
    assert figures["test_clean"]["reftrack_survived_bytes"] < 1 << 20
    assert figures["test_clean"]["reftrack_allocated_bytes"] >= 1 << 20
    assert figures["test_fixture"]["reftrack_peak_bytes"] >= 5 << 20
    assert figures["test_fixture"]["reftrack_survived_bytes"] < 1 << 20
    assert "reftrack" not in (tmp_path / "off.xml").read_text()


GROWS = """
CACHE = []

def test_1(): CACHE.append(bytearray(100_000))
def test_2(): CACHE.append(bytearray(100_000))
def test_3(): CACHE.append(bytearray(3 << 20))
"""


@pytest.mark.parametrize("by", ["pytest", "reftrack run"])
def test_github_is_told_of_what_grows_and_of_failed_gates_at_their_lines(
    tmp_path: Path, by: str
) -> None:
    (tmp_path / "suite.py").write_text(GROWS)
    env = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(tmp_path.parent), "COLUMNS": "40"}
    options = ("--no-prove", "--fail-over", "1MiB")

    if by == "pytest":
        own = [option.replace("--", "--reftrack-") for option in options]
        run = plain(*PYTEST, "--reftrack", *own, cwd=tmp_path, env=env)
    else:
        run = reftrack("run", *options, *PYTEST, cwd=tmp_path, env=env)

    output = run.stdout if by == "pytest" else run.stderr
    commands = [line for line in output.splitlines() if line.startswith("::")]
    assert [command.partition(",title=")[0] for command in commands] == [
        f"::warning file={tmp_path.name}/suite.py,line=6",
        f"::error file={tmp_path.name}/suite.py,line=6",
    ]
    assert "reftrack%3A GROWING 3.2 MiB in 3 tests::module suite -> suite.CACHE%0A" in commands[0]
    assert commands[1].endswith(
        "::suite.py::test_3 left 3.0 MiB behind (limit 1.0 MiB): suite.CACHE"
    )
    assert run.returncode == 1


HOOKS = {
    "a text": ("return 'too much'", "too much"),
    "texts": ("return ['too much', 'by far']", "too much"),
    "an assertion": ("assert not report.holders, 'something is held'", "something is held"),
    "an error": ("1 / 0", "pytest_reftrack_report raised ZeroDivisionError"),
}


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_that_is_told_of_the_report_can_fail_the_run(tmp_path: Path, hook: str) -> None:
    body, said = HOOKS[hook]
    conftest = f"def pytest_reftrack_report(report):\n    {body}\n"

    run = run_suite(tmp_path, "--reftrack-json", "out.json", conftest=conftest)

    assert run.returncode == 1
    assert f"FAILED    {said}" in run.stdout
    assert "suite.CACHE" in run.stdout
    assert "2 passed" in run.stdout
    assert said in report_of(tmp_path).failed[0]


def test_the_hook_is_called_once_and_under_reftrack_run_too(tmp_path: Path) -> None:
    (tmp_path / "suite.py").write_text(LEAK)
    (tmp_path / "conftest.py").write_text(
        "def pytest_reftrack_report(report):\n"
        "    print('hook', report.totals.tests, report.complete)\n"
        "    return ['too much'] if len(report.holders) else None\n"
    )

    run = reftrack("run", "--no-prove", *PYTEST, "-s", cwd=tmp_path)

    assert run.stdout.count("hook 2 True") == 1
    assert "FAILED    too much" in run.stderr
    assert run.returncode == 1


def test_a_hook_that_has_nothing_to_say_changes_nothing(tmp_path: Path) -> None:
    run = run_suite(tmp_path, conftest="def pytest_reftrack_report(report): return None\n")

    assert run.returncode == 0
    assert "FAILED" not in run.stdout


def test_a_run_fails_by_its_baseline_with_a_status_of_pytests(tmp_path: Path) -> None:
    suite = "CACHE = []\nOTHER = []\n\ndef test_1():\n    CACHE.append(bytearray(3 << 20))\n"
    first = run_suite(tmp_path, "--reftrack-json", "old.json", suite=suite)
    same = run_suite(tmp_path, "--reftrack-baseline", "old.json", suite=suite)
    more = suite + "    OTHER.append(bytearray(3 << 20))\n"

    grown = run_suite(tmp_path, "--reftrack-baseline", "old.json", suite=more)

    assert (first.returncode, same.returncode, grown.returncode) == (0, 0, 1)
    assert "baseline old.json" in grown.stdout
    assert "FAILED    suite.OTHER is new since old.json" in grown.stdout
    assert "1 passed" in grown.stdout


def test_the_conftest_in_the_readme_fails_a_run_on_new_leaks(tmp_path: Path) -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n# conftest\.py\n(.*?)```", readme, re.S)
    assert len(blocks) == 1
    conftest = blocks[0]
    assert len(conftest.splitlines()) < 10
    (tmp_path / "known-leaks.txt").write_text("suite.KNOWN\nsuite.GONE\n")
    suite = """
    KNOWN, NEW = [], []

    def test_1(): KNOWN.append(bytearray(1 << 20))
    def test_2(): KNOWN.append(bytearray(1 << 20))
    def test_3(): KNOWN.append(bytearray(1 << 20))
    """

    known = run_suite(tmp_path, suite=suite, conftest=conftest)
    new = run_suite(tmp_path, suite=suite.replace("KNOWN.append", "NEW.append"), conftest=conftest)

    assert (known.returncode, new.returncode) == (0, 1), known.stdout + new.stdout
    assert "FAILED    new leak: suite.NEW" in new.stdout


def test_what_is_given_in_the_ini_file_turns_it_on_and_a_flag_off_again(tmp_path: Path) -> None:
    (tmp_path / "suite.py").write_text("def test_1(): pass\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\nreftrack = true\nreftrack_prove = false\n")

    on = plain(*PYTEST, cwd=tmp_path)
    off = plain(*PYTEST, "--no-reftrack", cwd=tmp_path)
    under = reftrack("run", "--no-report", "--no-prove", *PYTEST, cwd=tmp_path)

    assert "= reftrack =" in on.stdout
    assert "reftrack" not in re.sub(r"plugins: .*|rootdir: .*", "", off.stdout)
    assert timeless(under.stdout) == timeless(off.stdout)


def test_every_style_of_the_report_has_a_word_of_pytests_terminal_writer() -> None:
    from _pytest._io.terminalwriter import TerminalWriter

    words = {word for style in STYLES for word in pytest_run.markup(style)}

    assert words <= TerminalWriter._esctable.keys()


def test_a_last_test_that_keeps_much_is_seen_by_the_final_look_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "suite.py").write_text(
        "KEPT = []\ndef test_keeps(): KEPT.append(bytearray(100_000_000))\n"
    )

    run = reftrack("run", "--json", tmp_path / "out.json", *PYTEST, cwd=tmp_path)
    report = msgspec.json.decode((tmp_path / "out.json").read_bytes(), type=Report)

    assert "INCOMPLETE" not in run.stdout + run.stderr
    assert report.complete
    proved = pytest.approx(100_000_000, rel=0.01) if FOR_LINUX else None  # proofs need Linux
    assert report.holders[0].proved_bytes == proved
