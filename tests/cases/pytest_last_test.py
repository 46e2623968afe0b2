# RUN pytest
# XFAIL the last look is taken while the last item still has its funcargs
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
