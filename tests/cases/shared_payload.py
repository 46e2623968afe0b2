# mypy: ignore-errors
# RUN unittest
# LEAK import shared_payload bytes=900000 line=ALLOC holder=shared_payload.TABLE
# CLEAN test T.test_1_fails
# CLEAN test T.test_2_fails
# CLEAN test T.test_3_fails
# CLEAN test T.test_4
# VERDICT once shared_payload.TABLE
# KIND module-global shared_payload.TABLE
import unittest

TABLE = bytearray(900_000)  # ALLOC


class T(unittest.TestCase):
    """The result keeps the failed ones, and they the table; but it is no test's."""

    def setUp(self):
        self.table = TABLE

    def test_1_fails(self):
        self.assertEqual(len(self.table), 1)

    def test_2_fails(self):
        self.assertEqual(len(self.table), 1)

    def test_3_fails(self):
        self.assertEqual(len(self.table), 1)

    def test_4(self):
        self.assertTrue(self.table)
