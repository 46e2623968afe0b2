# mypy: ignore-errors
# RUN unittest
# CLEAN test T.test_1
# CLEAN test T.test_2
# CLEAN test T.test_3
# LEAK test T.test_4 bytes=400000 line=ALLOC holder=bounded_mapping.RECENT.items
# LEAK test T.test_5 bytes=400000 line=ALLOC holder=bounded_mapping.RECENT.items
# LEAK test T.test_6 bytes=400000 line=ALLOC holder=bounded_mapping.RECENT.items
# CLEAN test T.test_7
# VERDICT once bounded_mapping.RECENT.items
import collections
import unittest


class Recent:
    def __init__(self, most):
        self.items = collections.OrderedDict()
        self.most = most

    def add(self, key):
        self.items[key] = bytearray(400_000)  # ALLOC
        if len(self.items) > self.most:
            self.items.popitem(last=False)


RECENT = Recent(3)


class T(unittest.TestCase):
    # FIX RECENT.items.clear() | def tearDown(self): RECENT.items.clear()

    def test_1(self):
        RECENT.add(1)

    def test_2(self):
        RECENT.add(2)

    def test_3(self):
        RECENT.add(3)

    def test_4(self):
        RECENT.add(4)

    def test_5(self):
        RECENT.add(5)

    def test_6(self):
        RECENT.add(6)

    def test_7(self):
        pass
