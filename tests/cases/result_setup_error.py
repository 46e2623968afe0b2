# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=T._client
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=T._client
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=T._client
# CLEAN test Passes.test
# VERDICT growing T._client
# KIND testcase-attribute T._client
import unittest


class Client:
    def __init__(self):
        self.pool = bytearray(400_000)  # ALLOC

    def connect(self):
        raise ConnectionError("refused")


class T(unittest.TestCase):
    def setUp(self):
        self._client = Client()
        # FIX self.addCleanup(delattr, self, "_client")
        self._client.connect()

    def test_1(self):
        pass

    def test_2(self):
        pass

    def test_3(self):
        pass


class Passes(unittest.TestCase):
    def setUp(self):
        self._client = Client()

    def test(self):
        pass
