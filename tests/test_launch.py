"""The wrapped program cannot tell that it is wrapped: the same run, plain and under reftrack."""

from __future__ import annotations

import json
import py_compile
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

import support

Layout = Callable[[str], Path]

# Everything that a program can look at to find out how it was started, as JSON.
PROBE = """
import json, os, pickle, re, signal, sys, threading

def described(value):
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))

names = list(globals())
low_descriptor = os.dup(2)

def function(argument: 1 + 1 = None):
    pass

print(json.dumps({
    "argv": sys.argv,
    "path": sys.path,
    "main": {name: described(globals()[name]) for name in names},
    "names in order": names,
    "is __main__": sys.modules["__main__"].__dict__ is globals(),
    "attributes of the module": sorted(vars(sys.modules["__main__"])),
    "type of the module": described(type(sys.modules["__main__"])),
    "spec": described(getattr(__spec__, "__dict__", None)),
    "pickled": pickle.loads(pickle.dumps(function)) is function,
    "module of a function": function.__module__,
    "file of a function": function.__code__.co_filename,
    "annotations, which are evaluated": described(function.__annotations__),
    "flags": described(sys.flags),
    "warnoptions": sys.warnoptions,
    "xoptions": sys._xoptions,
    "cwd": os.getcwd(),
    "stdin": sys.stdin.read(),
    # What the processes that it starts join the run by.
    "environment": {k: v for k, v in os.environ.items() if k != "REFTRACK_RUN"},
    "low descriptor": low_descriptor,
    "hooks": [sys.excepthook is sys.__excepthook__, sys.displayhook is sys.__displayhook__,
              sys.unraisablehook is sys.__unraisablehook__, sys.gettrace(), sys.getprofile()],
    "signals": [described(signal.getsignal(n)) for n in (signal.SIGINT, signal.SIGTERM)],
    "limit": sys.getrecursionlimit(),
    "thread": threading.current_thread() is threading.main_thread(),
    "threads": threading.active_count(),
    "exception": described(sys.exc_info()),
    "streams": [sys.stdout is sys.__stdout__, sys.stderr is sys.__stderr__, sys.stdout.name],
}))
"""

TARGETS = {
    "script": ["program.py"],
    "script with a dot": ["./program.py"],
    "script in a folder": ["folder/../folder/__main__.py"],
    "script by a link": ["link.py"],
    "compiled script": ["program.pyc"],
    "module": ["-m", "program"],
    "module in one word": ["-mprogram"],
    "module in a package": ["-m", "package.module"],
    "package": ["-m", "package"],
    "code": ["-c", "PROGRAM"],
    "directory": ["folder"],
    "directory with a slash": ["./folder/"],
    "zip file": ["program.zip"],
}
ONE_OF_EACH = ["script", "module", "package", "code", "directory", "zip file"]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Puts one program where each of the targets finds it; the result is the folder to run in."""

    def lay_out(source: str) -> Path:
        source = dedent(source)
        for name in ("program.py", "folder/__main__.py", "package/__main__.py"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(source)
        (tmp_path / "package/module.py").write_text(source)
        (tmp_path / "package/__init__.py").write_text("import sys; print(__name__, sys.argv)\n")
        (tmp_path / "link.py").symlink_to("folder/__main__.py")
        with zipfile.ZipFile(tmp_path / "program.zip", "w") as archive:
            archive.writestr("__main__.py", source)
        return tmp_path

    return lay_out


def both(
    cwd: Path, *command: str, flags: tuple[str, ...] = (), env: dict[str, str] | None = None
) -> tuple[subprocess.CompletedProcess[str], subprocess.CompletedProcess[str]]:
    """The command under plain python, and under reftrack that keeps quiet."""
    command = tuple((cwd / "program.py").read_text() if w == "PROGRAM" else w for w in command)
    plain = support.plain(*command, cwd=cwd, flags=flags, env=env, input="from stdin\n")
    ours = support.reftrack(
        "run", "--no-report", *command, cwd=cwd, flags=flags, env=env, input="from stdin\n"
    )
    return plain, ours


def assert_same(cwd: Path, *command: str, flags: tuple[str, ...] = ()) -> str:
    """Given a command, both ways of running it agree to the byte; the result is its stderr."""
    plain, ours = both(cwd, *command, flags=flags)
    assert ours.stderr == plain.stderr
    assert ours.stdout == plain.stdout
    assert ours.returncode == plain.returncode
    return plain.stderr


@pytest.mark.parametrize("target", TARGETS)
def test_program_finds_itself_started_as_by_python(layout: Layout, target: str) -> None:
    cwd = layout(PROBE)
    py_compile.compile(str(cwd / "program.py"), cfile=str(cwd / "program.pyc"), doraise=True)
    arguments = ["--frames", "3", "-m", "x", "--", "--help"]

    plain, ours = both(cwd, *TARGETS[target], *arguments)

    assert json.loads(ours.stdout.splitlines()[-1]) == json.loads(plain.stdout.splitlines()[-1])
    assert ours.stdout == plain.stdout
    assert (ours.stderr, ours.returncode) == (plain.stderr, plain.returncode) == ("", 0)


@pytest.mark.parametrize("target", ONE_OF_EACH)
@pytest.mark.parametrize("flags", [("-P",), ("-O",), ("-X", "dev", "-W", "error")], ids=" ".join)
def test_flags_of_the_interpreter_mean_the_same(
    layout: Layout, target: str, flags: tuple[str, ...]
) -> None:
    command = TARGETS[target]
    if "-P" in flags and "-m" in command:
        command = ["-m", "program"]  # found by PYTHONPATH, see below
    cwd = layout(PROBE)

    # With -P the current directory is not on the path: a module has to be found otherwise.
    inherited = support.environment(cwd).get("PYTHONPATH")
    env = {"PYTHONPATH": ":".join(filter(None, [inherited, str(cwd)]))}
    plain, ours = both(cwd, *command, flags=flags, env=env)

    assert json.loads(ours.stdout.splitlines()[-1]) == json.loads(plain.stdout.splitlines()[-1])
    assert (ours.stderr, ours.returncode) == (plain.stderr, plain.returncode) == ("", 0)


def test_safe_path_from_the_environment_is_kept(layout: Layout) -> None:
    cwd = layout(PROBE)

    plain, ours = both(cwd, "program.py", env={"PYTHONSAFEPATH": "1"})

    assert json.loads(ours.stdout)["path"] == json.loads(plain.stdout)["path"]
    assert str(cwd) not in json.loads(ours.stdout)["path"]


def test_script_may_come_through_a_pipe(tmp_path: Path) -> None:
    program = "import sys; print(sys.argv, sys.path, __file__)"

    plain = support.plain("/dev/stdin", "x", cwd=tmp_path, input=program)
    ours = support.reftrack("run", "--no-report", "/dev/stdin", "x", cwd=tmp_path, input=program)

    assert ours.stdout == plain.stdout
    assert (ours.stderr, ours.returncode) == (plain.stderr, plain.returncode) == ("", 0)


def test_installed_script_starts_it_in_the_same_way(layout: Layout) -> None:
    cwd = layout(PROBE)
    (cwd / "bin").mkdir()
    (cwd / "bin/reftrack").write_text(
        "import sys\nfrom reftrack.__main__ import main\nsys.exit(main())\n"
    )

    plain = support.plain("program.py", "x", cwd=cwd, input="")
    ours = support.plain("bin/reftrack", "run", "--no-report", "program.py", "x", cwd=cwd, input="")

    assert json.loads(ours.stdout) == json.loads(plain.stdout)


FAILURES = {
    "an exception": "def f():\n    return 1 / 0\nf()\n",
    "an exception with a cause": """
        try:
            {}["key"]
        except KeyError as error:
            raise ValueError("no key") from error
        """,
    "an exception group": "raise ExceptionGroup('two', [ValueError(1), TypeError(2)])",
    "an exception with a note": "e = ValueError('x'); e.add_note('a note'); raise e",
    "an import that fails": "import not_to_be_found",
    "a syntax error": "def f():\n    return 1 +\n",
    "a wrong indent": "def f():\n  a = 1\n    b = 2\n",
    "an open bracket": "f(1,\n",
    "a subclass of KeyboardInterrupt": "class K(KeyboardInterrupt): pass\nraise K",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "a hook of its own": """
        import sys, traceback
        def hook(kind, error, trace):
            print("hook", kind, error, traceback.extract_tb(trace), sys.exc_info(), flush=True)
        sys.excepthook = hook
        1 / 0
        """,
    "a hook that fails": """
        import sys
        def hook(*details):
            raise TypeError("in the hook")
        sys.excepthook = hook
        1 / 0
        """,
    "a hook that exits": """
        import sys
        sys.excepthook = lambda *details: sys.exit(7)
        1 / 0
        """,
    "no hook": "import sys; del sys.excepthook; 1 / 0",
    "what python remembers": """
        import atexit, sys
        names = ("last_exc", "last_type", "last_value", "last_traceback")
        def show():
            print([repr(getattr(sys, name, None))[:20] for name in names], sys.excepthook)
            print(sys.last_traceback.tb_frame.f_code.co_name, "__file__" in globals())
        atexit.register(show)
        raise KeyError("remembered")
        """,
    "what python remembers of an interrupt": """
        import atexit, sys
        def show():
            print(repr(sys.last_value), sys.last_traceback.tb_frame.f_code.co_name)
            print(sys.excepthook is sys.__excepthook__)
        atexit.register(show)
        raise KeyboardInterrupt("remembered")
        """,
    "an exception in a thread": """
        import threading
        threading.Thread(target=lambda: 1 / 0, name="t").start()
        """,
    "an exit in a thread": """
        import sys, threading
        threading.Thread(target=lambda: sys.exit(3), name="t").start()
        """,
    "an exception at exit": "import atexit; atexit.register(int, 'no number')",
    "a finalizer at exit": """
        class Last:
            def __del__(self):
                print("finalized", __name__, flush=True)
        last = Last()
        """,
    "a kill": "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
    "an abrupt exit": "import os; print('lost'); os._exit(4)",
    "stderr closed": "import sys; sys.stderr.close()",
    "stdout closed": "import sys; sys.stdout.close()",
    "stderr taken away": "import sys; sys.stderr = None; sys.exit('unseen')",
    "main taken away": "import sys; del sys.modules['__main__']; 1 / 0",
}


@pytest.mark.parametrize("failure", FAILURES)
def test_script_ends_as_under_python(layout: Layout, failure: str) -> None:
    assert_same(layout(FAILURES[failure]), "program.py")


@pytest.mark.parametrize("target", [name for name in ONE_OF_EACH if name != "script"])
@pytest.mark.parametrize("failure", ["an exception", "a syntax error", "KeyboardInterrupt"])
def test_other_targets_end_as_under_python(layout: Layout, failure: str, target: str) -> None:
    stderr = assert_same(layout(FAILURES[failure]), *TARGETS[target])

    assert "reftrack" not in stderr
    assert stderr


CODES = ["", "0", "3", "-1", "256", "None", "True", "2**40 + 7", "-2**63", "'words'", "''",
         "(1, 'two')", "ValueError('x')", "2.5", "'\\ud800'"]  # fmt: skip


@pytest.mark.parametrize("code", CODES)
def test_exit_status_is_the_programs(layout: Layout, code: str) -> None:
    assert_same(layout(f"import sys\nsys.exit({code})\n"), "program.py")


def test_exit_status_that_fits_no_machine_word_is_255(layout: Layout) -> None:
    plain, ours = both(layout("import sys\nsys.exit(2**70)\n"), "program.py")

    assert ours.returncode == plain.returncode == 255


@pytest.mark.parametrize("target", ONE_OF_EACH)
def test_exit_status_is_that_of_any_target(layout: Layout, target: str) -> None:
    cwd = layout("import sys\nprint('out')\nsys.exit('words')\n")

    assert_same(cwd, *TARGETS[target])

    assert both(cwd, *TARGETS[target])[1].returncode == 1


MISSING = {
    "script": ["nope.py"],
    "script in a missing folder": ["nope/nope.py"],
    "module": ["-m", "nope"],
    "module in a missing package": ["-m", "nope.module"],
    "module in a package": ["-m", "package.nope"],
    "package without __main__": ["-m", "empty"],
    "directory without __main__": ["empty"],
    "relative module": ["-m", ".program"],
    "module that cannot be run": ["-m", "sys"],
    "file that is no program": ["data.bin"],
    "compiled script of another python": ["foreign.pyc"],
}


@pytest.mark.parametrize("missing", MISSING)
def test_what_cannot_be_run_is_refused_in_pythons_words(layout: Layout, missing: str) -> None:
    cwd = layout("print('ran')\n")
    (cwd / "empty").mkdir()
    (cwd / "empty/__init__.py").touch()
    (cwd / "data.bin").write_bytes(b"\x01\x02\n")
    (cwd / "foreign.pyc").write_bytes(b"\0" * 32)

    stderr = assert_same(cwd, *MISSING[missing])

    assert stderr
    assert both(cwd, *MISSING[missing])[1].returncode != 0


@pytest.mark.parametrize("command", [["nope.py"], ["-m", "nope"]], ids=" ".join)
def test_nothing_is_recorded_where_there_is_nothing_to_run(
    tmp_path: Path, command: list[str]
) -> None:
    support.reftrack("run", *command, cwd=tmp_path)

    assert not (tmp_path / ".reftrack").exists()


def test_uncaught_exception_is_shown_before_the_report(layout: Layout) -> None:
    cwd = layout("1 / 0\n")

    result = support.reftrack("run", "program.py", cwd=cwd)

    assert 0 < result.stderr.index("ZeroDivisionError") < result.stderr.index("record  ")
    assert result.returncode == 1


def test_interrupted_program_is_reported_and_dies_by_the_signal(layout: Layout) -> None:
    cwd = layout("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nwhile True: pass\n")

    result = support.reftrack("run", "program.py", cwd=cwd)

    assert result.returncode == -signal.SIGINT
    assert 0 < result.stderr.index("KeyboardInterrupt") < result.stderr.index("record  ")
    assert result.stderr.count("KeyboardInterrupt") == 1
    record = json.loads(support.reftrack("json", cwd=cwd).stdout)
    assert "the run was interrupted" in record["run"]["notes"][0]
    assert record["complete"] is True


@pytest.mark.parametrize(
    "end", ["os._exit(4)", "os.kill(os.getpid(), 15)", "os.kill(os.getpid(), 9)"]
)
def test_program_cut_short_leaves_an_incomplete_record(layout: Layout, end: str) -> None:
    cwd = layout(f"import os\n{end}\n")

    result = support.reftrack("run", "program.py", cwd=cwd)

    assert result.stderr == ""
    assert json.loads(support.reftrack("json", cwd=cwd).stdout)["complete"] is False


def test_threads_still_running_are_waited_for_before_the_report(layout: Layout) -> None:
    cwd = layout(
        """
        import concurrent.futures, sys, threading, time
        def work(name):
            time.sleep(0.2)
            print(name, file=sys.stderr)
        threading.Thread(target=work, args=("last of the thread",)).start()
        concurrent.futures.ThreadPoolExecutor().submit(work, "last of the pool")
        """
    )

    stderr = support.reftrack("run", "program.py", cwd=cwd).stderr

    assert max(stderr.index("last of the thread"), stderr.index("last of the pool")) < (
        stderr.index("record  ")
    )


def test_interrupt_while_threads_are_waited_for_ends_the_wait(layout: Layout) -> None:
    cwd = layout(
        """
        import _thread, signal, threading, time
        def work():
            threading.main_thread().join()
            time.sleep(0.2)
            _thread.interrupt_main()
            time.sleep(0.5)
        threading.Thread(target=work).start()
        """
    )

    plain, ours = both(cwd, "program.py")

    assert ours.returncode == plain.returncode == 0
    assert ours.stderr.splitlines()[0] == plain.stderr.splitlines()[0]
    assert "KeyboardInterrupt" in ours.stderr


def test_the_programs_buffered_output_comes_before_the_report(layout: Layout) -> None:
    cwd = layout("print('last words')\n")

    output = subprocess.run(
        [sys.executable, "-m", "reftrack", "run", "program.py"],
        cwd=cwd,
        env=support.environment(cwd, {"PYTHONUNBUFFERED": ""}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    ).stdout

    assert output.index("last words") < output.index("record  ")


def test_neither_code_nor_globals_nor_exceptions_of_the_program_are_kept(layout: Layout) -> None:
    """A thread looks, once the main thread has ended, at what is left of the main module."""
    cwd = layout(
        """
        import gc, sys, threading, weakref
        class Error(Exception): pass
        class Exit(SystemExit): pass
        def look(references):
            threading.main_thread().join()
            gc.collect()
            print({name: reference() is None for name, reference in references.items()})
        references = {"code": weakref.ref(sys._getframe().f_code)}
        try:
            raise Error
        except Error as error:
            references["error"] = weakref.ref(error)
        threading.Thread(target=look, args=(references,)).start()
        end = Exit(0)
        references["exit"] = weakref.ref(end)
        raise globals().pop("end")
        """
    )

    plain, ours = both(cwd, "program.py")

    assert ours.stdout == "{'code': True, 'error': True, 'exit': True}\n"
    assert (ours.stdout, ours.stderr) == (plain.stdout, plain.stderr)


def test_functions_of_main_reach_spawned_processes(layout: Layout) -> None:
    # The worker prints, too, into a buffer of its own: a pool that ends by terminate() may kill it
    # before that is written.
    cwd = layout(
        """
        import multiprocessing
        def double(number):
            return 2 * number
        if __name__ == "__main__":
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                print(pool.map(double, [1, 2, 3]))
                pool.close()
                pool.join()
        """
    )

    assert_same(cwd, "program.py")
    assert_same(cwd, "-m", "package.module")


def test_forked_child_that_runs_to_the_end_reports_nothing(layout: Layout) -> None:
    cwd = layout("import os, sys\nif os.fork():\n    os.wait()\nsys.exit(5)\n")

    result = support.reftrack("run", "program.py", cwd=cwd)

    assert result.stderr.count("record  ") == 1
    assert result.returncode == 5
    assert len(list((cwd / ".reftrack").glob("*.jsonl"))) == 1


def test_what_the_program_leaves_of_the_path_does_not_matter_to_the_report(layout: Layout) -> None:
    cwd = layout("import os, sys\nsys.path[:] = []\nos.chdir('/')\n")
    (cwd / "rich.py").write_text("raise SystemExit('the wrong rich')\n")

    result = support.reftrack("run", "program.py", cwd=cwd)

    assert result.returncode == 0
    assert "wrong" not in result.stderr
    assert "record  .reftrack/" in result.stderr


def test_stacks_are_few_frames_deeper_than_under_python(layout: Layout) -> None:
    cwd = layout("import inspect\nprint(len(inspect.stack()))\n")

    plain, ours = both(cwd, "program.py")

    assert int(ours.stdout) - int(plain.stdout) <= 7
