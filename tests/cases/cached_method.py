# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=500000 line=ALLOC holder=Service.total
# LEAK test T.test_2 bytes=500000 line=ALLOC holder=Service.total
# CLEAN test T.test_3_clears
import functools
import unittest


class Service:
    def __init__(self):
        self.data = bytearray(500_000)  # ALLOC

    @functools.cache
    def total(self, n):
        return len(self.data) * n

    @functools.cache
    def cleared(self, n):
        return len(self.data) * n


class T(unittest.TestCase):
    def test_1(self):
        Service().total(1)

    def test_2(self):
        Service().total(2)

    def test_3_clears(self):
        Service().cleared(3)
        Service.cleared.cache_clear()
