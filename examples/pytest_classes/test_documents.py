"""`setup_method` puts data on `self`, and pytest keeps `self` to the end of the process."""

import pytest


class TestDocument:
    def setup_method(self):
        self.document = bytearray(1_000_000)  # planted: TestDocument.document

    @pytest.mark.parametrize("offset", range(10))
    def test_empty(self, offset):
        assert self.document[offset] == 0


class Archive:
    """Many small parts: what stays need not be one large block."""

    def __init__(self, parts, part_bytes):
        self.parts = [bytearray(part_bytes) for _ in range(parts)]  # planted: TestArchive.archive


class TestArchive:
    def setup_method(self):
        self.archive = Archive(parts=50, part_bytes=10_000)

    def test_parts(self):
        assert len(self.archive.parts) == 50

    def test_size(self):
        assert sum(map(len, self.archive.parts)) == 500_000

    def test_own_parts(self):
        assert self.archive.parts[0] is not self.archive.parts[1]
