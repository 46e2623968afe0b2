# mypy: ignore-errors
# RUN pytest
# NEEDS hypothesis
# LEAK test test_lists bytes=300000 line=ALLOC holder=hypothesis_examples.SEEN
# LEAK test test_texts bytes=300000 line=ALLOC holder=hypothesis_examples.SEEN
# LEAK test test_pairs bytes=300000 line=ALLOC holder=hypothesis_examples.SEEN
# VERDICT growing hypothesis_examples.SEEN
# KIND module-global hypothesis_examples.SEEN
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

SEEN = {}


@pytest.fixture(autouse=True)
def clear():
    yield
    # FIX hypothesis_examples.SEEN.clear() | SEEN.clear()


def record(name, value):
    SEEN.setdefault(name, []).append((value, bytearray(10_000)))  # ALLOC


few = settings(max_examples=30, database=None, derandomize=True, deadline=None)


@few
@given(st.integers(0, 10**9))
def test_warms_up(n):
    assert n >= 0


@few
@given(st.integers(0, 10**9))
def test_lists(n):
    record("lists", n)


@few
@given(st.integers(0, 10**9))
def test_texts(n):
    record("texts", n)


@few
@given(st.integers(0, 10**9))
def test_pairs(n):
    record("pairs", n)
