"""The package works where calls that Linux has are missing: what it cannot have it does without."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from support import FOR_LINUX, plain

AS_ELSEWHERE = """
    import importlib.abc, os, signal, sys

    class Missing(importlib.abc.MetaPathFinder):
        def find_spec(self, name, path=None, target=None):
            if name in ("fcntl", "resource", "termios", "pwd", "grp", "posix"):
                raise ModuleNotFoundError(f"no {name} on this system", name=name)

    sys.meta_path.insert(0, Missing())
    for name in (
        *("fork", "register_at_fork", "wait4", "getuid", "geteuid", "uname", "sched_getaffinity"),
        *("O_NOFOLLOW", "O_NOCTTY", "O_ACCMODE", "O_CLOEXEC", "O_NONBLOCK"),
    ):
        vars(os).pop(name, None)
    for name in (
        *("SIGUSR1", "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGKILL", "setitimer", "pthread_sigmask"),
    ):
        vars(signal).pop(name, None)
    for name in [name for name in sys.modules if name in ("fcntl", "resource", "pwd", "grp")]:
        del sys.modules[name]
"""

LEAKING = """
import unittest

KEPT = []

class LeakTest(unittest.TestCase):
    def test_leak(self):
        KEPT.append(bytearray(300_000))
"""


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder from whose Python what other systems do not have is gone as it starts."""
    lines = [line[4:] for line in AS_ELSEWHERE.splitlines()]
    (tmp_path / "sitecustomize.py").write_text("\n".join(lines) + "\n")
    (tmp_path / "leaking.py").write_text(LEAKING)
    return tmp_path


def test_every_module_can_be_imported(elsewhere: Path) -> None:
    program = """
import pkgutil, importlib, reftrack
for found in pkgutil.walk_packages(reftrack.__path__, "reftrack."):
    if not found.name.endswith("__main__"):
        importlib.import_module(found.name)
import os
assert not hasattr(os, "fork")
"""

    done = plain("-c", program, cwd=elsewhere, env={"PYTHONPATH": str(elsewhere)})

    assert done.returncode == 0, done.stderr


def test_a_run_is_explained_and_its_record_can_be_read(elsewhere: Path) -> None:
    done = plain(
        *("-m", "reftrack", "run", "--json", "out.json", "-m", "unittest", "leaking"),
        cwd=elsewhere,
        env={"PYTHONPATH": str(elsewhere)},
    )

    assert done.returncode == 0, done.stderr
    assert "leaking.KEPT" in done.stdout + done.stderr
    report = msgspec.json.decode((elsewhere / "out.json").read_bytes())
    assert [h["name"] for h in report["holders"] if h["survived_bytes"] >= 300_000] == [
        "leaking.KEPT"
    ]


@pytest.mark.skipif(FOR_LINUX, reason="a build with REFTRACK_PORTABLE: make portable-tests")
def test_a_build_for_other_systems_says_what_it_cannot_do(elsewhere: Path) -> None:
    words = ("-m", "reftrack", "run")
    program = ("-m", "unittest", "leaking")

    limited = plain(*words, "--memory-limit", "1GiB", *program, cwd=elsewhere)
    report = plain(*words, *program, cwd=elsewhere)

    assert "this system does not say how much memory a process has" in limited.stderr
    assert "a process can be copied and sealed off on Linux alone" in report.stdout + report.stderr
