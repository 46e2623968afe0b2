# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1_fails bytes=300000 line=ALLOC holder=T.user
# LEAK test T.test_2_errs bytes=300000 line=ALLOC holder=T.user
# LEAK test T.test_3_skips bytes=300000 line=ALLOC holder=T.user
# LEAK test T.test_4_fails_as_expected bytes=300000 line=ALLOC holder=T.user
# LEAK test T.test_5_fails_in_part bytes=300000 line=ALLOC holder=T.user
# CLEAN test T.test_6_passes
# CLEAN test T.test_7_passes_with_parts
import unittest


class T(unittest.TestCase):
    def setUp(self):
        self.user = bytearray(300_000)  # ALLOC

    def test_1_fails(self):
        self.fail("x")

    def test_2_errs(self):
        raise ValueError("x")

    def test_3_skips(self):
        self.skipTest("x")

    @unittest.expectedFailure
    def test_4_fails_as_expected(self):
        self.fail("x")

    def test_5_fails_in_part(self):
        with self.subTest(i=1):
            self.fail("x")

    def test_6_passes(self):
        pass

    def test_7_passes_with_parts(self):
        with self.subTest(i=1):
            pass
