# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=300000 line=ALLOC holder=logging._logRecordFactory
# LEAK test T.test_2 bytes=300000 line=ALLOC holder=logging._logRecordFactory
# LEAK test T.test_3 bytes=300000 line=ALLOC holder=logging._logRecordFactory
# VERDICT growing logging._logRecordFactory
import logging
import unittest


class T(unittest.TestCase):
    def setUp(self):
        old = logging.getLogRecordFactory()
        tags = {"request": bytearray(300_000)}  # ALLOC

        def factory(*args, **kwargs):
            record = old(*args, **kwargs)
            record.size = len(tags["request"])
            return record

        logging.setLogRecordFactory(factory)
        # FIX self.addCleanup(setattr, logging, "_logRecordFactory" | self.addCleanup(logging.setLogRecordFactory, old)

    def check(self):
        with self.assertLogs("shop") as logs:
            logging.getLogger("shop").info("paid")
        self.assertEqual(logs.records[0].size, 300_000)

    def test_1(self):
        self.check()

    def test_2(self):
        self.check()

    def test_3(self):
        self.check()
