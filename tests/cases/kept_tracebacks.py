# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=kept_tracebacks.TRACES
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=kept_tracebacks.TRACES
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=kept_tracebacks.TRACES
# CLEAN test T.test_4
# VERDICT growing kept_tracebacks.TRACES
import sys
import unittest

TRACES = []


def parse():
    body = bytearray(400_000)  # ALLOC
    raise ValueError(len(body))


class T(unittest.TestCase):
    # FIX TRACES.clear() | def tearDown(self): TRACES.clear()

    def parse(self):
        try:
            parse()
        except ValueError:
            TRACES.append(sys.exc_info()[2])

    def test_1(self):
        self.parse()

    def test_2(self):
        self.parse()

    def test_3(self):
        self.parse()

    def test_4(self):
        pass
