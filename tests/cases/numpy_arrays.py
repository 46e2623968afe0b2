# mypy: ignore-errors
# RUN unittest
# NEEDS numpy
# LEAK test T.test_1 bytes=3313984 line=ALLOC holder=numpy_arrays.FRAMES
# LEAK test T.test_2 bytes=3313984 line=ALLOC holder=numpy_arrays.FRAMES
# LEAK test T.test_3 bytes=3313984 line=ALLOC holder=numpy_arrays.FRAMES
# CLEAN test T.test_4_nothing
# VERDICT growing numpy_arrays.FRAMES
import unittest

import numpy

FRAMES = []


class T(unittest.TestCase):
    def record(self):
        # FIX FRAMES.clear() | self.addCleanup(FRAMES.clear)
        FRAMES.append([numpy.zeros(125) for _ in range(3_000)])  # ALLOC

    def test_1(self):
        self.record()

    def test_2(self):
        self.record()

    def test_3(self):
        self.record()

    def test_4_nothing(self):
        pass
