# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=300000 line=ALLOC holder=asyncio_waiting.QUEUE
# LEAK test T.test_2 bytes=300000 line=ALLOC holder=asyncio_waiting.QUEUE
# LEAK test T.test_3 bytes=300000 line=ALLOC holder=asyncio_waiting.QUEUE
# VERDICT growing asyncio_waiting.QUEUE
import asyncio
import unittest

LOOP = asyncio.new_event_loop()
QUEUE = asyncio.Queue()


class T(unittest.TestCase):
    """Nothing is in the queue, but tasks wait for it."""

    # FIX cancel what waits for asyncio_waiting.QUEUE | def tearDown(self): self.cancel()

    async def consume(self):
        rows = bytearray(300_000)  # ALLOC
        return rows, await QUEUE.get()

    def start(self):
        self.task = LOOP.create_task(self.consume())
        LOOP.run_until_complete(asyncio.sleep(0))

    def cancel(self):
        self.task.cancel()
        LOOP.run_until_complete(asyncio.sleep(0))

    def test_1(self):
        self.start()

    def test_2(self):
        self.start()

    def test_3(self):
        self.start()
