# mypy: ignore-errors
# RUN unittest
# CLEAN test T.test_1
# CLEAN test T.test_2
# LEAK test T.test_3 bytes=700000 line=ALLOC holder=mock_side_effect.CLIENT.fetch.side_effect
# CLEAN test T.test_4
# VERDICT once mock_side_effect.CLIENT.fetch.side_effect
import unittest
from unittest import mock

CLIENT = mock.Mock()
CLIENT.fetch.return_value = 0


def answering(size):
    rows = bytearray(size)  # ALLOC

    def fetch(key):
        return rows[key]

    return fetch


class T(unittest.TestCase):
    # FIX side_effect | def tearDown(self): CLIENT.reset_mock(side_effect=True)
    def test_1(self):
        CLIENT.fetch.side_effect = answering(700_000)

    def test_2(self):
        CLIENT.fetch.side_effect = answering(700_000)
        self.assertEqual(CLIENT.fetch(1), 0)

    def test_3(self):
        CLIENT.fetch.side_effect = answering(700_000)

    def test_4(self):
        self.assertTrue(CLIENT.fetch)
