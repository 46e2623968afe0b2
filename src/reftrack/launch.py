"""Become the wrapped program, as Modules/main.c and Lib/runpy.py start it.

The program gets the `sys.argv`, the `sys.path` and the `__main__` module that plain python would
give it, and what it leaves uncaught is shown as python shows it. Nothing of the program is kept
once it has ended: neither its code nor its exceptions, beyond what python itself keeps.
"""

from __future__ import annotations

import builtins
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import CodeType, ModuleType, TracebackType
from typing import Any, Literal, NamedTuple, NoReturn

from reftrack import _reftrack
from reftrack.runners import hide_frames

_OF_A_SCRIPT = ("__file__",) if sys.version_info >= (3, 15) else ("__file__", "__cached__")
"""What `__main__` has while its script runs (`pyrun_simple_file`, Python/pythonrun.c)."""

INTERRUPTED = -signal.SIGINT  # as `subprocess` has the status of who dies by a signal


class Target(NamedTuple):
    """What to run: a module (-m), code (-c), or the path of a script, directory or zip file."""

    kind: Literal["module", "code", "path"]
    name: str
    arguments: list[str]

    @property
    def command(self) -> list[str]:
        """The words that follow `python` on a command line that runs this."""
        flag = {"module": ["-m"], "code": ["-c"], "path": []}[self.kind]
        return [*flag, self.name, *self.arguments]


def prepare(target: Target) -> None:
    """Give this process the target's `sys.argv` and `sys.path`; to be called once, with nothing on
    `sys.path` yet that stands for a program."""
    script = target.name if target.kind == "path" else target.command[0]
    sys.argv = [script, *target.arguments]
    if target.kind == "path" and _is_container(target.name):
        sys.path.insert(0, _absolute(target.name))  # in spite of -P: the program is found by it
    elif not sys.flags.safe_path:
        sys.path.insert(0, _first_entry(target))


def exists(target: Target) -> bool:
    """False where a look without any import shows that there is nothing to run: `run` will say so
    in python's words. To be asked after `prepare`."""
    if target.kind == "path":
        return os.access(target.name, os.R_OK)
    if target.kind == "code":
        return True
    from importlib.util import find_spec

    try:
        return find_spec(target.name.partition(".")[0]) is not None
    except (ImportError, AttributeError, ValueError):  # an odd name: for runpy to judge
        return True


def as_module(words: Sequence[str]) -> str:
    """The command line that runs what `words` name no file for, if it is a module: such as `pytest
    tests`. No more than its top package is looked for, and none imported."""
    name = words[0] if words else ""
    if not all(part.isidentifier() for part in name.split(".")) or os.path.exists(name):
        return ""
    from importlib.util import find_spec
    from shlex import join

    try:
        is_module = find_spec(name.partition(".")[0]) is not None
    except (ImportError, AttributeError, ValueError):
        return ""
    return f"reftrack run -m {join(words)}" if is_module else ""


def run(target: Target) -> int:
    """Run the target to its end, the end of its threads included; the result is its exit status.

    The status is that of a process, 0 to 255, or INTERRUPTED. What the program has left uncaught
    has then been shown on stderr. To be called after `prepare`.
    """
    main = _new_main()
    _reftrack.stand_on(sys._getframe(1))  # which waits for the whole program
    is_script = target.kind == "path" and not _is_container(target.name)
    failure: BaseException | None = None
    try:
        if target.kind == "code":
            exec(_command_code(target.name), main.__dict__)
        elif is_script:
            exec(_script_code(_absolute(target.name), main.__dict__), main.__dict__)
        elif target.kind == "module":
            _run_module(target.name)
        else:
            _run_module("__main__", alter_argv=False)
    except _NotOpened as error:
        _say(error)
        return 2
    except BaseException as error:
        failure = error.with_traceback(_without_launcher(error.__traceback__))
        hide_frames(failure)
    status = 0 if failure is None else _end(failure)
    if is_script and not isinstance(failure, SystemExit):
        # So does python before it waits for threads; SystemExit ends it before it comes to that.
        for name in _OF_A_SCRIPT:
            main.__dict__.pop(name, None)
    del main, failure
    _wait_for_threads()
    return status


def interrupt() -> NoReturn:
    """End this process as an uncaught KeyboardInterrupt does, which has been shown already.

    Python dies by SIGINT after its orderly end where one leaves the outermost frame.
    """
    hook, last = sys.excepthook, {name: vars(sys)[name] for name in _LAST if name in vars(sys)}

    def silent(*_: object) -> None:
        sys.excepthook = hook
        vars(sys).update(last)

    sys.excepthook = silent
    raise KeyboardInterrupt


def _say(message: object) -> None:
    """A line for stderr, as python itself writes it; nothing where that is closed, or where the
    message cannot be shown."""
    stream = sys.stderr or sys.__stderr__
    if stream is not None:
        with suppress(Exception):
            print(message, file=stream, flush=True)


# What the program finds


def _new_main() -> ModuleType:
    main = ModuleType("__main__")
    if sys.version_info < (3, 14):  # add_main_module() (Python/pylifecycle.c) has set it until then
        main.__dict__.update(__annotations__={})
    main.__dict__["__builtins__"] = builtins
    main.__loader__ = sys.modules["_frozen_importlib"].BuiltinImporter
    sys.modules["__main__"] = main
    return main


def _is_container(path: str) -> bool:
    """Is it a directory or a zip file: does an import system's hook take it as a place?"""
    for hook in sys.path_hooks:
        try:
            hook(path)
        except ImportError:
            continue
        return True
    return False


def _absolute(path: str) -> str:
    """As `_Py_abspath` has it: never normalised, for `__file__` shows it."""
    if path == ".":
        return os.getcwd()
    if os.path.isabs(path):
        return path
    return os.path.join(os.getcwd(), path)


def _first_entry(target: Target) -> str:
    if target.kind == "code":
        return ""
    if target.kind == "module":
        return os.getcwd()
    try:
        return os.path.dirname(os.path.realpath(target.name, strict=True))
    except OSError:  # such as /dev/stdin where that is a pipe: python follows one link at most
        folder, name = os.path.split(target.name)
        link = os.readlink(target.name) if os.path.islink(target.name) else name
        return os.path.dirname(os.path.join(folder, link))


# How its code is found


class _NotOpened(Exception):
    """The script cannot be opened; the message is python's."""


def _run_module(name: str, *, alter_argv: bool = True) -> None:
    # The function that python itself calls, frozen: errors read and tracebacks look the same.
    import runpy

    as_main: Callable[[str, bool], object] = vars(runpy)["_run_module_as_main"]
    as_main(name, alter_argv)


def _command_code(command: str) -> CodeType:
    source = command + "\n"
    code = compile(source, "<string>", "exec", dont_inherit=True)
    if sys.version_info >= (3, 13):  # since then tracebacks quote the lines of -c
        import linecache

        # 3.13.0 keeps them by file name, later ones by code object.
        by_code = hasattr(linecache, "_interactive_cache")
        vars(linecache)["_register_code"](code if by_code else "<string>", source, "<string>")
    return code


def _script_code(path: str, namespace: dict[str, Any]) -> CodeType:
    """The script's code; `namespace` gets what python sets there for a script."""
    from importlib.machinery import SourceFileLoader, SourcelessFileLoader

    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        program = sys.orig_argv[0]
        raise _NotOpened(
            f"{program}: can't open file {path!r}: [Errno {error.errno}] {error.strerror}"
        ) from None
    compiled = path.endswith(".pyc")
    loader = SourcelessFileLoader if compiled else SourceFileLoader
    namespace.update(dict.fromkeys(_OF_A_SCRIPT), __loader__=loader("__main__", path))
    namespace["__file__"] = path
    return _stored_code(data) if compiled else compile(data, path, "exec", dont_inherit=True)


def _stored_code(data: bytes) -> CodeType:
    import marshal
    from importlib.util import MAGIC_NUMBER

    if data[:4] != MAGIC_NUMBER:
        raise RuntimeError("Bad magic number in .pyc file")
    code = marshal.loads(data[16:])
    if not isinstance(code, CodeType):
        raise RuntimeError("Bad code object in .pyc file")
    return code


# How it ends

_LAST = ("last_exc", "last_type", "last_value", "last_traceback")


def _without_launcher(traceback: TracebackType | None) -> TracebackType | None:
    while traceback is not None and traceback.tb_frame.f_code.co_filename == __file__:
        traceback = traceback.tb_next
    return traceback


def _end(failure: BaseException) -> int:
    """Show what the program left uncaught as PyErr_Print does; the exit status that it means."""
    if isinstance(failure, SystemExit):
        return _exit_status(failure.code)
    sys.last_type, sys.last_value, sys.last_traceback = (
        type(failure),
        failure,
        failure.__traceback__,
    )
    if sys.version_info >= (3, 12):
        sys.last_exc = failure
    is_interrupt = type(failure) is KeyboardInterrupt
    if sys.version_info >= (3, 14):  # pymain_err_print() (Modules/main.c): derived ones as well
        is_interrupt = issubclass(type(failure), KeyboardInterrupt)
    status = INTERRUPTED if is_interrupt else 1
    hook = getattr(sys, "excepthook", None)
    if hook is None:
        _say("sys.excepthook is missing")
        _display(failure)
        return status
    try:
        hook(type(failure), failure, failure.__traceback__)
    except SystemExit as error:
        return _exit_status(error.code)
    except BaseException as error:
        broken = error.with_traceback(_without_launcher(error.__traceback__))
    else:
        return status
    _say("Error in sys.excepthook:")
    _display(broken)
    _say("\nOriginal exception was:")
    _display(failure)
    return status


def _exit_status(code: object) -> int:
    if code is None:
        return 0
    if isinstance(code, int):
        # A C int made from a C long; a system keeps its low byte. What fits no long is -1.
        return int.__and__(code, 0xFF) if -(1 << 63) <= code < 1 << 63 else 0xFF
    _say(code)
    return 1


def _display(failure: BaseException) -> None:
    sys.__excepthook__(type(failure), failure, failure.__traceback__)


def _wait_for_threads() -> None:
    """Join the program's threads, as python does next: what they do still belongs to the run.

    `threading._shutdown` is what python calls; when it does so again, that is a no-op.
    """
    threading = sys.modules.get("threading")
    if threading is None:
        return
    try:
        threading._shutdown()
    except BaseException as error:  # a KeyboardInterrupt most of all: python goes on to its end
        where = "on threading shutdown:" if sys.version_info >= (3, 13) else f"in: {threading!r}"
        _say(f"Exception ignored {where}")
        _display(error.with_traceback(_without_launcher(error.__traceback__)))
