# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1_deque bytes=500000 line=ALLOC holder=queues.EVENTS
# LEAK test T.test_2_ordered bytes=500000 line=ALLOC2 holder=queues.ORDERED
# LEAK test T.test_3_queue bytes=500000 line=ALLOC3 holder=queues.JOBS
# CLEAN test T.test_4_drains
import collections
import queue
import unittest

EVENTS = collections.deque(maxlen=100)
ORDERED = collections.OrderedDict()
JOBS = queue.SimpleQueue()


class T(unittest.TestCase):
    def test_1_deque(self):
        for _ in range(10):
            EVENTS.append(bytearray(50_000))  # ALLOC

    def test_2_ordered(self):
        ORDERED["key"] = bytearray(500_000)  # ALLOC2

    def test_3_queue(self):
        JOBS.put(bytearray(500_000))  # ALLOC3

    def test_4_drains(self):
        EVENTS.append(bytearray(500_000))
        EVENTS.pop()
