# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1_crash bytes=500000 line=ALLOC holder=kept_traceback_victim.CRASHES
# LEAK test T.test_3_last bytes=500000 line=ALLOC holder=kept_traceback_victim.CRASHES
# CLEAN test T.test_2_between
# VERDICT once kept_traceback_victim.CRASHES
# VERDICT collateral kept_traceback_victim.CRASHES
import unittest

CRASHES = {}


class T(unittest.TestCase):
    """A traceback by itself, without its exception, leads through the runner's frame as well."""

    def setUp(self):
        self.payload = bytearray(500_000)  # ALLOC

    def test_1_crash(self):
        try:
            raise ValueError("crash")
        except ValueError as error:
            CRASHES["parse"] = error.__traceback__

    def test_2_between(self):
        pass

    def test_3_last(self):
        pass
