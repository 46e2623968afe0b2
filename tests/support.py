"""Subprocesses for tests: one program, under plain python and under reftrack."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

TIMEOUT = 120.0

PLUGINS = ("anyio", "asyncio", "django", "pytest_cov", "randomly", "rerunfailures")
"""Plugins of pytest that are installed for the tests which have reftrack beside them: none of them
takes part in other runs."""


def reftrack(
    *args: str | os.PathLike[str],
    cwd: Path,
    env: Mapping[str, str] | None = None,
    python: str = sys.executable,
    flags: Sequence[str] = (),
    input: str | None = None,
) -> subprocess.CompletedProcess[str]:
    """`python [flags] -m reftrack args` in `cwd`; see `plain`."""
    flags = (*flags, "-m", "reftrack")
    return plain(*args, cwd=cwd, env=env, python=python, flags=flags, input=input)


def plain(
    *args: str | os.PathLike[str],
    cwd: Path,
    env: Mapping[str, str] | None = None,
    python: str = sys.executable,
    flags: Sequence[str] = (),
    input: str | None = None,
) -> subprocess.CompletedProcess[str]:
    """`python [flags] args` in `cwd`, ended after two minutes.

    Its environment is this process's without reftrack's own variables, with `env` on top; records
    go below `cwd` unless `env` has REFTRACK_DIR, and PLUGINS are off unless it has PYTEST_ADDOPTS.
    """
    return subprocess.run(
        [python, *flags, *args],
        cwd=cwd,
        env=environment(cwd, env),
        input=input,
        stdin=subprocess.DEVNULL if input is None else None,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        timeout=TIMEOUT,
        check=False,
    )


def environment(cwd: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """What `plain` and `reftrack` give a subprocess. pytest-django, where it is installed, adds
    fixtures of its own to each test; so it is not loaded unless `extra` has PYTEST_ADDOPTS."""
    outer = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("REFTRACK_", "PYTEST_XDIST_", "COLUMNS"))
    }
    own = {"REFTRACK_DIR": str(cwd / ".reftrack"), "PYTEST_ADDOPTS": without(*PLUGINS)}
    return {**outer, **own, **(extra or {})}


def without(*plugins: str) -> str:
    """What PYTEST_ADDOPTS has for a pytest without these plugins."""
    return " ".join(f"-p no:{name}" for name in plugins)
