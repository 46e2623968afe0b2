# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=send.calls or function_attribute.send.calls
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=send.calls or function_attribute.send.calls
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=send.calls or function_attribute.send.calls
# CLEAN test T.test_4
# VERDICT growing send.calls or function_attribute.send.calls
import unittest


def send(body):
    send.calls.append(body)


send.calls = []


class T(unittest.TestCase):
    # FIX send.calls.clear() | def tearDown(self): send.calls.clear()

    def send(self):
        send(bytearray(400_000))  # ALLOC

    def test_1(self):
        self.send()

    def test_2(self):
        self.send()

    def test_3(self):
        self.send()

    def test_4(self):
        pass
