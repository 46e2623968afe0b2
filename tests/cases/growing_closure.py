# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=rows in the closure of
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=rows in the closure of
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=rows in the closure of
# CLEAN test T.test_4
# VERDICT growing rows in the closure of
# KIND closure rows in the closure of
import unittest


def counter():
    rows = []

    def count(row):
        rows.append(row)
        return len(rows)

    return count


COUNT = counter()


class T(unittest.TestCase):
    # FIX cell_contents.clear() | def tearDown(self): COUNT.__closure__[0].cell_contents.clear()

    def count(self):
        self.assertTrue(COUNT(bytearray(400_000)))  # ALLOC

    def test_1(self):
        self.count()

    def test_2(self):
        self.count()

    def test_3(self):
        self.count()

    def test_4(self):
        pass
