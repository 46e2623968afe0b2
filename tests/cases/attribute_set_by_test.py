# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=500000 line=ALLOC holder=attribute_set_by_test.DB.row_factory
# VERDICT once attribute_set_by_test.DB.row_factory
import sqlite3
import unittest

DB = sqlite3.connect(":memory:")


class T(unittest.TestCase):
    def test_1(self):
        names = bytearray(500_000)  # ALLOC
        DB.row_factory = lambda cursor, row: (names, row)

    def test_2(self):
        self.assertTrue(DB.execute("select 1").fetchone())
