# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=sqlite_functions.CONNECTION or weights in the closure of
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=sqlite_functions.CONNECTION or weights in the closure of
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=sqlite_functions.CONNECTION or weights in the closure of
# CLEAN test T.test_4
# VERDICT growing sqlite_functions.CONNECTION or weights in the closure of
import sqlite3
import unittest

CONNECTION = sqlite3.connect(":memory:")


def register(name):
    weights = bytearray(400_000)  # ALLOC
    CONNECTION.create_function(name, 1, lambda row: weights[row])


class T(unittest.TestCase):
    def score(self, name):
        register(name)
        self.assertEqual(CONNECTION.execute(f"select {name}(1)").fetchone(), (0,))

    def test_1(self):
        self.score("one")

    def test_2(self):
        self.score("two")

    def test_3(self):
        self.score("three")

    def test_4(self):
        pass
