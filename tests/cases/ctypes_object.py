# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=500000 line=ALLOC holder=ctypes_object.BOX
# CLEAN test T.test_2
import ctypes
import unittest

BOX = ctypes.py_object()


class T(unittest.TestCase):
    # FIX ctypes_object.BOX.value = 0 | def tearDown(self): BOX.value = 0

    def test_1(self):
        BOX.value = bytearray(500_000)  # ALLOC

    def test_2(self):
        pass
