# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=200000 line=ALLOC holder=last_and_all.CACHE
# LEAK test T.test_2 bytes=200000 line=ALLOC holder=last_and_all.CACHE
# LEAK test T.test_3 bytes=200000 line=ALLOC holder=last_and_all.CACHE
# VERDICT growing last_and_all.CACHE
import unittest

LAST = None
CACHE = {}


class T(unittest.TestCase):
    def load(self, n):
        global LAST
        LAST = CACHE[n] = bytearray(200_000)  # ALLOC

    def test_1(self):
        self.load(1)

    def test_2(self):
        self.load(2)

    def test_3(self):
        self.load(3)
