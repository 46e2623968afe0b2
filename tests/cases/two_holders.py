# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=two_holders.RECENT or two_holders.BY_NAME
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=two_holders.RECENT or two_holders.BY_NAME
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=two_holders.RECENT or two_holders.BY_NAME
# CLEAN test T.test_4
# VERDICT growing two_holders.RECENT or two_holders.BY_NAME
import unittest

RECENT = []
BY_NAME = {}


class Order:
    def __init__(self, name):
        self.rows = bytearray(400_000)  # ALLOC
        RECENT.append(self)
        BY_NAME[name] = self


class T(unittest.TestCase):
    def tearDown(self):
        self.assertIsNotNone(RECENT)
        # FIX RECENT.clear() | RECENT.clear()
        # FIX BY_NAME.clear() | BY_NAME.clear()

    def test_1(self):
        Order("one")

    def test_2(self):
        Order("two")

    def test_3(self):
        Order("three")

    def test_4(self):
        pass
