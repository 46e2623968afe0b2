# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=mock_seen_twice.SEND.call_args_list or seen in the closure of
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=mock_seen_twice.SEND.call_args_list or seen in the closure of
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=mock_seen_twice.SEND.call_args_list or seen in the closure of
# VERDICT growing mock_seen_twice.SEND.call_args_list or seen in the closure of
# KIND mock mock_seen_twice.SEND.call_args_list or seen in the closure of
import unittest
from unittest import mock


def make():
    seen = []

    def send(letter):
        seen.append(letter)
        return len(seen)

    return mock.Mock(side_effect=send)


SEND = make()


class T(unittest.TestCase):
    # FIX mock_seen_twice.SEND.reset_mock() | def tearDown(self): SEND.reset_mock(); SEND.side_effect.__closure__[0].cell_contents.clear()

    def letter(self):
        self.assertTrue(SEND(bytearray(400_000)))  # ALLOC

    def test_1(self):
        self.letter()

    def test_2(self):
        self.letter()

    def test_3(self):
        self.letter()
