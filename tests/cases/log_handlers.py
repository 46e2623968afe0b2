# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=logging.getLogger('shop').handlers
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=logging.getLogger('shop').handlers
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=logging.getLogger('shop').handlers
# CLEAN test Z.test
# VERDICT growing logging.getLogger('shop').handlers
import logging
import unittest


class Keep(logging.Handler):
    def __init__(self):
        super().__init__()
        self.records = []

    def emit(self, record):
        self.records.append(record)


class T(unittest.TestCase):
    def setUp(self):
        self.handler = Keep()
        logging.getLogger("shop").addHandler(self.handler)
        # FIX removeHandler | self.addCleanup(logging.getLogger("shop").removeHandler, self.handler)

    def order(self):
        body = bytearray(400_000)  # ALLOC
        logging.getLogger("shop").warning("%d bytes", len(body), extra={"body": body})

    def test_1(self):
        self.order()

    def test_2(self):
        self.order()

    def test_3(self):
        self.order()


class Z(unittest.TestCase):
    def test(self):
        pass
