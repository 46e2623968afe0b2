# mypy: ignore-errors
# RUN pytest
# LEAK test test_1 bytes=400000 line=ALLOC holder=fixture registry (session)
# LEAK test test_2 bytes=400000 line=ALLOC holder=fixture registry (session)
# LEAK test test_3 bytes=400000 line=ALLOC holder=fixture registry (session)
# LEAK test test_4 bytes=400000 line=ALLOC holder=fixture registry (session)
# CLEAN fixture registry (session)
# CLEAN test test_5
# VERDICT growing fixture registry (session)
# KIND fixture fixture registry (session)
import pytest


@pytest.fixture(scope="session")
def registry():
    return {}


# FIX scope="function" | registry = pytest.fixture(scope="function")(lambda: {})


def register(registry, name):
    registry[name] = bytearray(400_000)  # ALLOC


def test_1(registry):
    register(registry, "one")


def test_2(registry):
    register(registry, "two")


def test_3(registry):
    register(registry, "three")


def test_4(registry):
    register(registry, "four")


def test_5(registry):
    assert "five" not in registry
