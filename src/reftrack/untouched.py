"""The builtins as they were before any test could patch them.

A module that has work to do while a test's patches are in place begins with `__builtins__ =
BUILTINS`: a function takes its builtins from that name of its module as it is made
(`PyFunction_NewWithQualName`, Objects/funcobject.c, 3.11 to 3.15), not from the module `builtins`.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import builtins
from typing import Any

BUILTINS: Any = dict(vars(builtins))
