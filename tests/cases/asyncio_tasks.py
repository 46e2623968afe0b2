# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=asyncio_tasks.BACKGROUND
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=asyncio_tasks.BACKGROUND
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=asyncio_tasks.BACKGROUND
# LEAK test T.test_4 bytes=400000 line=ALLOC holder=asyncio_tasks.BACKGROUND
# CLEAN test T.test_5_awaits
# CLEAN test T.test_6_nothing
# VERDICT growing asyncio_tasks.BACKGROUND
import asyncio
import unittest

BACKGROUND = set()


async def load():
    data = bytearray(400_000)  # ALLOC
    await asyncio.sleep(0)
    return data


class A(unittest.IsolatedAsyncioTestCase):
    async def test_warms_up(self):
        await asyncio.create_task(asyncio.sleep(0))


class T(unittest.IsolatedAsyncioTestCase):
    async def begin(self):
        task = asyncio.create_task(load())
        BACKGROUND.add(task)
        # FIX BACKGROUND.clear() | self.addCleanup(BACKGROUND.clear)
        self.assertEqual(len(await task), 400_000)

    async def test_1(self):
        await self.begin()

    async def test_2(self):
        await self.begin()

    async def test_3(self):
        await self.begin()

    async def test_4(self):
        await self.begin()

    async def test_5_awaits(self):
        self.assertEqual(len(await asyncio.create_task(load())), 400_000)

    async def test_6_nothing(self):
        pass
