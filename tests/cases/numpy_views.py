# mypy: ignore-errors
# RUN unittest
# NEEDS numpy
# LEAK test T.test_1 bytes=605700 line=ALLOC holder=numpy_views.HEADS
# LEAK test T.test_2 bytes=605700 line=ALLOC holder=numpy_views.HEADS
# LEAK test T.test_3 bytes=605700 line=ALLOC holder=numpy_views.HEADS
# LEAK test T.test_4 bytes=605700 line=ALLOC holder=numpy_views.HEADS
# CLEAN test T.test_5_copies
# VERDICT growing numpy_views.HEADS
# A view of one row keeps the whole array that it is a view of.
import unittest

import numpy

HEADS = []


def read():
    table = numpy.empty(100, dtype=object)
    for i in range(100):
        table[i] = bytearray(6_000)  # ALLOC
    return table


class T(unittest.TestCase):
    # FIX HEADS.clear() | def tearDown(self): HEADS.clear()

    def test_1(self):
        HEADS.append(read()[:1])

    def test_2(self):
        HEADS.append(read()[:1])

    def test_3(self):
        HEADS.append(read()[:1])

    def test_4(self):
        HEADS.append(read()[:1])

    def test_5_copies(self):
        HEADS.append(read()[:1].copy())
