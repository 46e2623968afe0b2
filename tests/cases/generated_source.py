# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=6350 line=ALLOC holder=linecache.cache
# LEAK test T.test_2 bytes=6350 line=ALLOC holder=linecache.cache
# LEAK test T.test_3 bytes=6350 line=ALLOC holder=linecache.cache
# VERDICT growing linecache.cache (generated source)
import linecache
import unittest


def make_class(name):
    """As attrs does: so that tracebacks and debuggers find the lines."""
    lines = ["x = 1;" * 1_000]  # ALLOC
    linecache.cache[f"<attrs generated methods {name}>"] = (100, None, lines, name)


class T(unittest.TestCase):
    # FIX linecache.clearcache() | def tearDown(self): linecache.clearcache()

    def test_1(self):
        make_class("A")

    def test_2(self):
        make_class("B")

    def test_3(self):
        make_class("C")
