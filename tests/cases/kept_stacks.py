# mypy: ignore-errors
# RUN pytest
# LEAK test test_1 bytes=300000 line=ALLOC holder=kept_stacks.CALLS
# LEAK test test_2 bytes=300000 line=ALLOC holder=kept_stacks.CALLS
# LEAK test test_3 bytes=300000 line=ALLOC holder=kept_stacks.CALLS
# VERDICT growing kept_stacks.CALLS
import inspect

import pytest

CALLS = []


@pytest.fixture(autouse=True)
def clean():
    yield
    # FIX kept_stacks.CALLS.clear() | CALLS.clear()


def traced(n):
    CALLS.append(inspect.stack(0)[1:3])
    return n


def test_warms_up():
    assert inspect.stack(0)


def test_1():
    picture = bytearray(300_000)  # ALLOC
    assert traced(len(picture))


def test_2():
    picture = bytearray(300_000)  # ALLOC
    assert traced(len(picture))


def test_3():
    picture = bytearray(300_000)  # ALLOC
    assert traced(len(picture))


def test_innocent():
    assert len(bytearray(300_000))
