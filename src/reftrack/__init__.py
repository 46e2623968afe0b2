"""reftrack: which test keeps which memory alive, what holds it, where it was allocated.

`current()` is the session of this process, if there is one; `load(path)` reads a run's record as a
`Report`. Nothing is imported before it is asked for: pytest loads the plugin in every run, with
reftrack on or off.

PYTEST_DONT_REWRITE: `reftrack run -m pytest` has imported this package before pytest starts, and it
has no asserts to rewrite; without this word pytest would warn of it.
"""

import sys
from importlib import import_module

if sys.implementation.name != "cpython":
    raise ImportError(
        f"reftrack reads CPython's own structures: it does not work under {sys.implementation.name}"
    )
if not (3, 11) <= sys.version_info[:2] <= (3, 13):
    raise ImportError(
        "reftrack supports CPython 3.11, 3.12 and 3.13; "
        f"this is {sys.version_info[0]}.{sys.version_info[1]}"
    )
if "t" in getattr(sys, "abiflags", ""):  # the build's; the GIL of such a build may still be on
    raise ImportError(
        "reftrack does not support free-threaded builds of CPython: use the ordinary build"
    )

TYPE_CHECKING = False  # as `typing` has it, without the import of it
if TYPE_CHECKING:
    from reftrack.ignoring import ignore
    from reftrack.model import Report
    from reftrack.records import load
    from reftrack.session import current

__version__ = "0.1.0"
__all__ = ["Report", "__version__", "current", "ignore", "load"]

_HOMES = {
    "Report": "reftrack.model",
    "current": "reftrack.session",
    "ignore": "reftrack.ignoring",
    "load": "reftrack.records",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from reftrack import dependencies

    dependencies.load()
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
