# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=500000 line=ALLOC holder=
# CLEAN test T.test_2_dies
import unittest
import weakref


class Resource:
    pass


POOL = Resource()


class T(unittest.TestCase):
    def test_1(self):
        weakref.finalize(POOL, print, bytearray(500_000)).atexit = False  # ALLOC

    def test_2_dies(self):
        weakref.finalize(Resource(), len, bytearray(500_000))
