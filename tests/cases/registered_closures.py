# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1_closure bytes=500000 line=ALLOC holder=registered_closures.CALLBACKS
# LEAK test T.test_2_default bytes=500000 line=ALLOC2 holder=registered_closures.CALLBACKS
# LEAK test T.test_3_partial bytes=500000 line=ALLOC3 holder=registered_closures.CALLBACKS
# CLEAN test T.test_4_removes
import functools
import unittest

CALLBACKS = []


class T(unittest.TestCase):
    def test_1_closure(self):
        data = bytearray(500_000)  # ALLOC
        CALLBACKS.append(lambda: data)

    def test_2_default(self):
        data = bytearray(500_000)  # ALLOC2
        CALLBACKS.append(lambda data=data: data)

    def test_3_partial(self):
        CALLBACKS.append(functools.partial(len, bytearray(500_000)))  # ALLOC3

    def test_4_removes(self):
        data = bytearray(500_000)
        CALLBACKS.append(lambda: data)
        self.addCleanup(CALLBACKS.pop)
