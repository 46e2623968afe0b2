# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1_sets bytes=500000 line=ALLOC holder=Service.latest
# CLEAN test T.test_2_restores
# LEAK class A bytes=700000 line=ALLOC2 holder=A.data
# CLEAN class B
import unittest


class Service:
    latest = None
    other = None


class T(unittest.TestCase):
    def test_1_sets(self):
        Service.latest = bytearray(500_000)  # ALLOC

    def test_2_restores(self):
        Service.other = bytearray(500_000)
        Service.other = None


class A(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.data = bytearray(700_000)  # ALLOC2

    def test(self):
        self.assertTrue(self.data)


class B(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.data = bytearray(700_000)

    @classmethod
    def tearDownClass(cls):
        del cls.data

    def test(self):
        self.assertTrue(self.data)
