# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=pending_tasks.BACKGROUND or body in upload()
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=pending_tasks.BACKGROUND or body in upload()
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=pending_tasks.BACKGROUND or body in upload()
# CLEAN test T.test_4
# VERDICT growing pending_tasks.BACKGROUND or body in upload()
import asyncio
import unittest

LOOP = asyncio.new_event_loop()
BACKGROUND = set()


async def upload():
    body = bytearray(400_000)  # ALLOC
    await asyncio.sleep(3600)
    return len(body)


class T(unittest.TestCase):
    def begin(self):
        task = LOOP.create_task(upload())
        BACKGROUND.add(task)
        task.add_done_callback(BACKGROUND.discard)
        # FIX .cancel() | self.addCleanup(LOOP.run_until_complete, asyncio.wait([task]))
        # FIX .cancel() | self.addCleanup(task.cancel)
        LOOP.run_until_complete(asyncio.sleep(0))

    def test_1(self):
        self.begin()

    def test_2(self):
        self.begin()

    def test_3(self):
        self.begin()

    def test_4(self):
        pass
