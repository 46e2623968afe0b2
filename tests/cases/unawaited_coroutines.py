# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=unawaited_coroutines.PENDING
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=unawaited_coroutines.PENDING
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=unawaited_coroutines.PENDING
# CLEAN test T.test_4
# VERDICT growing unawaited_coroutines.PENDING
import unittest

PENDING = []


async def send(body):
    return len(body)


def send_later():
    PENDING.append(send(bytearray(400_000)))  # ALLOC


class T(unittest.TestCase):
    # FIX PENDING.clear() | def tearDown(self): [c.close() for c in PENDING]; PENDING.clear()

    def test_1(self):
        send_later()

    def test_2(self):
        send_later()

    def test_3(self):
        send_later()

    def test_4(self):
        pass
