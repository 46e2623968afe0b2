# mypy: ignore-errors
# RUN unittest
# LEAK class TestCreate bytes=500000 line=ALLOC holder=TestCreate.rows
# LEAK class TestDelete bytes=500000 line=ALLOC holder=TestDelete.rows
# LEAK class TestUpdate bytes=500000 line=ALLOC holder=TestUpdate.rows
# CLEAN test TestCreate.test
# CLEAN test TestUpdate.test
# CLEAN test Z.test
# VERDICT once TestCreate.rows
# VERDICT once TestDelete.rows
# VERDICT once TestUpdate.rows
# KIND class-attribute TestCreate.rows
import unittest


class Base(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rows = [bytearray(100_000) for _ in range(5)]  # ALLOC
        # FIX cls.addClassCleanup(delattr, cls, "rows")


class TestCreate(Base):
    def test(self):
        self.assertEqual(len(self.rows), 5)


class TestDelete(Base):
    def test(self):
        self.assertTrue(self.rows)


class TestUpdate(Base):
    def test(self):
        self.assertTrue(self.rows)


class Z(unittest.TestCase):
    def test(self):
        pass
