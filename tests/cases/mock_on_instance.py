# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=mock_on_instance.GATE.send.call_args_list
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=mock_on_instance.GATE.send.call_args_list
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=mock_on_instance.GATE.send.call_args_list
# VERDICT growing mock_on_instance.GATE.send.call_args_list
import unittest
from unittest import mock


class Gate:
    def send(self, data):
        return len(data)


GATE = Gate()
GATE.send = mock.MagicMock()


class T(unittest.TestCase):
    # FIX mock_on_instance.GATE.send.reset_mock() | tearDown = lambda self: GATE.send.reset_mock()

    def use(self):
        GATE.send(bytes(400_000))  # ALLOC

    def test_1(self):
        self.use()

    def test_2(self):
        self.use()

    def test_3(self):
        self.use()
