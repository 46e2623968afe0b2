# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=300000 line=ALLOC holder=Recorder.statements
# LEAK test T.test_2 bytes=300000 line=ALLOC holder=Recorder.statements
# LEAK test T.test_3 bytes=300000 line=ALLOC holder=Recorder.statements
# VERDICT growing Recorder.statements
import sqlite3
import unittest


class Recorder:
    def __init__(self):
        self.statements = []

    def note(self, sql):
        self.statements.append((sql, bytes(100_000)))  # ALLOC


DB = sqlite3.connect(":memory:", isolation_level=None)
DB.set_trace_callback(Recorder().note)


class T(unittest.TestCase):
    def run_three(self, n):
        for k in range(3):
            self.assertEqual(DB.execute(f"select {n}, {k}").fetchone(), (n, k))

    # FIX Recorder.statements.clear() | def setUp(self): DB.set_trace_callback(None)

    def test_1(self):
        self.run_three(1)

    def test_2(self):
        self.run_three(2)

    def test_3(self):
        self.run_three(3)
