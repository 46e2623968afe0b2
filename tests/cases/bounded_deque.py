# mypy: ignore-errors
# RUN unittest
# CLEAN test T.test_1
# CLEAN test T.test_2
# CLEAN test T.test_3
# LEAK test T.test_4 bytes=400000 line=ALLOC holder=bounded_deque.EVENTS
# LEAK test T.test_5 bytes=400000 line=ALLOC holder=bounded_deque.EVENTS
# LEAK test T.test_6 bytes=400000 line=ALLOC holder=bounded_deque.EVENTS
# CLEAN test T.test_7
# VERDICT once bounded_deque.EVENTS
import collections
import unittest

EVENTS = collections.deque(maxlen=3)


def record():
    EVENTS.append(bytearray(400_000))  # ALLOC


class T(unittest.TestCase):
    # FIX EVENTS.clear() | def tearDown(self): EVENTS.clear()

    def test_1(self):
        record()

    def test_2(self):
        record()

    def test_3(self):
        record()

    def test_4(self):
        record()

    def test_5(self):
        record()

    def test_6(self):
        record()

    def test_7(self):
        pass
