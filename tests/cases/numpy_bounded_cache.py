# mypy: ignore-errors
# RUN unittest
# NEEDS numpy
# LEAK test T.test_4 bytes=4000000 line=ALLOC holder=numpy_bounded_cache.load
# LEAK test T.test_5 bytes=4000000 line=ALLOC holder=numpy_bounded_cache.load
# LEAK test T.test_6 bytes=4000000 line=ALLOC holder=numpy_bounded_cache.load
# CLEAN test T.test_1
# CLEAN test T.test_2
# CLEAN test T.test_3
# VERDICT once numpy_bounded_cache.load
# A full cache of arrays: their data is not seen when it goes, yet what is left does not add up.
import functools
import unittest

import numpy


@functools.lru_cache(maxsize=3)
def load(number):
    return numpy.ones(500_000)  # ALLOC


class T(unittest.TestCase):
    # FIX load.cache_clear() | def tearDown(self): load.cache_clear()

    def test_1(self):
        load(1)

    def test_2(self):
        load(2)

    def test_3(self):
        load(3)

    def test_4(self):
        load(4)

    def test_5(self):
        load(5)

    def test_6(self):
        load(6)
