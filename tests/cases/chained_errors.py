# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=chained_errors.CAUGHT
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=chained_errors.CAUGHT
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=chained_errors.CAUGHT
# CLEAN test T.test_4
# VERDICT growing chained_errors.CAUGHT
# KIND exception chained_errors.CAUGHT
import unittest

CAUGHT = []


def read():
    body = bytearray(400_000)  # ALLOC
    raise KeyError(len(body))


def load():
    try:
        read()
    except KeyError:
        raise LookupError("no such row")  # noqa: B904 - so that only __context__ leads to it


class T(unittest.TestCase):
    # FIX CAUGHT.clear() | def tearDown(self): CAUGHT.clear()

    def load(self):
        # assertRaises clears the frames of load(), not those of the error that came before: read()
        with self.assertRaises(LookupError) as caught:  # noqa: PT027 - no pytest here
            load()
        CAUGHT.append(caught.exception)

    def test_1(self):
        self.load()

    def test_2(self):
        self.load()

    def test_3(self):
        self.load()

    def test_4(self):
        pass
