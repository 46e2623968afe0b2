"""What reftrack imports from others into the program's process, without a change to it.

typing_extensions, which msgspec imports where it is installed, replaces functions of `typing`: the
program would see that, and its own import of it would do it no more. To be called before any module
of reftrack's that imports msgspec.
"""

import sys
from importlib import import_module


def load() -> None:
    """Import msgspec, and leave `typing` and `typing_extensions` as they were."""
    import typing

    before = dict(vars(typing))
    was_there = "typing_extensions" in sys.modules
    import_module("msgspec")
    if was_there or sys.modules.pop("typing_extensions", None) is None:
        return
    for name in vars(typing).keys() - before.keys():
        delattr(typing, name)
    for name, value in before.items():
        setattr(typing, name, value)
