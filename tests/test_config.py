"""Where options come from, which source wins, and how what is wrong with them is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from reftrack import config
from reftrack.errors import UsageError


def pyproject(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(text)
    return folder


def test_defaults_hold_where_nothing_is_said(tmp_path: Path) -> None:
    assert config.load({}, environ={}, cwd=tmp_path) == config.Options(
        backend="auto", frames=16, directory=".reftrack", json=None, report=True, holders=10
    )


def test_each_source_wins_over_the_one_before(tmp_path: Path) -> None:
    pyproject(tmp_path, "[tool.reftrack]\nframes = 1\nholders = 1\nbackend = 'native'\n")
    environ = {"REFTRACK_FRAMES": "2", "REFTRACK_HOLDERS": "2"}

    options = config.load({"frames": "3"}, environ=environ, cwd=tmp_path)

    assert (options.backend, options.holders, options.frames) == ("native", 2, 3)


@pytest.mark.parametrize(
    ("variable", "value", "key", "expected"),
    [
        ("REFTRACK_DIR", "records", "directory", "records"),
        ("REFTRACK_FRAMES", "256", "frames", 256),
        ("REFTRACK_BACKEND", "tracemalloc", "backend", "tracemalloc"),
        ("REFTRACK_JSON", "null", "json", "null"),
        ("REFTRACK_REPORT", "false", "report", False),
        ("REFTRACK_REPORT", "1", "report", True),
        ("REFTRACK_HOLDERS", "3", "holders", 3),
        ("REFTRACK_RELEASE", "1", "release", True),
        ("REFTRACK_RELEASE_ONLY", "myapp.models, other", "release_only", ("myapp.models", "other")),
    ],
)
def test_every_option_has_a_variable(
    tmp_path: Path, variable: str, value: str, key: str, expected: object
) -> None:
    options = config.load({}, environ={variable: value}, cwd=tmp_path)

    assert getattr(options, key) == expected


def test_empty_variables_and_those_of_others_say_nothing(tmp_path: Path) -> None:
    environ = {"REFTRACK_FRAMES": "", "REFTRACK_SANITIZE": "address", "HOME": "/root"}

    assert config.load({}, environ=environ, cwd=tmp_path) == config.Options()


def test_names_to_release_mean_to_release_unless_that_is_denied(tmp_path: Path) -> None:
    pyproject(tmp_path / "on", "[tool.reftrack]\nrelease_only = ['myapp']\n")
    pyproject(tmp_path / "off", "[tool.reftrack]\nrelease_only = ['myapp']\nrelease = false\n")

    def load(folder: str, **given: object) -> tuple[bool, tuple[str, ...]]:
        options = config.load(given, environ={}, cwd=tmp_path / folder)
        return options.release, options.release_only

    assert load("on") == (True, ("myapp",))
    assert load("off") == (False, ("myapp",))
    assert load("off", release=True) == (True, ("myapp",))
    assert load(".", release_only="a,b.c") == (True, ("a", "b.c"))


def test_table_is_found_in_a_parent_past_projects_without_one(tmp_path: Path) -> None:
    pyproject(tmp_path, "[tool.reftrack]\nframes = 4\n")
    inner = pyproject(tmp_path / "a/b", "[project]\nname = 'inner'\n")

    assert config.load({}, environ={}, cwd=inner / "tests").frames == 4


def test_nearest_table_is_the_only_one_read(tmp_path: Path) -> None:
    pyproject(tmp_path, "[tool.reftrack]\nframes = 4\nholders = 4\n")
    inner = pyproject(tmp_path / "inner", "[tool.reftrack]\nframes = 5\n")

    options = config.load({}, environ={}, cwd=inner)

    assert (options.frames, options.holders) == (5, 10)


def test_paths_are_relative_to_the_file_that_has_them(tmp_path: Path) -> None:
    table = "[tool.reftrack]\ndirectory = 'records'\njson = '/abs/report.json'\n"
    root = pyproject(tmp_path, table)

    below = config.load({}, environ={}, cwd=root / "below")

    assert (below.directory, below.json) == (str(root / "records"), "/abs/report.json")
    assert config.load({}, environ={}, cwd=root).directory == "records"


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ('ignore = "a.*"', ["is not a list of names", 'For example: ignore = ["a.*"]']),
        ("frame = 3", ["unknown setting", "frame", "Did you mean frames?"]),
        ("colour = 3", ["unknown setting", "colour", "backend, frames, directory"]),
        ("frames = 0", ["frames: 0 is not a whole number from 1 to 256"]),
        ("frames = 257", ["frames: 257 is not a whole number from 1 to 256"]),
        ("frames = '8'", ["frames: '8' is not a whole number"]),
        ("frames = true", ["frames: True is not a whole number"]),
        ("backend = 'magic'", ["backend: 'magic' is not auto, native or tracemalloc"]),
        ("report = 'no'", ["report: 'no' is not true or false"]),
        ("directory = ''", ["directory: '' is not a directory"]),
        ("directory = 3", ["directory: 3 is not a directory"]),
        ("holders = -1", ["holders: -1 is not a whole number"]),
        ("release = 1", ["release: 1 is not true or false"]),
        ("release_only = 'myapp'", ["release_only: 'myapp' is not a list of names of modules"]),
        ("release_only = ['a b']", ["release_only: ['a b'] is not a list of names of modules"]),
    ],
)
def test_wrong_table_is_told_with_its_file(tmp_path: Path, table: str, words: list[str]) -> None:
    pyproject(tmp_path, f"[tool.reftrack]\n{table}\n")

    with pytest.raises(UsageError) as caught:
        config.load({}, environ={}, cwd=tmp_path)

    assert str(tmp_path / "pyproject.toml") in str(caught.value)
    assert caught.value.hint
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[tool.reftrack\n", "is not TOML"),
        (b"# \xff\n", "is not TOML"),
        (b"[tool]\nreftrack = 3\n", "is not a table"),
    ],
)
def test_file_that_cannot_be_read_is_told(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "pyproject.toml").write_bytes(content)

    with pytest.raises(UsageError, match=words) as caught:
        config.load({}, environ={}, cwd=tmp_path)

    assert str(tmp_path / "pyproject.toml") in str(caught.value)


@pytest.mark.parametrize("text", ["0", "257", "-3", "many", "1.5", "1e9"])
def test_wrong_number_of_frames_is_told_with_its_source(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match=f"REFTRACK_FRAMES: '{text}' is not a whole number from 1"):
        config.load({}, environ={"REFTRACK_FRAMES": text}, cwd=tmp_path)
    with pytest.raises(UsageError, match=f"--frames: '{text}' is not a whole number from 1"):
        config.load({"frames": text}, environ={}, cwd=tmp_path)


def test_unknown_variable_is_told_with_the_nearest_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown environment variable REFTRACK_FRAME\n") as caught:
        config.load({}, environ={"REFTRACK_FRAME": "3"}, cwd=tmp_path)

    assert caught.value.hint == "Did you mean REFTRACK_FRAMES?"


def test_table_says_what_every_option_takes_and_is_for() -> None:
    for option in config.TABLE.values():
        assert option.accepts
        assert option.help


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0", 0), ("1048576", 1 << 20), ("1MiB", 1 << 20), ("1.5 gib", 3 << 29), ("2kB", 2000)],
)
def test_sizes_are_bytes_or_text_with_a_unit(tmp_path: Path, text: str, expected: int) -> None:
    options = config.load({"fail_over": text}, environ={}, cwd=tmp_path)

    assert options.fail_over == expected


@pytest.mark.parametrize("text", ["-1", "1 mile", "much", ""])
def test_what_is_no_size_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="is not a size such as 4GiB"):
        config.load({"memory_limit": text}, environ={}, cwd=tmp_path)


def test_a_limit_of_no_bytes_is_a_gate_as_any_other() -> None:
    assert not config.Options().has_gates
    assert config.Options(fail_over=0).has_gates
    assert config.Options(fail_over=1024).has_gates
    assert config.Options(baseline="old.jsonl").has_gates
