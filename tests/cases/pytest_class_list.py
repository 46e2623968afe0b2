# mypy: ignore-errors
# RUN pytest
# LEAK class TestShop bytes=500000 line=ALLOC holder=TestShop.catalogue
# LEAK test TestShop::test_buys[0] bytes=300000 line=ALLOC2 holder=TestShop.orders
# LEAK test TestShop::test_buys[1] bytes=300000 line=ALLOC2 holder=TestShop.orders
# LEAK test TestShop::test_buys[2] bytes=300000 line=ALLOC2 holder=TestShop.orders
# LEAK test TestShop::test_buys[3] bytes=300000 line=ALLOC2 holder=TestShop.orders
# CLEAN test TestShop::test_looks
# CLEAN test test_after
# VERDICT once TestShop.catalogue
# VERDICT growing TestShop.orders
# KIND class-attribute TestShop.orders
import pytest


class TestShop:
    orders = []

    # FIX orders.clear() | def teardown_method(self): self.orders.clear()
    # FIX del cls.catalogue | def teardown_class(cls): del cls.catalogue
    @classmethod
    def setup_class(cls):
        cls.catalogue = [bytearray(100_000) for _ in range(5)]  # ALLOC

    @pytest.mark.parametrize("item", range(4))
    def test_buys(self, item):
        self.__class__.orders.append((item, bytearray(300_000)))  # ALLOC2

    def test_looks(self):
        assert self.catalogue


def test_after():
    pass
