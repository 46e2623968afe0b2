# mypy: ignore-errors
# RUN unittest
# LEAK test A.test_1_keeps_an_exception bytes=600000 line=ALLOC holder=victim.LAST
# LEAK test A.test_3_is_pinned_by_it bytes=400000 line=ALLOC2 holder=victim.LAST
# CLEAN test A.test_2
# CLEAN test B.test
# VERDICT once victim.LAST
# VERDICT collateral victim.LAST
# KIND exception victim.LAST
import unittest

LAST = None


def parse():
    tokens = bytearray(600_000)  # ALLOC
    raise ValueError(len(tokens))


class A(unittest.TestCase):
    def test_1_keeps_an_exception(self):
        global LAST
        try:
            parse()
        except ValueError as error:
            LAST = error
            # FIX .with_traceback(None) | LAST = error.with_traceback(None)

    def test_2(self):
        self.user = bytearray(400_000)

    def test_3_is_pinned_by_it(self):
        # The last test of this class: the traceback leads by f_back to the frame of the suite's
        # run, which is kept with it, and there the variable `test` is this one.
        self.user = bytearray(400_000)  # ALLOC2


class B(unittest.TestCase):
    def test(self):
        self.user = bytearray(400_000)
