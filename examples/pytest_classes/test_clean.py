"""The same data from a function-scoped fixture: it goes when its test ends."""

import pytest


@pytest.fixture
def document():
    return bytearray(1_000_000)


@pytest.mark.parametrize("offset", range(10))
def test_empty(document, offset):
    assert document[offset] == 0


class TestDocument:
    def test_size(self, document):
        assert len(document) == 1_000_000

    def test_first(self, document):
        assert document[0] == 0
