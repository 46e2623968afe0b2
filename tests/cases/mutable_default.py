# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=seen, default of collect()
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=seen, default of collect()
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=seen, default of collect()
# CLEAN test T.test_4
# VERDICT growing seen, default of collect()
import unittest


def collect(row, seen=[]):  # noqa: B006 - the mistake that the case is about
    # FIX seen=None | seen = list(seen)
    seen.append(row)
    return seen


class T(unittest.TestCase):
    def collect(self):
        row = bytearray(400_000)  # ALLOC
        self.assertIs(collect(row)[-1], row)

    def test_1(self):
        self.collect()

    def test_2(self):
        self.collect()

    def test_3(self):
        self.collect()

    def test_4(self):
        pass
