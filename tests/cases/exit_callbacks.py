# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=atexit or save
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=atexit or save
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=atexit or save
# CLEAN test T.test_4
# VERDICT growing atexit or save
# KIND callback atexit or save
import atexit
import unittest


def save(buffer):
    buffer.clear()


class T(unittest.TestCase):
    # FIX atexit.unregister | def tearDown(self): atexit.unregister(save)

    def open(self):
        atexit.register(save, bytearray(400_000))  # ALLOC

    def test_1(self):
        self.open()

    def test_2(self):
        self.open()

    def test_3(self):
        self.open()

    def test_4(self):
        pass
