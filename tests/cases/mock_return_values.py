# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=T.connection.cursor
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=T.connection.cursor
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=T.connection.cursor
# CLEAN test T.test_4
# CLEAN test Z.test
# VERDICT growing T.connection.cursor
# KIND mock T.connection.cursor
import unittest
from unittest import mock


def insert(connection, table, size):
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table}", bytearray(size))  # ALLOC


class T(unittest.TestCase):
    connection = mock.MagicMock()

    # FIX connection.reset_mock() | def tearDown(self): self.connection.reset_mock()
    def test_0_warms_up(self):
        insert(self.connection, "a", 1)

    def test_1(self):
        insert(self.connection, "a", 400_000)

    def test_2(self):
        insert(self.connection, "b", 400_000)

    def test_3(self):
        insert(self.connection, "c", 400_000)

    def test_4(self):
        self.assertTrue(self.connection)


class Z(unittest.TestCase):
    def test(self):
        pass
