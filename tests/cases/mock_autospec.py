# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=mock_autospec.SEND.call_args_list
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=mock_autospec.SEND.call_args_list
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=mock_autospec.SEND.call_args_list
# CLEAN test T.test_4
# VERDICT growing mock_autospec.SEND.call_args_list
# KIND mock mock_autospec.SEND.call_args_list
import unittest
from unittest import mock


def send(address, letter):
    raise OSError("no mail from tests")


SEND = mock.create_autospec(send)


class T(unittest.TestCase):
    # FIX SEND.reset_mock() | def tearDown(self): SEND.reset_mock()
    def letter(self, address):
        SEND(address, letter=bytearray(400_000))  # ALLOC

    def test_1(self):
        self.letter("ada")

    def test_2(self):
        self.letter("bob")

    def test_3(self):
        self.letter("eve")

    def test_4(self):
        with self.assertRaises(TypeError):  # noqa: PT027 - no pytest here
            SEND("bob", attachment=bytearray(400_000))
