# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=asyncio_timers.LOOP
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=asyncio_timers.LOOP
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=asyncio_timers.LOOP
# LEAK test T.test_4 bytes=400000 line=ALLOC holder=asyncio_timers.LOOP
# CLEAN test T.test_5_runs_them
# VERDICT growing asyncio_timers.LOOP
import asyncio
import unittest

LOOP = asyncio.new_event_loop()


class Client:
    def __init__(self):
        self.buffer = bytearray(400_000)  # ALLOC

    def time_out(self):
        self.buffer.clear()

    async def ask(self, seconds):
        return LOOP.call_later(seconds, self.time_out)


class T(unittest.TestCase):
    def ask(self):
        timer = LOOP.run_until_complete(Client().ask(3600))
        # FIX .cancel | self.addCleanup(timer.cancel)
        self.assertFalse(timer.cancelled())

    def test_1(self):
        self.ask()

    def test_2(self):
        self.ask()

    def test_3(self):
        self.ask()

    def test_4(self):
        self.ask()

    def test_5_runs_them(self):
        LOOP.run_until_complete(Client().ask(0))
        LOOP.run_until_complete(asyncio.sleep(0))
