# mypy: ignore-errors
# RUN pytest
# CLEAN test test_1_fails
# CLEAN test test_2_passes
# LEAK test test_3_fails bytes=1000000 line= holder=sys.last_
# VERDICT once sys.last_
# KIND exception sys.last_
import pytest


@pytest.fixture
def document():
    return bytearray(500_000)


def parse(document):
    tokens = bytearray(500_000)
    raise ValueError(len(tokens) + len(document))


def test_0_fails():
    """The first one warms up what shows failures."""
    raise ValueError("short")


def test_1_fails(document):
    """The locals go when the next test begins."""
    parse(document)


def test_2_passes(document):
    pass


def test_3_fails(document):
    """Theirs stay: there is no next test."""
    parse(document)
