# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=imported_bus.BUS
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=imported_bus.BUS
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=imported_bus.BUS
# CLEAN test T.test_4
# VERDICT growing imported_bus.BUS
# ALONE imported_bus.BUS
# Other modules and a class have the same list under names of their own: cutting one of these frees
# nothing, and yet there is one holder, the list itself.
import sys
import types
import unittest

BUS = []


def setUpModule():
    for name in ("shop_of_case", "stock_of_case"):  # as if they imported it
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].bus = BUS


class Cart:
    bus = BUS

    def __init__(self):
        self.rows = bytearray(400_000)  # ALLOC
        self.bus.append(self.on_price)

    def on_price(self):
        self.rows.clear()


class T(unittest.TestCase):
    # FIX imported_bus.BUS.clear() | def tearDown(self): BUS.clear()

    def test_1(self):
        Cart()

    def test_2(self):
        Cart()

    def test_3(self):
        Cart()

    def test_4(self):
        pass
