"""reftrack: which test keeps which memory alive, what holds it, where it was allocated.

`track()` says what a stretch of code left and who holds it; `holders(obj)` who holds an object,
`retained_size(obj)` what goes with it; `assert_released(obj)` is for tests. `report()` and
`Run.load()` are `Report`s, of now and of a record; `current()` is the session of this process, if
there is one. Nothing is imported before it is asked for: pytest loads the plugin in every run, with
reftrack on or off.

PYTEST_DONT_REWRITE: `reftrack run -m pytest` has imported this package before pytest starts, and it
has no asserts to rewrite; without this word pytest would warn of it.
"""

import sys
from importlib import import_module

__doc__ = __doc__ or "PYTEST_DONT_REWRITE"  # which `python -OO` has taken away

if sys.implementation.name != "cpython":
    raise ImportError(
        f"reftrack reads CPython's own structures: it does not work under {sys.implementation.name}"
    )
if not (3, 11) <= sys.version_info[:2] <= (3, 15):
    raise ImportError(
        "reftrack supports CPython 3.11 to 3.15; "
        f"this is {sys.version_info[0]}.{sys.version_info[1]}"
    )
if "t" in getattr(sys, "abiflags", ""):  # the build's; the GIL of such a build may still be on
    raise ImportError(
        "reftrack does not support free-threaded builds of CPython: use the ordinary build"
    )

TYPE_CHECKING = False  # as `typing` has it, without the import of it
if TYPE_CHECKING:
    from reftrack.asking import assert_released, holders, retained_size
    from reftrack.errors import ReftrackError, UsageError
    from reftrack.ignoring import ignore
    from reftrack.model import Report
    from reftrack.records import load
    from reftrack.runs import Run, report, text
    from reftrack.session import current
    from reftrack.tracking import Tracker, track

__version__ = "0.1.0"
__all__ = [
    "ReftrackError",
    "Report",
    "Run",
    "Tracker",
    "UsageError",
    "__version__",
    "assert_released",
    "current",
    "holders",
    "ignore",
    "load",
    "report",
    "retained_size",
    "text",
    "track",
]

_HOMES = {
    "ReftrackError": "reftrack.errors",
    "Report": "reftrack.model",
    "Run": "reftrack.runs",
    "Tracker": "reftrack.tracking",
    "UsageError": "reftrack.errors",
    "assert_released": "reftrack.asking",
    "current": "reftrack.session",
    "holders": "reftrack.asking",
    "ignore": "reftrack.ignoring",
    "load": "reftrack.records",
    "report": "reftrack.runs",
    "retained_size": "reftrack.asking",
    "text": "reftrack.runs",
    "track": "reftrack.tracking",
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
