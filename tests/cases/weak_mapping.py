# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=weak_mapping.TOTALS
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=weak_mapping.TOTALS
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=weak_mapping.TOTALS
# CLEAN test T.test_4
# VERDICT growing weak_mapping.TOTALS
import unittest
import weakref

TOTALS = weakref.WeakKeyDictionary()


class Order:
    def __init__(self):
        self.rows = bytearray(400_000)  # ALLOC


class Total:
    def __init__(self, order):
        self.order = order


class T(unittest.TestCase):
    # FIX TOTALS.clear() | def tearDown(self): TOTALS.clear()

    def order(self):
        order = Order()
        TOTALS[order] = Total(order)

    def test_1(self):
        self.order()

    def test_2(self):
        self.order()

    def test_3(self):
        self.order()

    def test_4(self):
        pass
