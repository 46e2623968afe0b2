# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=500000 line=ALLOC holder=error_from_error.LAST
# CLEAN test T.test_2
# KIND exception error_from_error.LAST
import unittest

LAST = None


def load():
    rows = bytearray(500_000)  # ALLOC
    raise KeyError(len(rows))


class T(unittest.TestCase):
    def test_1(self):
        global LAST
        try:
            try:
                load()
            except KeyError as error:
                raise RuntimeError("not loaded") from error
        except RuntimeError as error:
            LAST = error
            # FIX error_from_error.LAST.with_traceback(None), error_from_error.LAST.__ | LAST.with_traceback(None), LAST.__cause__.with_traceback(None)

    def test_2(self):
        self.assertIsNotNone(LAST)
