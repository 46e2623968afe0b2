# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=302000 line=ALLOC holder=copyreg.dispatch_table
# LEAK test T.test_2 bytes=302000 line=ALLOC holder=copyreg.dispatch_table
# LEAK test T.test_3 bytes=302000 line=ALLOC holder=copyreg.dispatch_table
# VERDICT growing copyreg.dispatch_table
# KIND module-global copyreg.dispatch_table
import copy
import copyreg
import unittest.mock


def make():
    class Point:
        table = bytearray(300_000)  # ALLOC

        def __init__(self, x):
            self.x = x

    copyreg.pickle(Point, lambda point: (Point, (point.x,)))
    return Point


class T(unittest.TestCase):
    def check(self):
        # FIX mock.patch.dict(copyreg.dispatch_table) | self.enterContext(unittest.mock.patch.dict(copyreg.dispatch_table))
        Point = make()
        self.assertEqual(copy.copy(Point(3)).x, 3)

    def test_1(self):
        self.check()

    def test_2(self):
        self.check()

    def test_3(self):
        self.check()
