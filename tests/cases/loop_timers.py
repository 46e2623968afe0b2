# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=loop_timers.LOOP or BaseEventLoop._scheduled
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=loop_timers.LOOP or BaseEventLoop._scheduled
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=loop_timers.LOOP or BaseEventLoop._scheduled
# CLEAN test T.test_4
# VERDICT growing loop_timers.LOOP or BaseEventLoop._scheduled
import asyncio
import unittest

LOOP = asyncio.new_event_loop()


class T(unittest.TestCase):
    def flush_later(self):
        self.handle = LOOP.call_later(3600, print, bytearray(400_000))  # ALLOC
        # FIX .cancel() | self.addCleanup(self.handle.cancel)

    def test_1(self):
        self.flush_later()

    def test_2(self):
        self.flush_later()

    def test_3(self):
        self.flush_later()

    def test_4(self):
        pass
