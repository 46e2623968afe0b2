# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=300000 line=ALLOC holder=values in the closure of
# LEAK test T.test_2 bytes=300000 line=ALLOC holder=values in the closure of
# LEAK test T.test_3 bytes=300000 line=ALLOC holder=values in the closure of
# VERDICT growing values in the closure of
# KIND closure values in the closure of
import unittest


def lazy(make):
    values = {}

    def get(self):
        if id(self) not in values:
            values[id(self)] = (self, make(self))
        return values[id(self)][1]

    return property(get)


class Invoice:
    __slots__ = ("number",)

    def __init__(self, number):
        self.number = number

    @lazy
    def pdf(self):
        return bytearray(300_000)  # ALLOC


class T(unittest.TestCase):
    # FIX cell_contents.clear() | def tearDown(self): dict(zip(Invoice.pdf.fget.__code__.co_freevars, Invoice.pdf.fget.__closure__))["values"].cell_contents.clear()

    def test_1(self):
        self.assertTrue(Invoice(1).pdf)

    def test_2(self):
        self.assertTrue(Invoice(2).pdf)

    def test_3(self):
        self.assertTrue(Invoice(3).pdf)
