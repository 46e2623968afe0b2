# mypy: ignore-errors
# RUN pytest
# NEEDS numpy
# LEAK test test_1 bytes=2400000 line=ALLOC holder=numpy_rows.LAST_ROWS
# LEAK test test_2 bytes=2400000 line=ALLOC holder=numpy_rows.LAST_ROWS
# LEAK test test_3 bytes=2400000 line=ALLOC holder=numpy_rows.LAST_ROWS
# CLEAN test test_4_copies
# VERDICT growing numpy_rows.LAST_ROWS
# A record of a structured array, a view of a view: each keeps the whole table.
import numpy
import pytest

LAST_ROWS = []


@pytest.fixture
def table():
    made = numpy.ones(100_000, dtype=[("x", "f8"), ("y", "f8"), ("n", "i8")])  # ALLOC
    yield made
    # FIX LAST_ROWS.clear() | LAST_ROWS.clear()


def test_1(table):
    LAST_ROWS.append(table[-1])


def test_2(table):
    LAST_ROWS.append(table[["x", "n"]][-10:])


def test_3(table):
    LAST_ROWS.append(table["y"].reshape(100, 1000).T[::-1])


def test_4_copies(table):
    LAST_ROWS.append(table[-1].copy())
