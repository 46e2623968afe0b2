"""Whose code is it? From a module's name or a file's place, without asking any object."""

from __future__ import annotations

import os
import re
import sys
import sysconfig
from collections.abc import Sequence
from functools import lru_cache
from importlib.machinery import SourceFileLoader
from types import ModuleType
from typing import Any

from reftrack.model import Owner
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

RUNNERS = frozenset(
    {
        "_pytest",
        "anyio.pytest_plugin",
        "django.test",
        "nose",
        "nose2",
        "pluggy",
        "pytest",
        "reftrack",
        "runpy",
        "stestr",
        "subunit",
        "testtools",
        "twisted.trial",
        "unittest",
        "xmlrunner",
        "zope.testrunner",
    }
)

PYTEST_PLUGINS = "pytest_"
"""How the names of installed packages begin that are plugins of pytest."""

_mro_of: Any = type.__dict__["__mro__"].__get__
_vars_of: Any = type.__dict__["__dict__"].__get__

OWN_FOLDER = os.path.dirname(os.path.abspath(__file__)) + os.sep
_OWN_PACKAGE = __name__.partition(".")[0] + "."
_PATHS = sysconfig.get_paths()
_KEYS = ("stdlib", "platstdlib", "purelib", "platlib")
_LIBRARY_FOLDERS = tuple({os.path.realpath(_PATHS[key]) + os.sep for key in _KEYS})
LIBRARY_FOLDERS = tuple(
    sorted({*_LIBRARY_FOLDERS, *(_PATHS[key] + os.sep for key in _KEYS), "<frozen "})
)
"""What the files of libraries' modules begin with, as their code objects have it: links and all."""
_LIBRARY_PART = re.compile(r"[/\\](?:site|dist)-packages[/\\]")
_TEST_MODULE = re.compile(r"(?:^|\.)(?:test|tests|test_[^.]*|[^.]*_test|conftest)(?:\.|$)")


@lru_cache(maxsize=4096)
def of_module(name: str) -> Owner:
    """The owner of a module, by its name and, where it is loaded, its file."""
    parts = name.split(".")
    if parts[0] == "__main__" and (program := _program()):
        parts = program.split(".")
    for k in range(len(parts), 0, -1):
        prefix = ".".join(parts[:k])
        if prefix in RUNNERS:
            return "runner"
    for k in range(len(parts), 0, -1):
        module = sys.modules.get(".".join(parts[:k]))
        if module is not None:
            file = file_of(module)
            if file is None:
                # A namespace package has no file: its parts decide. Built-in modules have none.
                return "library" if name.split(".")[0] in sys.stdlib_module_names else "your code"
            owner = of_file(file, ".".join(parts[:k]))
            is_plugin = owner == "library" and parts[0].startswith(PYTEST_PLUGINS)
            return "runner" if is_plugin else owner
    return "library" if parts[0] in sys.stdlib_module_names or len(parts) == 1 else "your code"


def _program() -> str:
    """What the module that runs as `__main__` is called otherwise, where it is a library's: runners
    start their workers so. At the end of a script python takes its `__file__` away
    (`_PyRun_SimpleFileObject`, Python/pythonrun.c)."""
    main = sys.modules.get("__main__")
    file = file_of(main)
    if file is None and issubclass(type(main), ModuleType):
        loader = object.__getattribute__(main, "__dict__").get("__loader__")
        file = vars(loader).get("path") if type(loader) is SourceFileLoader else None
    folders = (os.path.realpath(_PATHS[key]) + os.sep for key in ("purelib", "platlib"))
    path = "" if file is None else os.path.realpath(file)
    within = next((path.removeprefix(f) for f in folders if path.startswith(f)), "")
    return os.path.splitext(within)[0].replace(os.sep, ".")


def of_file(file: str, module: str = "") -> Owner:
    if is_library_file(file):
        return "library"
    stem = os.path.splitext(os.path.basename(file))[0]
    in_tests = re.search(r"[/\\]tests?[/\\]", file) is not None
    return "your test" if in_tests or _TEST_MODULE.search(module or stem) else "your code"


@lru_cache(maxsize=4096)
def is_library_file(file: str) -> bool:
    """Does a file belong to the standard library or to an installed package?"""
    if file.startswith("<"):
        return True
    folder, name = os.path.split(file)
    path = os.path.join(_real_folder(folder), name)
    if os.path.islink(path):
        path = os.path.realpath(path)
    return path.startswith(_LIBRARY_FOLDERS) or _LIBRARY_PART.search(path) is not None


@lru_cache(maxsize=4096)
def _real_folder(folder: str) -> str:
    return os.path.realpath(folder)


def is_of_python(file: str, module: str) -> bool:
    """Does a file belong to the standard library, by the name of its module?"""
    return file.startswith("<frozen ") or module.partition(".")[0] in sys.stdlib_module_names


def is_own_file(file: str) -> bool:
    """Is it one of reftrack's own?"""
    return file.startswith(OWN_FOLDER)


def is_own_name(name: str) -> bool:
    """Is it the name of one of reftrack's own modules, or of something in one?"""
    return name.startswith(_OWN_PACKAGE)


def file_of(module: object) -> str | None:
    """A module's `__file__`, from its namespace: a lazy module's `__getattr__` must not run."""
    if not issubclass(type(module), ModuleType):
        return None
    file = object.__getattribute__(module, "__dict__").get("__file__")
    return file if type(file) is str else None


@lru_cache(maxsize=4096)
def is_test_case(id: str) -> bool:
    """Is a test's class one of unittest's, or the class itself, by the id that its runner has: of a
    test `test_app.py::T::test`, of a class `test_app.T`?"""
    file, _, within = id.partition("::")
    if within:
        parts = within.partition("[")[0].split("::")[:-1]
        modules: list[object] = [
            module for module in list(sys.modules.values()) if _ends_with(file_of(module), file)
        ]
    else:
        module, cls = module_of(id)
        modules, parts = [module], cls.split(".") if cls else []
    return any(_is_test_case(module, parts) for module in modules)


def module_of(name: str) -> tuple[object, str]:
    """The loaded module that a name in full begins with, and what follows: its class."""
    parts = name.split(".")
    k = next((k for k in range(len(parts), 0, -1) if ".".join(parts[:k]) in sys.modules), 0)
    return sys.modules.get(".".join(parts[:k])), ".".join(parts[k:])


def _ends_with(path: str | None, file: str) -> bool:
    return path is not None and (path == file or path.endswith(os.sep + file))


def _is_test_case(module: object, names: Sequence[str]) -> bool:
    if not names or file_of(module) is None:
        return False
    found: object = object.__getattribute__(module, "__dict__").get(names[0])
    for name in names[1:]:
        found = _vars_of(found).get(name) if issubclass(type(found), type) else None
    base = getattr(sys.modules.get("unittest.case"), "TestCase", None)
    return issubclass(type(found), type) and any(of is base for of in _mro_of(found))


def module_of_file(file: str) -> str:
    """The name of the loaded module with that file; the file itself where there is none."""
    return _modules_by_file().get(file, file)


@lru_cache(maxsize=1)
def _modules_by_file() -> dict[str, str]:
    found: dict[str, str] = {}
    for name, module in list(sys.modules.items()):
        found.setdefault(file_of(module) or "", str(name))
    return found


def forget() -> None:
    """Drop what was remembered of modules: others may have been loaded by the next look."""
    of_module.cache_clear()
    is_test_case.cache_clear()
    is_library_file.cache_clear()
    _real_folder.cache_clear()
    _modules_by_file.cache_clear()
