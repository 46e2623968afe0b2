# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=300000 line=ALLOC holder=C code holds 1 reference to bytes
# LEAK test T.test_2 bytes=300000 line=ALLOC holder=C code holds 1 reference to bytes
# LEAK test T.test_3 bytes=300000 line=ALLOC holder=C code holds 1 reference to bytes
# LEAK test T.test_4_list bytes=300000 line=ALLOC_IN_LIST holder=C code holds 1 reference to list
# CLEAN test T.test_5_gives_back
# VERDICT unexplained C code holds
# KIND c-reference C code holds
import ctypes
import unittest


class T(unittest.TestCase):
    def lend(self, made):
        lent = ctypes.py_object(made)
        ctypes.pythonapi.Py_IncRef(lent)
        return lent

    def make(self):
        return bytes(300_000)  # ALLOC

    def test_1(self):
        self.lend(self.make())

    def test_2(self):
        self.lend(self.make())

    def test_3(self):
        self.lend(self.make())

    def test_4_list(self):
        self.lend([[bytearray(300_000)]])  # ALLOC_IN_LIST

    def test_5_gives_back(self):
        ctypes.pythonapi.Py_DecRef(self.lend(self.make()))
