# mypy: ignore-errors
# RUN pytest
# LEAK test test_1 bytes=400000 line=ALLOC holder=time.sleep
# LEAK test test_2 bytes=400000 line=ALLOC holder=time.sleep
# LEAK test test_3 bytes=400000 line=ALLOC holder=time.sleep
# CLEAN test test_4
# VERDICT growing time.sleep
import time

import pytest


def count_sleeps():
    calls = bytearray(400_000)  # ALLOC
    sleep = time.sleep

    def counting(seconds):
        calls.append(1)
        sleep(seconds)

    time.sleep = counting


@pytest.fixture
def sleeps(monkeypatch):
    # FIX monkeypatch.setattr | monkeypatch.setattr(time, "sleep", time.sleep)
    count_sleeps()


@pytest.mark.usefixtures("sleeps")
def test_1():
    pass


@pytest.mark.usefixtures("sleeps")
def test_2():
    pass


@pytest.mark.usefixtures("sleeps")
def test_3():
    pass


def test_4():
    pass
