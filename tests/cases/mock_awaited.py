# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=mock_awaited.STORE.put.
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=mock_awaited.STORE.put.
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=mock_awaited.STORE.put.
# CLEAN test T.test_4
# VERDICT growing mock_awaited.STORE.put.
# KIND mock mock_awaited.STORE.put.
import unittest
from unittest import mock

STORE = mock.AsyncMock()
STORE.put.return_value = True


class T(unittest.IsolatedAsyncioTestCase):
    # FIX STORE.reset_mock() | def tearDown(self): STORE.reset_mock()
    async def put(self, key):
        await STORE.put(key, bytearray(400_000))  # ALLOC

    async def test_0_warms_up(self):
        await STORE.put("key", b"")

    async def test_1(self):
        await self.put("a")

    async def test_2(self):
        await self.put("b")
        STORE.put.assert_awaited()

    async def test_3(self):
        await self.put("c")

    async def test_4(self):
        pass
