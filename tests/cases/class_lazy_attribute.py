# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1_is_first bytes=900000 line=ALLOC holder=T.model
# CLEAN test T.test_2
# CLEAN test T.test_3
# CLEAN test Z.test
# VERDICT once T.model
# KIND class-attribute T.model
import unittest


class T(unittest.TestCase):
    def setUp(self):
        cls = type(self)
        if not hasattr(cls, "model"):
            cls.model = bytearray(900_000)  # ALLOC
            # FIX cls.addClassCleanup(delattr, cls, "model")

    def test_1_is_first(self):
        self.assertTrue(self.model)

    def test_2(self):
        self.assertTrue(self.model)

    def test_3(self):
        self.assertTrue(self.model)


class Z(unittest.TestCase):
    def test(self):
        pass
