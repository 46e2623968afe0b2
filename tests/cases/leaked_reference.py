# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=800000 line=ALLOC holder=C code holds
# VERDICT unexplained C code holds
# CLEAN test T.test_2
import ctypes
import unittest


class Blob(bytearray):
    pass


class T(unittest.TestCase):
    def test_1(self):
        made = Blob(800_000)  # ALLOC
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(made))

    def test_2(self):
        made = Blob(800_000)
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(made))
        ctypes.pythonapi.Py_DecRef(ctypes.py_object(made))
