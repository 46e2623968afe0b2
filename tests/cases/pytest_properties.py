# mypy: ignore-errors
# RUN pytest
# LEAK test test_measures[0] bytes=400000 line=ALLOC holder=Function.user_properties
# LEAK test test_measures[1] bytes=400000 line=ALLOC holder=Function.user_properties
# LEAK test test_measures[2] bytes=400000 line=ALLOC holder=Function.user_properties
# CLEAN test test_says_little
# CLEAN test test_after
# VERDICT growing Function.user_properties
import pytest


@pytest.mark.parametrize("n", range(3))
def test_measures(record_property, n):
    """The item and all its reports keep what is recorded of it."""
    record_property("samples", bytearray(400_000))  # ALLOC


def test_says_little(record_property):
    record_property("samples", len(bytearray(400_000)))


def test_after():
    pass
