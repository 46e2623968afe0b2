# mypy: ignore-errors
# RUN pytest
# LEAK fixture table (session) bytes=600000 line=ALLOC holder=fixture table (session)
# LEAK fixture rows (module) bytes=500000 line=ALLOC2 holder=fixture rows (module)
# CLEAN test test_1
# CLEAN test test_2
# CLEAN test test_3
# CLEAN test test_4
import pytest


@pytest.fixture(scope="session")
def table():
    return bytearray(600_000)  # ALLOC


@pytest.fixture(scope="module")
def rows():
    yield bytearray(500_000)  # ALLOC2


@pytest.fixture
def own():
    return bytearray(500_000)


def test_1(table):
    pass


def test_2(rows, table):
    pass


def test_3(own):
    pass


def test_4():
    pass
