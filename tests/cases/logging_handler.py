# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1_forgets bytes=500000 line=ALLOC holder=
# CLEAN test T.test_2_removes
import logging
import unittest


class Capture(logging.Handler):
    def __init__(self):
        super().__init__()
        self.buffer = bytearray(500_000)  # ALLOC


class T(unittest.TestCase):
    def test_1_forgets(self):
        logging.getLogger("app").addHandler(Capture())

    def test_2_removes(self):
        handler = Capture()
        logging.getLogger("app").addHandler(handler)
        self.addCleanup(handler.close)
        self.addCleanup(logging.getLogger("app").removeHandler, handler)
