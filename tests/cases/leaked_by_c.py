# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=C code holds
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=C code holds
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=C code holds
# LEAK test T.test_4 bytes=400000 line=ALLOC holder=C code holds
# CLEAN test T.test_5_gives_back
# VERDICT unexplained C code holds
# KIND c-reference C code holds
import ctypes
import unittest


class Image:
    def __init__(self):
        self.pixels = bytearray(400_000)  # ALLOC


class T(unittest.TestCase):
    def lend(self):
        lent = ctypes.py_object(Image())
        ctypes.pythonapi.Py_IncRef(lent)
        return lent

    def test_1(self):
        self.lend()

    def test_2(self):
        self.lend()

    def test_3(self):
        self.lend()

    def test_4(self):
        self.lend()

    def test_5_gives_back(self):
        ctypes.pythonapi.Py_DecRef(self.lend())
