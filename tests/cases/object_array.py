# mypy: ignore-errors
# RUN unittest
# NEEDS numpy
# LEAK test T.test_1 bytes=600000 line=ALLOC holder=object_array.TABLE
# CLEAN test T.test_2
import unittest

import numpy

TABLE = numpy.empty((2, 3), dtype=object)


class Row:
    def __init__(self):
        self.data = bytearray(600_000)  # ALLOC


class T(unittest.TestCase):
    def test_1(self):
        TABLE[1, 1] = Row()

    def test_2(self):
        TABLE[0, 0] = Row()
        TABLE[0, 0] = None
