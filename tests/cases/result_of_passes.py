# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=T.user
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=T.user
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=T.user
# CLEAN test Z.test
# VERDICT growing T.user
# KIND testcase-attribute T.user
import unittest


class HtmlResult(unittest.TextTestResult):
    """Notes every test, as the makers of HTML reports do."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.rows = []

    def addSuccess(self, test):
        super().addSuccess(test)
        self.rows.append(("passed", test, ""))


unittest.TextTestRunner.resultclass = HtmlResult


class T(unittest.TestCase):
    def setUp(self):
        self.user = bytearray(400_000)  # ALLOC
        # FIX self.addCleanup(delattr, self, "user")

    def test_1(self):
        self.assertTrue(self.user)

    def test_2(self):
        self.assertTrue(self.user)

    def test_3(self):
        self.assertTrue(self.user)


class Z(unittest.TestCase):
    def test(self):
        pass
