# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1_stores bytes=1000000 line=ALLOC holder=stored_exception.LAST
# CLEAN test T.test_2_stores_its_text
import unittest

LAST = None
TEXT = None


def work():
    data = bytearray(1_000_000)  # ALLOC
    raise ValueError(len(data))


class T(unittest.TestCase):
    def test_1_stores(self):
        global LAST
        try:
            work()
        except ValueError as error:
            LAST = error

    def test_2_stores_its_text(self):
        global TEXT
        try:
            work()
        except ValueError as error:
            TEXT = str(error)
