# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=45500 line=ALLOC holder=sqlite_kept_open.OPEN
# LEAK test T.test_2 bytes=45500 line=ALLOC holder=sqlite_kept_open.OPEN
# LEAK test T.test_3 bytes=45500 line=ALLOC holder=sqlite_kept_open.OPEN
# CLEAN test T.test_4
# VERDICT growing sqlite_kept_open.OPEN
# KIND module-global sqlite_kept_open.OPEN
import sqlite3
import unittest

OPEN = []


class Connection(sqlite3.Connection):
    pass


class T(unittest.TestCase):
    # FIX OPEN.clear() | def tearDown(self): OPEN.clear()

    def connect(self):
        connection = sqlite3.connect(":memory:", factory=Connection)
        OPEN.append(connection)
        for k in range(20):
            connection.execute(f"select {k} -- " + "x" * 2000).fetchall()  # ALLOC

    def test_1(self):
        self.connect()

    def test_2(self):
        self.connect()

    def test_3(self):
        self.connect()

    def test_4(self):
        pass
