"""Runs `reftrack` and notes, at each of its looks at the heap, what the ledger takes.

The first argument is the file to which a line of JSON is added per look, the others are reftrack's.
"""

from __future__ import annotations

import json
import sys

from reftrack import __main__ as program
from reftrack import _reftrack, looking

NOTED = sys.argv.pop(1)
record = looking.record


def noting(*arguments: object, **options: object) -> looking.Looked:
    with open(NOTED, "a") as noted:
        print(json.dumps(_reftrack.memory()), file=noted)
    return record(*arguments, **options)  # type: ignore[arg-type]  # just as they came


looking.record = noting
if __name__ == "__main__":
    sys.exit(program.main())
