# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1_sets bytes=500000 line=ALLOC holder=
# CLEAN test T.test_2_resets
import contextvars
import unittest

CURRENT = contextvars.ContextVar("CURRENT")
OTHER = contextvars.ContextVar("OTHER")


class T(unittest.TestCase):
    def test_1_sets(self):
        CURRENT.set(bytearray(500_000))  # ALLOC

    def test_2_resets(self):
        self.addCleanup(OTHER.reset, OTHER.set(bytearray(500_000)))
