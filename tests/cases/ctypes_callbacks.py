# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=300000 line=ALLOC holder=ctypes_callbacks.ALIVE
# LEAK test T.test_2 bytes=300000 line=ALLOC holder=ctypes_callbacks.ALIVE
# LEAK test T.test_3 bytes=300000 line=ALLOC holder=ctypes_callbacks.ALIVE
# VERDICT growing ctypes_callbacks.ALIVE
import ctypes
import unittest

COMPARE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_int)
ALIVE = []


def register(weights):
    callback = COMPARE(lambda a, b: weights["w"][a] - weights["w"][b])
    ALIVE.append(callback)
    return callback


class T(unittest.TestCase):
    # FIX ctypes_callbacks.ALIVE.clear() | def setUp(self): self.addCleanup(ALIVE.clear)

    def sort(self):
        weights = {"w": bytearray(300_000)}  # ALLOC
        self.assertEqual(register(weights)(1, 2), 0)

    def test_1(self):
        self.sort()

    def test_2(self):
        self.sort()

    def test_3(self):
        self.sort()
