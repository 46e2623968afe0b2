# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=2000000 line=ALLOC holder=Counter.calls
# LEAK test T.test_2 bytes=2000000 line=ALLOC holder=Counter.calls
# LEAK test T.test_3 bytes=2000000 line=ALLOC holder=Counter.calls
# LEAK test T.test_4 bytes=2000000 line=ALLOC holder=Counter.calls
# VERDICT growing Counter.calls
import unittest


class Counter:
    calls = []

    def count(self):
        for _ in range(4):
            self.calls.append(bytearray(500_000))  # ALLOC


class T(unittest.TestCase):
    def test_1(self):
        Counter().count()

    def test_2(self):
        Counter().count()

    def test_3(self):
        Counter().count()

    def test_4(self):
        Counter().count()
