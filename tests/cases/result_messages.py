# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=600000 line= holder=result.failures
# LEAK test T.test_2 bytes=600000 line= holder=result.failures
# LEAK test T.test_3 bytes=600000 line= holder=result.failures
# CLEAN test T.test_4_short
# CLEAN test T.test_5_passes
# VERDICT runner result.failures
# KIND result result.failures
import unittest


class T(unittest.TestCase):
    """The texts of failures stay to the end of the run, the value and all."""

    def test_1(self):
        self.assertNotIn("x", "x" * 600_000)

    def test_2(self):
        self.assertFalse("x" * 600_000)

    def test_3(self):
        self.fail("x" * 600_000)

    def test_4_short(self):
        self.assertEqual(len("x" * 600_000), 1)

    def test_5_passes(self):
        self.assertIn("x", "x" * 600_000)
