# mypy: ignore-errors
# RUN pytest
# LEAK import pytest_parameters bytes=700000 line=ALLOC holder=
# CLEAN test test[value0]
import pytest


@pytest.mark.parametrize("value", [bytearray(700_000)])  # ALLOC
def test(value):
    pass
