# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=logging.getLogger('shop').filters
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=logging.getLogger('shop').filters
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=logging.getLogger('shop').filters
# CLEAN test T.test_4
# VERDICT growing logging.getLogger('shop').filters
import logging
import unittest


class Redact:
    def __init__(self):
        self.secrets = bytearray(400_000)  # ALLOC

    def filter(self, record):
        return bool(self.secrets)


class T(unittest.TestCase):
    def redact(self):
        secret = Redact()
        logging.getLogger("shop").addFilter(secret)
        # FIX removeFilter | self.addCleanup(logging.getLogger("shop").removeFilter, secret)

    def test_1(self):
        self.redact()

    def test_2(self):
        self.redact()

    def test_3(self):
        self.redact()

    def test_4(self):
        pass
