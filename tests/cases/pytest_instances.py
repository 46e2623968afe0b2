# mypy: ignore-errors
# RUN pytest
# LEAK test TestX::test[0] bytes=400000 line=ALLOC holder=TestX.data
# LEAK test TestX::test[1] bytes=400000 line=ALLOC holder=TestX.data
# LEAK test TestX::test[2] bytes=400000 line=ALLOC holder=TestX.data
# LEAK test TestX::test[3] bytes=400000 line=ALLOC holder=TestX.data
# CLEAN test TestY::test
import pytest


class TestX:
    def setup_method(self):
        self.data = bytearray(400_000)  # ALLOC

    @pytest.mark.parametrize("i", range(4))
    def test(self, i):
        pass


class TestY:
    def setup_method(self):
        self.data = bytearray(400_000)

    def teardown_method(self):
        del self.data

    def test(self):
        pass
