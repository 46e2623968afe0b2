# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=500000 line=ALLOC holder=async_tasks.TASKS
# LEAK test T.test_2 bytes=500000 line=ALLOC holder=async_tasks.TASKS
# LEAK test T.test_3 bytes=500000 line=ALLOC holder=async_tasks.TASKS
# CLEAN test T.test_4_discards
# CLEAN test T.test_5_leaves_it_to_the_loop
# VERDICT growing async_tasks.TASKS
# KIND module-global async_tasks.TASKS
import asyncio
import unittest

TASKS = set()


async def download():
    await asyncio.sleep(0)
    return bytearray(500_000)  # ALLOC


def in_background(work):
    """Keeps the task, as asyncio's documentation tells to, but for good."""
    task = asyncio.create_task(work)
    TASKS.add(task)
    return task


class T(unittest.IsolatedAsyncioTestCase):
    # FIX TASKS.clear() | def tearDown(self): TASKS.clear()
    async def test_0_warms_up(self):
        await in_background(asyncio.sleep(0))

    async def test_1(self):
        self.assertTrue(await in_background(download()))

    async def test_2(self):
        self.assertTrue(await in_background(download()))

    async def test_3(self):
        self.assertTrue(await in_background(download()))

    async def test_4_discards(self):
        task = in_background(download())
        task.add_done_callback(TASKS.discard)
        await task

    async def test_5_leaves_it_to_the_loop(self):
        self.data = bytearray(500_000)
        self.pending = asyncio.create_task(asyncio.sleep(60, self.data))
        await asyncio.sleep(0)
