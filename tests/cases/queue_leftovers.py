# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=queue_leftovers.OUTBOX
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=queue_leftovers.OUTBOX
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=queue_leftovers.OUTBOX
# CLEAN test T.test_4
# VERDICT growing queue_leftovers.OUTBOX
import queue
import unittest

OUTBOX = queue.Queue()


def send():
    OUTBOX.put(bytearray(400_000))  # ALLOC


class T(unittest.TestCase):
    # FIX OUTBOX.queue.clear() | def tearDown(self): OUTBOX.queue.clear()

    def test_1(self):
        send()

    def test_2(self):
        send()

    def test_3(self):
        send()

    def test_4(self):
        pass
