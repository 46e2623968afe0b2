# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=async_generators.STREAMS or page in pages()
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=async_generators.STREAMS or page in pages()
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=async_generators.STREAMS or page in pages()
# CLEAN test T.test_4
# VERDICT growing async_generators.STREAMS or page in pages()
import asyncio
import unittest

LOOP = asyncio.new_event_loop()
STREAMS = []


async def pages():
    page = bytearray(400_000)  # ALLOC
    while page:
        yield len(page)


class T(unittest.TestCase):
    def read_first(self):
        STREAMS.append(pages())
        self.assertTrue(LOOP.run_until_complete(anext(STREAMS[-1])))
        # FIX .aclose() | self.addCleanup(lambda: LOOP.run_until_complete(STREAMS.pop().aclose()))

    def test_1(self):
        self.read_first()

    def test_2(self):
        self.read_first()

    def test_3(self):
        self.read_first()

    def test_4(self):
        pass
