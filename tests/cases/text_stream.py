# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=100000 line=ALLOC holder=text_stream.LOG
# LEAK test T.test_2 bytes=100000 line=ALLOC holder=text_stream.LOG
# LEAK test T.test_3 bytes=100000 line=ALLOC holder=text_stream.LOG
# VERDICT growing text_stream.LOG
import io
import unittest

LOG = io.StringIO()


class T(unittest.TestCase):
    def log(self):
        LOG.write("x" * 100_000)  # ALLOC

    def test_1(self):
        self.log()

    def test_2(self):
        self.log()

    def test_3(self):
        self.log()
