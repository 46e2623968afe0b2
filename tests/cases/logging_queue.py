# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=500000 line= holder=logging_queue.RECORDS
# LEAK test T.test_2 bytes=500000 line= holder=logging_queue.RECORDS
# LEAK test T.test_3 bytes=500000 line= holder=logging_queue.RECORDS
# VERDICT growing logging_queue.RECORDS
# KIND module-global logging_queue.RECORDS
# ALONE logging_queue.RECORDS
import logging
import logging.handlers
import queue
import unittest

RECORDS = queue.Queue(-1)
LOG = logging.getLogger("worker")
LOG.propagate = False
LOG.addHandler(logging.handlers.QueueHandler(RECORDS))


class T(unittest.TestCase):
    # FIX logging_queue.RECORDS.queue.clear() | def setUp(self): self.addCleanup(RECORDS.queue.clear)

    def work(self):
        for n in range(2):
            LOG.warning("job %d: %s", n, "z" * 250_000)
        self.assertFalse(RECORDS.empty())

    def test_1(self):
        self.work()

    def test_2(self):
        self.work()

    def test_3(self):
        self.work()
