# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=bytes_stream.OUTPUT
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=bytes_stream.OUTPUT
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=bytes_stream.OUTPUT
# CLEAN test T.test_4
# VERDICT growing bytes_stream.OUTPUT
import io
import unittest

OUTPUT = io.BytesIO()
LINE = b"x" * 400_000


def note():
    OUTPUT.write(LINE)  # ALLOC


class T(unittest.TestCase):
    # FIX OUTPUT.seek(0); bytes_stream.OUTPUT.truncate() | def tearDown(self): OUTPUT.seek(0); OUTPUT.truncate(0)

    def test_1(self):
        note()

    def test_2(self):
        note()

    def test_3(self):
        note()

    def test_4(self):
        pass
