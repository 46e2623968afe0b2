"""Subprocesses for tests: one program, under plain python and under reftrack."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import dedent

from reftrack import _reftrack

TIMEOUT = 120.0

FOR_LINUX = _reftrack.footprint()[0] >= 0
"""Is the extension built for Linux, or without what other systems lack (REFTRACK_PORTABLE)?"""

PLUGINS = ("anyio", "asyncio", "django", "pytest_cov", "randomly", "rerunfailures", "timeout")
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
    """`python [flags] args` in `cwd`, ended after two minutes; the error says where it was then.

    Its environment is this process's without reftrack's own variables, with `env` on top; records
    go below `cwd` unless `env` has REFTRACK_DIR, and PLUGINS are off unless it has PYTEST_ADDOPTS.
    """
    command = [python, *flags, *args]
    with subprocess.Popen(
        command,
        cwd=cwd,
        env=environment(cwd, env),
        stdin=subprocess.DEVNULL if input is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="surrogateescape",
    ) as process:
        try:
            out, error = process.communicate(input, timeout=TIMEOUT)
        except subprocess.TimeoutExpired as expired:
            expired.add_note(_aborted(process))
            raise
    return subprocess.CompletedProcess(command, process.returncode, out, error)


def _aborted(process: subprocess.Popen[str]) -> str:
    """What a process has printed, and, from its faulthandler, where its threads are."""
    process.send_signal(signal.SIGABRT)
    try:
        out, error = process.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        return "it did not end by SIGABRT either"
    return f"--- stdout\n{out[-4000:]}\n--- stderr\n{error[-8000:]}"


def environment(cwd: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """What `plain` and `reftrack` give a subprocess. pytest-django, where it is installed, adds
    fixtures of its own to each test; so it is not loaded unless `extra` has PYTEST_ADDOPTS. Streams
    have buffers, as they mostly have, whatever an image of a container sets."""
    left_out = ("REFTRACK_", "PYTEST_XDIST_", "COLUMNS", "PYTHONUNBUFFERED")
    outer = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    own = {
        "REFTRACK_DIR": str(cwd / ".reftrack"),
        "PYTEST_ADDOPTS": without(*PLUGINS),
        "PYTHONFAULTHANDLER": "1",
    }
    return {**outer, **own, **(extra or {})}


def without(*plugins: str) -> str:
    """What PYTEST_ADDOPTS has for a pytest without these plugins."""
    return " ".join(f"-p no:{name}" for name in plugins)


UNREAD = ("full", "left by its reader")


def unread(words: Sequence[str], cwd: Path, stderr: str) -> tuple[int, str]:
    """Status and output of `python words` in `cwd`, where stderr is one of UNREAD."""
    if stderr == "full":
        there = os.open("/dev/full", os.O_WRONLY)
    else:
        reader, there = os.pipe()
        os.close(reader)
    try:
        ended = subprocess.run(
            [sys.executable, *words],
            cwd=cwd,
            env=environment(cwd),
            stdout=subprocess.PIPE,
            stderr=there,
            text=True,
            check=False,
        )
    finally:
        os.close(there)
    return ended.returncode, ended.stdout


def run(tmp_path: Path, source: str) -> str:
    """The output of a script that has `_reftrack`; it must not crash."""
    script = tmp_path / "script.py"
    script.write_text("from reftrack import _reftrack\n" + dedent(source))
    done = plain(script, cwd=tmp_path)
    assert done.returncode == 0, done.stderr or f"ended by signal {-done.returncode}"
    return done.stdout
