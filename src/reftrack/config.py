"""The options of a run: one typed table, from which every source of settings is read.

Defaults < `[tool.reftrack]` in the nearest pyproject.toml that has one < environment < pytest's ini
file < command line. A setting that reftrack does not know, or a value that it cannot act on, is a
UsageError that names its source.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from reftrack import sizes
from reftrack.errors import UsageError

PYPROJECT = "pyproject.toml"
_TABLE = "[tool.reftrack]"

# Read by others than this table: REFTRACK_SANITIZE by the build of the extension, REFTRACK_RUN by
# the processes that a run starts.
_OTHER_VARIABLES = frozenset({"REFTRACK_RUN", "REFTRACK_SANITIZE"})


class Options(msgspec.Struct, frozen=True):
    """The options of a run. Of each, `title` says what values it takes, `description` what for."""

    @property
    def has_gates(self) -> bool:
        """Can the run fail for what it keeps? A limit of 0 bytes is one as well."""
        return self.fail_over is not None or self.baseline is not None

    backend: Annotated[
        Literal["auto", "native", "tracemalloc"],
        Meta(title="auto, native or tracemalloc", description="what keeps track of allocations"),
    ] = "auto"
    frames: Annotated[
        int,
        Meta(
            ge=1,
            le=256,
            title="a whole number from 1 to 256",
            description="how many calls of an allocation's traceback to keep, innermost first",
        ),
    ] = 16
    directory: Annotated[
        str,
        Meta(min_length=1, title="a directory", description="where the records of runs are kept"),
    ] = ".reftrack"
    json: Annotated[
        str | None,
        Meta(title="a file", description="write the report as JSON to FILE at the end of the run"),
    ] = None
    report: Annotated[
        bool,
        Meta(title="true or false", description="show the report at the end of the run"),
    ] = True
    holders: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000,
            title="a whole number from 1",
            description="how many holders the report shows",
        ),
    ] = 10
    prove: Annotated[
        bool,
        Meta(
            title="true or false",
            description="cut the largest holders' edges in a copy of the process, to see what goes",
        ),
    ] = True
    repeat: Annotated[
        int,
        Meta(
            ge=0,
            le=1000,
            title="a whole number up to 1000",
            description="how often to run the reported tests again, to see what each run adds",
        ),
    ] = 0
    release: Annotated[
        bool,
        Meta(title="true or false", description="let go of what finished tests hold"),
    ] = False
    release_only: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^[^\W\d]\w*(\.[^\W\d]\w*)*$")], ...],
        Meta(
            title="a list of names of modules or packages",
            description="let go of values whose type is from one of these, and of nothing else",
        ),
    ] = ()
    without_rules: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^[a-z-]+$")], ...],
        Meta(
            title="a list of names that `reftrack rules` shows, or all",
            description="judge what these rules keep quiet by its figures alone",
        ),
    ] = ()

    ignore: Annotated[
        tuple[Annotated[str, Meta(min_length=1)], ...],
        Meta(
            title="a list of names of holders, in which * stands for anything",
            description="leave holders of these names out of what gates judge",
        ),
    ] = ()
    fail_over: Annotated[
        int | None,
        Meta(
            title="a size such as 1MiB",
            description="fail where a test leaves more than this behind",
            extra={"size": True},
        ),
    ] = None
    baseline: Annotated[
        str | None,
        Meta(
            title="a record, or a report as JSON",
            description="fail where a holder is new or has grown since the run that FILE is of",
        ),
    ] = None
    memory_limit: Annotated[
        int | None,
        Meta(
            title="a size such as 4GiB",
            description="explain and stop the run where the process takes more memory than this",
            extra={"size": True},
        ),
    ] = None


class Option(msgspec.Struct, frozen=True):
    """One row of the table: an option under all of its names."""

    key: str
    type: Any
    accepts: str
    help: str
    default: Any
    is_size: bool = False  # bytes, which may be written as `1 MiB`

    @property
    def flag(self) -> str:
        """`--frames`; for a switch that is on by default, the flag that puts it off."""
        name = self.key.replace("_", "-")
        return f"--no-{name}" if self.default is True else f"--{name}"

    @property
    def is_switch(self) -> bool:
        """Does its flag stand alone?"""
        return isinstance(self.default, bool)

    @property
    def meaning(self) -> str:
        if self.is_switch:
            return f"whether to {self.help}; the default is {str(self.default).lower()}"
        return f"{self.help}; the default is {self.default or 'none'}"

    @property
    def variable(self) -> str:
        return "REFTRACK_DIR" if self.key == "directory" else f"REFTRACK_{self.key.upper()}"


def _options() -> Iterator[Option]:
    for field in msgspec.structs.fields(Options):
        meta = next(part for part in field.type.__metadata__ if isinstance(part, Meta))
        yield Option(
            key=field.name,
            type=field.type,
            accepts=meta.title or "",
            help=meta.description or "",
            default=field.default,
            is_size="size" in (meta.extra or {}),
        )


TABLE = {option.key: option for option in _options()}


def load(
    command_line: Mapping[str, object],
    *,
    flags: str = "--",
    ini: Mapping[str, object] | None = None,
    ini_file: str = "",
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Options:
    """The options of this process; `command_line` holds what was given there, by key, in flags that
    begin with `flags`, and `ini` what stands in a runner's own `ini_file`, as `reftrack_KEY`.

    Paths are relative to where they were written down: to the folder of the pyproject.toml, else
    to `cwd`. Raises UsageError.
    """
    values = _from_pyproject(cwd or _current_directory())
    values |= _from_environment(os.environ if environ is None else environ)
    for key, value in (ini or {}).items():
        source = f"{ini_file}: reftrack_{key}"
        values[key] = _value(TABLE[key], value, source=source, spelt=True)
    for key, value in command_line.items():
        values[key] = _value(TABLE[key], value, source=flags + TABLE[key].flag[2:], spelt=True)
    if values.get("release_only"):
        values.setdefault("release", True)
    return Options(**values)


def writable(file: str, flag: str) -> str:
    """The absolute path of a file that can be written, as far as can be told now.

    Raises UsageError.
    """
    path = os.path.abspath(file)
    folder = os.path.dirname(path)
    if os.path.isdir(path):
        problem = "it is a directory"
    elif not os.path.isdir(folder):
        problem = f"there is no directory {folder}"
    elif not os.access(path if os.path.exists(path) else folder, os.W_OK):
        problem = "permission denied"
    else:
        return path
    raise UsageError(f"{flag} {file} cannot be written: {problem}", hint="Name another file.")


def _current_directory() -> Path:
    try:
        return Path.cwd()
    except OSError:
        raise UsageError("the current directory is gone", hint="Change to one.") from None


def _value(option: Option, value: object, *, source: str, spelt: bool = False) -> Any:
    """The value as the option's type; `spelt` is for sources that know nothing but text."""
    strict = not (spelt and isinstance(option.default, int))
    several = spelt and isinstance(option.default, tuple) and isinstance(value, str)
    try:
        if option.is_size:
            return sizes.parse(value)
        return msgspec.convert(_parts(value) if several else value, option.type, strict=strict)
    except (msgspec.ValidationError, ValueError):
        given = repr(value) if isinstance(value, str) else str(value)
        example = ""
        if isinstance(option.default, tuple) and isinstance(value, str):
            example = f" For example: {option.key} = {json.dumps(_parts(value))}"
        raise UsageError(
            f"{source}: {given} is not {option.accepts}",
            hint=f"What for: {option.meaning}.{example}",
        ) from None


def _parts(text: Any) -> list[str]:
    """`a, b`, as a list is written where there is only text."""
    return [part.strip() for part in text.split(",")]


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    variables = {option.variable: option for option in TABLE.values()}
    values = {}
    for name, value in environ.items():
        if not name.startswith("REFTRACK_") or name in _OTHER_VARIABLES or not value:
            continue
        if name not in variables:
            raise _unknown("environment variable", name, variables)
        values[variables[name].key] = _value(variables[name], value, source=name, spelt=True)
    return values


def _from_pyproject(cwd: Path) -> dict[str, Any]:
    for folder in (cwd, *cwd.parents):
        table = _read_table(folder / PYPROJECT)
        if table is not None:
            return _from_table(table, folder, is_cwd=folder == cwd)
    return {}


def _read_table(path: Path) -> Mapping[str, object] | None:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        return None
    except ValueError as error:  # of TOML's grammar, or of UTF-8
        raise UsageError(f"{path} is not TOML: {error}", hint="Correct that file.") from None
    tool = document.get("tool")
    table = tool.get("reftrack") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise UsageError(f"{path}: tool.reftrack is not a table", hint=f"Write {_TABLE} there.")
    return table


def _from_table(table: Mapping[str, object], folder: Path, *, is_cwd: bool) -> dict[str, Any]:
    values = {}
    for key, value in table.items():
        source = f"{folder / PYPROJECT}: {_TABLE} {key}"
        if key not in TABLE:
            raise _unknown("setting", source, TABLE)
        values[key] = _value(TABLE[key], value, source=source)
    for key in {"directory", "json", "baseline"} & values.keys():
        if not is_cwd:
            values[key] = str(folder / values[key])
    return values


def _unknown(what: str, name: str, known: Mapping[str, Option]) -> UsageError:
    # What all names have in front makes no two of them alike.
    short = {each.removeprefix("REFTRACK_"): each for each in known}
    close = get_close_matches(name.rpartition(" ")[2].removeprefix("REFTRACK_"), short, n=1)
    hint = f"Did you mean {short[close[0]]}?" if close else f"There are: {', '.join(known)}."
    return UsageError(f"unknown {what} {name}", hint=hint)
