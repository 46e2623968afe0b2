# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=460000 line=ALLOC holder=grown_tuple.BATCHES
# LEAK test T.test_2 bytes=460000 line=ALLOC holder=grown_tuple.BATCHES
# LEAK test T.test_3 bytes=460000 line=ALLOC holder=grown_tuple.BATCHES
# CLEAN test T.test_4_nothing
# VERDICT growing grown_tuple.BATCHES
# CPython makes a tuple of a generator's items with room for ten and reallocates it as it grows.
import unittest

BATCHES = []


class T(unittest.TestCase):
    def collect(self):
        # FIX BATCHES.clear() | self.addCleanup(BATCHES.clear)
        BATCHES.append(tuple(bytes(74) for _ in range(4_000)))  # ALLOC

    def test_1(self):
        self.collect()

    def test_2(self):
        self.collect()

    def test_3(self):
        self.collect()

    def test_4_nothing(self):
        pass
