# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=collected_errors.ERRORS
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=collected_errors.ERRORS
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=collected_errors.ERRORS
# CLEAN test T.test_4
# VERDICT growing collected_errors.ERRORS
# KIND exception collected_errors.ERRORS
import unittest

ERRORS = []


def parse():
    body = bytearray(400_000)  # ALLOC
    raise ValueError(len(body))


class T(unittest.TestCase):
    def parse(self):
        try:
            parse()
        except ValueError as error:
            ERRORS.append(error)
            # FIX .with_traceback(None) | error.with_traceback(None)

    def test_1(self):
        self.parse()

    def test_2(self):
        self.parse()

    def test_3(self):
        self.parse()

    def test_4(self):
        pass
