# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1_fills bytes=400000 line=ALLOC holder=module_cache.CACHE
# LEAK test T.test_2_fills_another bytes=400000 line=ALLOC holder=module_cache.CACHE
# CLEAN test T.test_3_hits
# CLEAN test T.test_4_forgets
import unittest

CACHE = {}


def load(key):
    if key not in CACHE:
        CACHE[key] = bytearray(400_000)  # ALLOC
    return CACHE[key]


class T(unittest.TestCase):
    def test_1_fills(self):
        load("one")

    def test_2_fills_another(self):
        load("two")

    def test_3_hits(self):
        load("one")

    def test_4_forgets(self):
        load("three")
        del CACHE["three"]
