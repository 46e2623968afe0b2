# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_00 bytes=100000 line=ADDED holder=list_of_dicts.EVENTS
# LEAK test T.test_01 bytes=100000 line=ADDED holder=list_of_dicts.EVENTS
# LEAK test T.test_02 bytes=100000 line=ADDED holder=list_of_dicts.EVENTS
# CLEAN test T.test_16
# VERDICT growing list_of_dicts.EVENTS
import unittest

EVENTS = []


class T(unittest.TestCase):
    pass


def add(self):
    EVENTS.append({"payload": bytearray(100_000)})  # ADDED


for number in range(4):
    setattr(T, f"test_{number:02}", add)
for number in range(4, 24):
    setattr(T, f"test_{number:02}", lambda self: None)
