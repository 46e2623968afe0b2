# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=growing_buffers.JOURNAL
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=growing_buffers.JOURNAL
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=growing_buffers.JOURNAL
# LEAK test T.test_4 bytes=400000 line=ALLOC2 holder=growing_buffers.OUTPUT
# LEAK test T.test_5 bytes=400000 line=ALLOC2 holder=growing_buffers.OUTPUT
# LEAK test T.test_6 bytes=400000 line=ALLOC2 holder=growing_buffers.OUTPUT
# CLEAN test T.test_7
# VERDICT growing growing_buffers.JOURNAL
# VERDICT growing growing_buffers.OUTPUT
import io
import unittest

JOURNAL = bytearray()
OUTPUT = io.BytesIO()
LINE = b"x" * 400_000


def note():
    JOURNAL.extend(LINE)  # ALLOC


def write():
    OUTPUT.write(LINE)  # ALLOC2


class T(unittest.TestCase):
    def tearDown(self):
        OUTPUT.flush()
        # FIX JOURNAL.clear() | JOURNAL.clear()
        # FIX OUTPUT.truncate(0) | OUTPUT.seek(0); OUTPUT.truncate(0)

    def test_1(self):
        note()

    def test_2(self):
        note()

    def test_3(self):
        note()

    def test_4(self):
        write()

    def test_5(self):
        write()

    def test_6(self):
        write()

    def test_7(self):
        pass
