# mypy: ignore-errors
# RUN pytest
# LEAK fixture db_class (class) bytes=807000 line=ALLOC holder=TestRead.db or TestWrite.db
# CLEAN test TestRead::test_one
# VERDICT once TestRead.db or TestWrite.db
# KIND class-attribute TestRead.db or TestWrite.db
import unittest

import pytest


class FakeDb:
    def __init__(self):
        self.rows = [bytearray(8_000) for _ in range(100)]  # ALLOC


@pytest.fixture(scope="class")
def db_class(request):
    request.cls.db = FakeDb()
    yield
    # FIX in db_class, behind its yield: del request.cls.db | del request.cls.db


@pytest.mark.usefixtures("db_class")
class TestRead(unittest.TestCase):
    def test_one(self):
        assert self.db.rows

    def test_two(self):
        assert self.db.rows


@pytest.mark.usefixtures("db_class")
class TestWrite:
    def test_one(self):
        assert self.db.rows


def test_after():
    pass
