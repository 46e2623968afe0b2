# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=finalize._registry or weakref.finalize
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=finalize._registry or weakref.finalize
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=finalize._registry or weakref.finalize
# CLEAN test T.test_4
# VERDICT growing finalize._registry or weakref.finalize
# KIND callback finalize._registry or weakref.finalize
import unittest
import weakref


class Pool:
    pass


POOL = Pool()


def give_back(buffer):
    buffer.clear()


class T(unittest.TestCase):
    def borrow(self):
        buffer = bytearray(400_000)  # ALLOC
        self.finalizer = weakref.finalize(POOL, give_back, buffer)
        # FIX .detach() | self.addCleanup(self.finalizer.detach)

    def test_1(self):
        self.borrow()

    def test_2(self):
        self.borrow()

    def test_3(self):
        self.borrow()

    def test_4(self):
        pass
