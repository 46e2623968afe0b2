# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1_skips bytes=800000 line=ALLOC holder=T.image
# CLEAN test T.test_2_passes
# CLEAN test T.test_3_passes
# VERDICT once T.image
# KIND testcase-attribute T.image
import unittest


class T(unittest.TestCase):
    def setUp(self):
        self.image = {"name": "logo", "data": bytearray(800_000)}  # ALLOC
        # FIX self.addCleanup(delattr, self, "image")

    def test_1_skips(self):
        if not hasattr(self.image, "thumbnail"):
            self.skipTest("no thumbnails on this platform")

    def test_2_passes(self):
        self.assertEqual(self.image["name"], "logo")

    def test_3_passes(self):
        self.assertEqual(len(self.image["data"]), 800_000)
