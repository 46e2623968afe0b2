# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=300000 line=ALLOC holder=T.document
# LEAK test T.test_2 bytes=300000 line=ALLOC holder=T.document
# LEAK test T.test_3 bytes=300000 line=ALLOC holder=T.document
# LEAK test T.test_4 bytes=300000 line=ALLOC holder=T.document
# CLEAN test Z.test
# VERDICT growing T.document
# KIND testcase-attribute T.document
import unittest

# As runners do that look at the tests again when all are over.
unittest.TestSuite._cleanup = False


class T(unittest.TestCase):
    def setUp(self):
        self.document = {"title": "one", "body": bytearray(300_000)}  # ALLOC
        # FIX self.addCleanup(delattr, self, "document")

    def test_1(self):
        self.assertTrue(self.document)

    def test_2(self):
        self.assertEqual(self.document["title"], "one")

    def test_3(self):
        self.assertTrue(self.document["body"])

    def test_4(self):
        self.assertEqual(len(self.document), 2)


class Z(unittest.TestCase):
    def test(self):
        pass
