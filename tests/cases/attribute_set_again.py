# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=300000 line=ALLOC holder=T.rows
# LEAK test T.test_2 bytes=300000 line=ALLOC holder=T.rows
# LEAK test T.test_3 bytes=300000 line=ALLOC holder=T.rows
# VERDICT growing T.rows
import unittest


class Base(unittest.TestCase):
    def setUp(self):
        # FIX in Base.setUp, before all else: self.addCleanup(self.__dict__.pop, "rows", None) | self.addCleanup(self.__dict__.pop, "rows", None)
        self.addCleanup(self.close)

    def load(self):
        self.rows = [bytearray(300_000)]  # ALLOC

    def close(self):
        self.assertEqual(len(self.rows), 1)

    def tearDown(self):
        if self._testMethodName == "test_4":
            self.rows.clear()
            del self.rows
            self.rows = [None]


class T(Base):
    def test_1(self):
        self.load()
        self.load()
        self.fail("one")

    def test_2(self):
        self.load()
        self.fail("two")

    def test_3(self):
        self.load()
        self.fail("three")

    def test_4(self):
        self.load()
