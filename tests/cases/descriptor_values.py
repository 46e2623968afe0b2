# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=Cached.values or Report.rows
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=Cached.values or Report.rows
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=Cached.values or Report.rows
# CLEAN test T.test_4
# VERDICT growing Cached.values or Report.rows
import unittest


class Cached:
    def __init__(self, make):
        self.make = make
        self.values = {}

    def __get__(self, instance, owner):
        if instance is None:
            return self
        if instance not in self.values:
            self.values[instance] = self.make(instance)
        return self.values[instance]


class Report:
    @Cached
    def rows(self):
        return bytearray(400_000)  # ALLOC


class T(unittest.TestCase):
    # FIX .values.clear() | def tearDown(self): Report.rows.values.clear()

    def test_1(self):
        self.assertTrue(Report().rows)

    def test_2(self):
        self.assertTrue(Report().rows)

    def test_3(self):
        self.assertTrue(Report().rows)

    def test_4(self):
        pass
