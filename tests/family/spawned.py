"""`manage.py`, whose parallel runner starts its workers anew."""

import multiprocessing
import sys

from django.core.management import execute_from_command_line  # type: ignore[import-untyped]  # Django has none

if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    execute_from_command_line(sys.argv)
