# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_00 bytes=100000 line=ADDED holder=Report.latest
# LEAK test T.test_01 bytes=100000 line=ADDED holder=Report.latest
# LEAK test T.test_02 bytes=100000 line=ADDED holder=Report.latest
# LEAK test T.test_03 bytes=100000 line=ADDED holder=Report.latest
# CLEAN test T.test_16
# VERDICT growing Report.latest
import unittest


class Report:
    latest = None

    def __init__(self):
        self.pages = []

    @classmethod
    def one(cls):
        if cls.latest is None:
            cls.latest = cls()
        return cls.latest


class T(unittest.TestCase):
    pass


def add(self):
    Report.one().pages.append(bytearray(100_000))  # ADDED


for number in range(4):
    setattr(T, f"test_{number:02}", add)
for number in range(4, 17):
    setattr(T, f"test_{number:02}", lambda self: None)
