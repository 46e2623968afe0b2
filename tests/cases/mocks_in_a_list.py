# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=206000 line=ALLOC holder=mocks_in_a_list.CLIENTS
# LEAK test T.test_2 bytes=206000 line=ALLOC holder=mocks_in_a_list.CLIENTS
# LEAK test T.test_3 bytes=206000 line=ALLOC holder=mocks_in_a_list.CLIENTS
# CLEAN test T.test_4
# VERDICT growing mocks_in_a_list.CLIENTS
# KIND module-global mocks_in_a_list.CLIENTS
import unittest
from unittest import mock

CLIENTS = []


class T(unittest.TestCase):
    # FIX CLIENTS.clear() | def tearDown(self): CLIENTS.clear()

    def connect(self):
        client = mock.Mock()
        client.data = bytearray(200_000)  # ALLOC
        CLIENTS.append(client)

    def test_1(self):
        self.connect()

    def test_2(self):
        self.connect()

    def test_3(self):
        self.connect()

    def test_4(self):
        pass
