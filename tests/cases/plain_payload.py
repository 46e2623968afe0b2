# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1_floats bytes=3200984 line=ALLOC holder=plain_payload.HISTORY
# LEAK test T.test_2_text bytes=1000049 line=ALLOC2 holder=plain_payload.TEXTS
# CLEAN test T.test_3_pops
import unittest

HISTORY = []
TEXTS = [None]


class T(unittest.TestCase):
    def test_1_floats(self):
        for i in range(100_000):
            HISTORY.append(i * 1.5)  # ALLOC

    def test_2_text(self):
        TEXTS[0] = "x" * 1_000_000  # ALLOC2

    def test_3_pops(self):
        TEXTS.append("x" * 1_000_000)
        TEXTS.pop()
