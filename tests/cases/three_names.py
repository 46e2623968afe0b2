# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=800000 line=ALLOC holder=three_names.DEFAULT or three_names.CURRENT or three_names.FALLBACK
# CLEAN test T.test_2
# VERDICT once three_names.DEFAULT or three_names.CURRENT or three_names.FALLBACK
import unittest

DEFAULT = CURRENT = FALLBACK = None


def configure():
    global DEFAULT, CURRENT, FALLBACK
    DEFAULT = CURRENT = FALLBACK = {"rows": bytearray(800_000)}  # ALLOC


class T(unittest.TestCase):
    def test_1(self):
        configure()
        # FIX DEFAULT | self.addCleanup(globals().update, DEFAULT=None)
        # FIX DEFAULT | self.addCleanup(globals().update, CURRENT=None)
        # FIX DEFAULT | self.addCleanup(globals().update, FALLBACK=None)

    def test_2(self):
        pass
