# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=206000 line=ALLOC holder=weakref.finalize._registry
# LEAK test T.test_2 bytes=206000 line=ALLOC holder=weakref.finalize._registry
# LEAK test T.test_3 bytes=206000 line=ALLOC holder=weakref.finalize._registry
# CLEAN test T.test_4
# VERDICT growing weakref.finalize._registry
# KIND callback weakref.finalize._registry
import unittest
import weakref
from unittest import mock


class Pool:
    pass


POOL = Pool()


def give_back(client):
    client.close()


class T(unittest.TestCase):
    def borrow(self):
        client = mock.Mock()
        client.data = bytearray(200_000)  # ALLOC
        self.finalizer = weakref.finalize(POOL, give_back, client)
        # FIX .detach() | self.addCleanup(self.finalizer.detach)

    def test_1(self):
        self.borrow()

    def test_2(self):
        self.borrow()

    def test_3(self):
        self.borrow()

    def test_4(self):
        pass
