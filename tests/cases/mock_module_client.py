# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=mock_module_client.CLIENT.send.call_args_list
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=mock_module_client.CLIENT.send.call_args_list
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=mock_module_client.CLIENT.send.call_args_list
# LEAK test T.test_4 bytes=400000 line=ALLOC holder=mock_module_client.CLIENT.send.call_args_list
# CLEAN test T.test_5
# VERDICT growing mock_module_client.CLIENT.send.call_args_list
# KIND mock mock_module_client.CLIENT.send.call_args_list
import unittest
from unittest import mock

CLIENT = mock.MagicMock()
CLIENT.send.return_value = True


def publish(topic, size):
    CLIENT.send(topic, payload=bytearray(size))  # ALLOC


class T(unittest.TestCase):
    # FIX CLIENT.reset_mock() | def tearDown(self): CLIENT.reset_mock()
    def test_1(self):
        publish("a", 400_000)
        CLIENT.send.assert_called_with("a", payload=mock.ANY)

    def test_2(self):
        publish("b", 400_000)

    def test_3(self):
        publish("c", 400_000)

    def test_4(self):
        publish("d", 400_000)

    def test_5(self):
        pass
