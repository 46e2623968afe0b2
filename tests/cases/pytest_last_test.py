# mypy: ignore-errors
# RUN pytest
# CLEAN test test_1
# CLEAN test test_2
import pytest


@pytest.fixture
def data():
    return bytearray(500_000)


def test_1(data):
    pass


def test_2(data):
    pass
