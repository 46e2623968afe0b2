# mypy: ignore-errors
# RUN unittest
# NEEDS numpy
# LEAK test T.test_1 bytes=2000000 line=ALLOC holder=T.image
# LEAK test T.test_2 bytes=2000000 line=ALLOC holder=T.image
# CLEAN test T.test_3_passes
# VERDICT growing T.image
# KIND testcase-attribute T.image
# Failed tests are kept by the result, with what setUp put on them.
import unittest

import numpy


class T(unittest.TestCase):
    def setUp(self):
        self.image = numpy.full((1000, 2000), 7, dtype="u1")  # ALLOC
        # FIX self.addCleanup(delattr, self, "image")

    def test_1(self):
        self.assertEqual(self.image.sum(), 0)

    def test_2(self):
        self.assertEqual(self.image.max(), 0)

    def test_3_passes(self):
        self.assertEqual(self.image.max(), 7)
