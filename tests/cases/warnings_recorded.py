# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=warnings_recorded.CAUGHT
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=warnings_recorded.CAUGHT
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=warnings_recorded.CAUGHT
# CLEAN test T.test_4_assert_warns
# VERDICT growing warnings_recorded.CAUGHT
import unittest
import warnings

CAUGHT = []


class SlowParse(UserWarning):
    def __init__(self, document):
        super().__init__("slow")
        self.document = document


def parse():
    document = bytearray(400_000)  # ALLOC
    warnings.warn(SlowParse(document), stacklevel=1)


class T(unittest.TestCase):
    def parse(self):
        # FIX CAUGHT.clear() | self.addCleanup(CAUGHT.clear)
        with warnings.catch_warnings(record=True) as caught:
            parse()
        CAUGHT.extend(caught)

    def test_1(self):
        self.parse()

    def test_2(self):
        self.parse()

    def test_3(self):
        self.parse()

    def test_4_assert_warns(self):
        with self.assertWarns(SlowParse):
            parse()
