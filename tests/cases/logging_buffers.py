# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=logging.getLogger('shop').handlers or logging_buffers.LOGGER.handlers
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=logging.getLogger('shop').handlers or logging_buffers.LOGGER.handlers
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=logging.getLogger('shop').handlers or logging_buffers.LOGGER.handlers
# LEAK test T.test_4 bytes=400000 line=ALLOC holder=logging.getLogger('shop').handlers or logging_buffers.LOGGER.handlers
# CLEAN test T.test_5_assert_logs
# CLEAN test T.test_6_nothing
# VERDICT growing logging.getLogger('shop').handlers or logging_buffers.LOGGER.handlers
import logging
import logging.handlers
import unittest

LOGGER = logging.getLogger("shop")
LOGGER.propagate = False


def buy():
    order = bytearray(400_000)  # ALLOC
    LOGGER.warning("%d items bought", order)


class T(unittest.TestCase):
    def collect(self):
        handler = logging.handlers.MemoryHandler(1000, flushLevel=logging.CRITICAL)
        LOGGER.addHandler(handler)
        # FIX removeHandler | self.addCleanup(LOGGER.removeHandler, handler)
        buy()
        self.assertEqual(len(handler.buffer), 1)

    def test_1(self):
        self.collect()

    def test_2(self):
        self.collect()

    def test_3(self):
        self.collect()

    def test_4(self):
        self.collect()

    def test_5_assert_logs(self):
        with self.assertLogs("shop.other"):
            logging.getLogger("shop.other").warning("%s", bytearray(10))

    def test_6_nothing(self):
        pass
