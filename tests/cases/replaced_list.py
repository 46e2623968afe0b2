# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=300000 line=ALLOC holder=Basket.items
# LEAK test T.test_2 bytes=300000 line=ALLOC holder=Basket.items
# LEAK test T.test_3 bytes=300000 line=ALLOC holder=Basket.items
# VERDICT growing Basket.items
import unittest


class Basket:
    items = []

    @classmethod
    def add(cls):
        cls.items = [*cls.items, bytearray(300_000)]  # ALLOC


class T(unittest.TestCase):
    # FIX self.addCleanup(setattr, Basket, "items", Basket.items), before it is replaced | def setUp(self): self.addCleanup(setattr, Basket, "items", Basket.items)

    def test_1(self):
        Basket.add()

    def test_2(self):
        Basket.add()

    def test_3(self):
        Basket.add()
