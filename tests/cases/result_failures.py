# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=300000 line=ALLOC holder=T.user
# LEAK test T.test_2 bytes=300000 line=ALLOC holder=T.user
# LEAK test T.test_3 bytes=300000 line=ALLOC holder=T.user
# LEAK test T.test_4 bytes=300000 line=ALLOC holder=T.user
# LEAK test T.test_5 bytes=300000 line=ALLOC holder=T.user
# CLEAN test T.test_6_passes
# CLEAN test T.test_7_passes
# VERDICT growing T.user
# KIND testcase-attribute T.user
import unittest


class User:
    def __init__(self, name):
        self.name = name
        self.photo = bytearray(300_000)  # ALLOC


class T(unittest.TestCase):
    def setUp(self):
        self.user = User("ada")
        # FIX self.addCleanup(delattr, self, "user")

    def test_1(self):
        self.assertEqual(self.user.name, "eve")

    def test_2(self):
        self.assertEqual(self.user.name, "bob")

    def test_3(self):
        self.assertIn("z", self.user.name)

    def test_4(self):
        self.assertIsNone(self.user.name)

    def test_5(self):
        self.assertFalse(self.user.name)

    def test_6_passes(self):
        self.assertEqual(self.user.name, "ada")

    def test_7_passes(self):
        pass
