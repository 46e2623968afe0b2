# mypy: ignore-errors
# RUN unittest
# CLEAN test T.test_1
# CLEAN test T.test_2
# CLEAN test T.test_3
# LEAK test T.test_4 bytes=400000 line=ALLOC holder=bounded_cache.load (cache) or load (cache)
# LEAK test T.test_5 bytes=400000 line=ALLOC holder=bounded_cache.load (cache) or load (cache)
# LEAK test T.test_6 bytes=400000 line=ALLOC holder=bounded_cache.load (cache) or load (cache)
# CLEAN test T.test_7
# VERDICT once bounded_cache.load (cache) or load (cache)
# KIND cache bounded_cache.load (cache) or load (cache)
import functools
import unittest


@functools.lru_cache(maxsize=3)
def load(key):
    return bytearray(400_000)  # ALLOC


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

    def test_7(self):
        pass
