# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=growing_journal.JOURNAL
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=growing_journal.JOURNAL
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=growing_journal.JOURNAL
# CLEAN test T.test_4
# VERDICT growing growing_journal.JOURNAL
import unittest

JOURNAL = bytearray()
LINE = b"x" * 400_000


def note():
    JOURNAL.extend(LINE)  # ALLOC


class T(unittest.TestCase):
    # FIX JOURNAL.clear() | def tearDown(self): JOURNAL.clear()

    def test_1(self):
        note()

    def test_2(self):
        note()

    def test_3(self):
        note()

    def test_4(self):
        pass
