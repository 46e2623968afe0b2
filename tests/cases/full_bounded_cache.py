# mypy: ignore-errors
# RUN unittest
# CLEAN test T.test_1
# CLEAN test T.test_2
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=full_bounded_cache.load
# LEAK test T.test_4 bytes=400000 line=ALLOC holder=full_bounded_cache.load
import functools
import unittest


@functools.lru_cache(maxsize=2)
def load(key):
    return bytearray(400_000)  # ALLOC


class T(unittest.TestCase):
    def test_1(self):
        load(1)

    def test_2(self):
        load(2)

    def test_3(self):
        load(3)

    def test_4(self):
        load(4)
