# mypy: ignore-errors
# RUN pytest
# LEAK fixture big (class) bytes=400000 line=ALLOC holder=TestShop.rows
# CLEAN test TestShop::test_two
# KIND instance-attribute TestShop.rows
import pytest


class TestShop:
    @pytest.fixture(scope="class")
    def big(self):
        self.rows = bytearray(400_000)  # ALLOC
        yield
        # FIX in big, behind its yield: del self.rows | del self.rows

    def test_one(self, big):
        pass

    def test_two(self, big):
        pass


def test_after():
    pass
