# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=20000 line=ALLOC holder=far_bounded_cache.parse (cache)
# LEAK test T.test_2 bytes=20000 line=ALLOC holder=far_bounded_cache.parse (cache)
# LEAK test T.test_3 bytes=20000 line=ALLOC holder=far_bounded_cache.parse (cache)
# LEAK test T.test_4 bytes=20000 line=ALLOC holder=far_bounded_cache.parse (cache)
# VERDICT growing far_bounded_cache.parse (cache)
# KIND cache far_bounded_cache.parse (cache)
import functools
import unittest


@functools.lru_cache(maxsize=10_000)
def parse(key):
    return bytearray(20_000)  # ALLOC


@functools.lru_cache(maxsize=20)
def small(key):
    return bytearray(2_000)


class T(unittest.TestCase):
    # FIX parse.cache_clear() | def tearDown(self): parse.cache_clear()

    def test_1(self):
        parse(1)

    def test_2(self):
        parse(2)

    def test_3(self):
        parse(3)

    def test_4(self):
        parse(4)


class S(unittest.TestCase):
    def test_5(self):
        small(5)

    def test_6(self):
        small(6)

    def test_7(self):
        small(7)
