# mypy: ignore-errors
# RUN unittest
# NEEDS numpy
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=numpy_records.TABLE
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=numpy_records.TABLE
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=numpy_records.TABLE
# CLEAN test T.test_4_forgets
# VERDICT growing numpy_records.TABLE
# The objects are a field of a structured array, which the collector does not know.
import unittest

import numpy

TABLE = numpy.zeros(10, dtype=[("size", "i8"), ("row", "O")])


class Row:
    def __init__(self):
        self.data = bytearray(400_000)  # ALLOC


class T(unittest.TestCase):
    def store(self, at):
        TABLE[at] = (400_000, Row())
        # FIX TABLE | self.addCleanup(TABLE.fill, 0)

    def test_1(self):
        self.store(1)

    def test_2(self):
        self.store(2)

    def test_3(self):
        self.store(3)

    def test_4_forgets(self):
        TABLE[4] = (400_000, Row())
        TABLE[4] = 0
