# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=cached_function.load (cache) or load (cache)
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=cached_function.load (cache) or load (cache)
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=cached_function.load (cache) or load (cache)
# CLEAN test T.test_4
# VERDICT growing cached_function.load (cache) or load (cache)
# KIND cache cached_function.load (cache) or load (cache)
import functools
import unittest


@functools.cache
def load(key):
    return bytearray(400_000)  # ALLOC


class T(unittest.TestCase):
    # FIX load.cache_clear() | def tearDown(self): load.cache_clear()

    def test_1(self):
        load("one")

    def test_2(self):
        load("two")

    def test_3(self):
        load("three")

    def test_4(self):
        self.assertIsNotNone(load)
