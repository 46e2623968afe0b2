# mypy: ignore-errors
# RUN unittest
# NEEDS numpy
# LEAK test T.test_1 bytes=4000000 line=ALLOC holder=numpy_module_list.KEPT
# LEAK test T.test_2 bytes=4000000 line=ALLOC holder=numpy_module_list.KEPT
# LEAK test T.test_3 bytes=4000000 line=ALLOC holder=numpy_module_list.KEPT
# CLEAN test T.test_4_forgets
# VERDICT growing numpy_module_list.KEPT
import unittest

import numpy

KEPT = []


class T(unittest.TestCase):
    # FIX KEPT.clear() | def tearDown(self): KEPT.clear()

    def test_1(self):
        KEPT.append(numpy.zeros(500_000))  # ALLOC

    def test_2(self):
        KEPT.append(numpy.zeros((500, 1000), order="F"))

    def test_3(self):
        KEPT.append(numpy.zeros((2, 250_000)).astype("i8"))

    def test_4_forgets(self):
        numpy.zeros(500_000)
