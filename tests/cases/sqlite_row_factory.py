# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=500000 line=ALLOC holder=sqlite_row_factory.DB
# CLEAN test T.test_2
import sqlite3
import unittest

DB = sqlite3.connect(":memory:")


class T(unittest.TestCase):
    def test_1(self):
        # FIX self.addCleanup(setattr, sqlite_row_factory.DB, "row_factory", | self.addCleanup(setattr, DB, "row_factory", DB.row_factory)
        table = bytearray(500_000)  # ALLOC
        DB.row_factory = lambda cursor, row: (row, table[0])
        DB.execute("select 1")

    def test_2(self):
        self.assertEqual(DB.total_changes, 0)
