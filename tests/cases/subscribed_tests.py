# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=T.rows or subscribed_tests.LISTENERS
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=T.rows or subscribed_tests.LISTENERS
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=T.rows or subscribed_tests.LISTENERS
# CLEAN test Z.test
# VERDICT growing T.rows or subscribed_tests.LISTENERS
import unittest

LISTENERS = []


class T(unittest.TestCase):
    def setUp(self):
        self.rows = bytearray(400_000)  # ALLOC
        LISTENERS.append(self.on_change)
        # FIX self.addCleanup( | self.addCleanup(LISTENERS.remove, self.on_change)

    def on_change(self):
        self.rows.clear()

    def test_1(self):
        pass

    def test_2(self):
        pass

    def test_3(self):
        pass


class Z(unittest.TestCase):
    def test(self):
        pass
