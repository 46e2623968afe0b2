"""The options of `pytest --reftrack`: for each of reftrack's own a flag and an ini setting.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from reftrack.untouched import BUILTINS

if TYPE_CHECKING:
    from reftrack.config import Options

__builtins__ = BUILTINS


class Setting(NamedTuple):
    """An option of reftrack's as pytest knows it: `--reftrack-FLAG WORD`, or a switch if there is
    no `word`; and `reftrack_KEY` in the ini file. With `several` its value is a list of names."""

    key: str
    help: str
    word: str = ""
    several: bool = False

    @property
    def flag(self) -> str:
        return "--reftrack-" + self.key.replace("_", "-")

    @property
    def name(self) -> str:
        return f"reftrack_{self.key}"


SETTINGS = (
    Setting("backend", "what keeps track of allocations", "NAME"),
    Setting("frames", "how many calls of an allocation's traceback to keep", "N"),
    Setting("directory", "where the records of runs are kept", "DIR"),
    Setting("json", "write the report as JSON to FILE, too", "FILE"),
    Setting("report", "show the report at the end of the run"),
    Setting("holders", "how many holders the report shows", "N"),
    Setting("prove", "cut the largest holders' edges in a copy of the process, to see what goes"),
    Setting("repeat", "run the reported tests N times again, to see what each run adds", "N"),
    Setting("release", "let go of what finished tests hold"),
    Setting("release_only", "let go of values whose type is from these modules", "NAMES", True),
    Setting("without_rules", "judge what these rules keep quiet by its figures", "NAMES", True),
    Setting("ignore", "leave holders of these names out of what gates judge", "NAMES", True),
    Setting("fail_over", "fail a test that leaves more than this behind, such as 1MiB", "SIZE"),
    Setting("baseline", "fail where a holder is new or has grown since FILE", "FILE"),
    Setting("memory_limit", "explain and stop the run beyond this, such as 4GiB", "SIZE"),
)
"""The table of `reftrack.config`, without an import of that: pytest asks for options in every run.
tests/test_pytest_options.py keeps them the same."""

_FILES = ("directory", "json", "baseline")


def add(parser: pytest.Parser) -> None:
    """Tell pytest of them all."""
    group = parser.getgroup("reftrack", "which test keeps which memory alive")
    group.addoption(
        "--reftrack",
        action="store_true",
        default=None,
        help="report at the end which tests keep memory alive, and what holds it",
    )
    group.addoption(
        "--no-reftrack",
        action="store_false",
        dest="reftrack",
        help="do not, although the ini file says so",
    )
    parser.addini("reftrack", "as --reftrack: follow every run", type="bool", default=False)
    for setting in SETTINGS:
        _add_flags(group, setting)
        help = f"as {setting.flag}: {setting.help}"
        parser.addini(setting.name, help, type=_ini_type(setting), default=None)


def _add_flags(group: Any, setting: Setting) -> None:
    help = f"with --reftrack: {setting.help}"
    if setting.word:
        group.addoption(setting.flag, dest=setting.name, metavar=setting.word, help=help)
        return
    opposite = setting.flag.replace("--reftrack-", "--reftrack-no-")
    group.addoption(setting.flag, dest=setting.name, action="store_const", const=True, help=help)
    group.addoption(
        opposite, dest=setting.name, action="store_const", const=False, help="the opposite"
    )


def _ini_type(setting: Setting) -> Any:
    """TOML has numbers and booleans, which pytest hands out to who says that these may come."""
    if setting.several:
        return "linelist"
    if pytest.version_tuple < (9, 2) or setting.word not in ("", "N", "SIZE"):
        return "string"
    return int | str if setting.word else bool | str


def is_on(config: pytest.Config, arguments: Any) -> bool:
    """Is the run to be followed? What is given for nothing is refused: raises UsageError."""
    if arguments.reftrack or (arguments.reftrack is None and _ini(config, "reftrack")):
        return True
    for setting in SETTINGS:
        if (value := getattr(arguments, setting.name)) is not None:
            flag = setting.flag.removeprefix("--reftrack-")
            flag = f"no-{flag}" if value is False else flag
            raise pytest.UsageError(
                f"--reftrack-{flag} needs --reftrack; under `reftrack run` it stands before "
                f"pytest: reftrack run --{flag} ... -m pytest ..."
            )
    return False


def load(config: pytest.Config, arguments: Any) -> Options:
    """What all sources say: the table in pyproject.toml, the environment, pytest's ini file and its
    command line, in this order. Raises UsageError of reftrack's."""
    from reftrack import config as own

    given = {setting.key: getattr(arguments, setting.name) for setting in SETTINGS}
    ini = {setting.key: _from_ini(config, setting) for setting in SETTINGS}
    return own.load(
        {key: value for key, value in given.items() if value is not None},
        flags="--reftrack-",
        ini={key: value for key, value in ini.items() if value is not None},
        ini_file=str(config.inipath or "-o"),
    )


def _from_ini(config: pytest.Config, setting: Setting) -> object:
    value = _ini(config, setting.name)
    if setting.several:
        return ",".join(value) if value else None
    if value and setting.key in _FILES and config.inipath is not None:
        # As pytest has it for paths: relative to the file that they stand in.
        folder = str(config.inipath.parent)
        return value if folder == os.getcwd() else os.path.join(folder, value)
    return value


def _ini(config: pytest.Config, name: str) -> Any:
    try:
        return config.getini(name)
    except (TypeError, ValueError) as error:  # before pytest 9.2
        raise pytest.UsageError(f"{config.inipath or '-o'}: {name}: {error}") from None
