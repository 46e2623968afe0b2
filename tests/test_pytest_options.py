"""Every option of reftrack's, from every source that it may come from under pytest."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from reftrack import cli, config
from reftrack.config import Option, Options
from reftrack.errors import UsageError
from reftrack.runners import pytest_options
from reftrack.runners.pytest_options import SETTINGS

OTHER: dict[str, tuple[str, object]] = {
    "backend": ("tracemalloc", "tracemalloc"),
    "frames": ("7", 7),
    "directory": ("records", "records"),
    "json": ("out.json", "out.json"),
    "report": ("false", False),
    "holders": ("3", 3),
    "prove": ("false", False),
    "repeat": ("2", 2),
    "release": ("true", True),
    "release_only": ("a.b,c", ["a.b", "c"]),
    "without_rules": ("all", ["all"]),
    "ignore": ("myapp.*,other", ["myapp.*", "other"]),
    "fail_over": ("1.5MiB", "1.5MiB"),
    "baseline": ("old.json", "old.json"),
    "memory_limit": ("4GiB", "4GiB"),
}
"""For each option a value that is not the default: as text, and as TOML has it."""

ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}

ROWS = pytest.mark.parametrize("option", config.TABLE.values(), ids=lambda option: option.key)


def test_pytest_knows_the_options_of_the_table_in_its_order() -> None:
    assert [(setting.key, not setting.word, setting.several) for setting in SETTINGS] == [
        (option.key, option.is_switch, isinstance(option.default, tuple))
        for option in config.TABLE.values()
    ]
    assert set(OTHER) == set(config.TABLE)


@ROWS
def test_a_value_is_the_same_from_every_source(
    tmp_path: Path, option: Option, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, value = OTHER[option.key]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.environ", {**ALONE})
    flag = [option.flag] if option.is_switch else [option.flag, text]
    own = [word.replace("--", "--reftrack-") if word[:2] == "--" else word for word in flag]

    by_source = {
        "reftrack run": _of_command_line(flag),
        "--reftrack-": _of_pytest(own),
        "-o": _of_pytest(["-o", f"reftrack_{option.key}={text}"]),
        "pytest.ini": _of_ini(tmp_path, f"[pytest]\nreftrack_{option.key} = {text}\n"),
        "[tool.pytest.ini_options]": _of_toml(
            tmp_path, f"[tool.pytest.ini_options]\nreftrack_{option.key} = {_toml(value)}\n"
        ),
        "[tool.reftrack]": _of_toml(tmp_path, f"[tool.reftrack]\n{option.key} = {_toml(value)}\n"),
        "environment": config.load({}, environ={option.variable: text}),
    }

    assert len(set(by_source.values())) == 1, by_source
    assert getattr(by_source["environment"], option.key) != option.default


@pytest.mark.skipif(pytest.version_tuple < (9, 2), reason="pytest had no [tool.pytest] of its own")
@ROWS
def test_pytests_own_table_in_toml_takes_numbers_and_booleans(
    tmp_path: Path, option: Option, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, value = OTHER[option.key]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.environ", {**ALONE})

    options = _of_toml(tmp_path, f"[tool.pytest]\nreftrack_{option.key} = {_toml(value)}\n")

    assert options == config.load({}, environ={option.variable: text})


def test_a_flag_wins_over_the_ini_file_which_wins_over_the_environment_and_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.environ", {"REFTRACK_HOLDERS": "2", "REFTRACK_FRAMES": "2", **ALONE})
    (tmp_path / "pytest.ini").write_text("[pytest]\nreftrack_frames = 3\nreftrack_repeat = 3\n")
    (tmp_path / "pyproject.toml").write_text(
        "[tool.reftrack]\nholders = 1\nframes = 1\nrepeat = 1\nbackend = 'native'\nprove = false\n"
    )

    options = _of_pytest(["--reftrack-repeat", "4", "--reftrack-prove"])

    assert (options.backend, options.holders, options.frames, options.repeat, options.prove) == (
        "native",
        2,
        3,
        4,
        True,
    )


def test_paths_in_the_ini_file_are_relative_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\nreftrack_directory = records\n")
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    monkeypatch.setattr("os.environ", {**ALONE})

    assert _of_pytest([]).directory == str(tmp_path / "records")


def test_a_value_of_the_ini_file_that_makes_no_sense_is_told_with_its_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.environ", {**ALONE})
    (tmp_path / "pytest.ini").write_text("[pytest]\nreftrack_fail_over = much\n")

    with pytest.raises(UsageError, match=r"pytest\.ini: reftrack_fail_over: 'much' is not"):
        _of_pytest([])


def _of_command_line(words: list[str]) -> Options:
    parsed = vars(cli._parser().parse_args(["run", *words]))
    return config.load({key: value for key, value in parsed.items() if key in config.TABLE})


def _of_ini(folder: Path, text: str) -> Options:
    return _of_file(folder / "pytest.ini", text)


def _of_toml(folder: Path, text: str) -> Options:
    return _of_file(folder / "pyproject.toml", text)


def _of_file(file: Path, text: str) -> Options:
    file.write_text(text)
    try:
        return _of_pytest([])
    finally:
        file.unlink()


def _of_pytest(words: list[str]) -> Options:
    """The options as a pytest that was called like this has them; it runs nothing."""
    found: list[Options] = []

    def pytest_cmdline_main(config: pytest.Config) -> int:
        found.append(pytest_options.load(config, config.option))
        return 0

    # In place of the whole plugin, which would start a run.
    plugin: Any = SimpleNamespace(
        pytest_addoption=pytest_options.add, pytest_cmdline_main=pytest_cmdline_main
    )
    assert pytest.main(words, plugins=[plugin]) == 0
    return found[0]


def _toml(value: object) -> str:
    return json.dumps(value)
