# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=1000000 line=ALLOC holder=asyncio_future_errors.PENDING
# LEAK test T.test_2 bytes=1000000 line=ALLOC holder=asyncio_future_errors.PENDING
# LEAK test T.test_3 bytes=1000000 line=ALLOC holder=asyncio_future_errors.PENDING
# VERDICT growing asyncio_future_errors.PENDING
# KIND exception asyncio_future_errors.PENDING
import asyncio
import unittest

PENDING = {}


def parse(number):
    packet = bytearray(1_000_000)  # ALLOC
    raise ValueError(f"bad packet {number} of {len(packet)}")


class T(unittest.IsolatedAsyncioTestCase):
    # FIX PENDING.clear() | def setUp(self): self.addCleanup(PENDING.clear)
    async def receive(self, number):
        reply = PENDING[number] = asyncio.get_running_loop().create_future()
        try:
            parse(number)
        except ValueError as error:
            reply.set_exception(error)
        self.assertTrue(reply.done())

    async def test_0_warms_up(self):
        asyncio.get_running_loop().create_future().cancel()

    async def test_1(self):
        await self.receive(1)

    async def test_2(self):
        await self.receive(2)

    async def test_3(self):
        await self.receive(3)
