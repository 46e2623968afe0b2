# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1_suspends bytes=500000 line=ALLOC holder=suspended_generators.READERS
# LEAK test T.test_2_coroutine bytes=500000 line=ALLOC2 holder=suspended_generators.READERS
# CLEAN test T.test_3_closes
import unittest

READERS = []


def rows():
    buffer = bytearray(500_000)  # ALLOC
    yield len(buffer)
    buffer.clear()


class Pause:
    def __await__(self):
        yield


async def work():
    buffer = bytearray(500_000)  # ALLOC2
    await Pause()
    buffer.clear()


class T(unittest.TestCase):
    def test_1_suspends(self):
        READERS.append(rows())
        next(READERS[-1])

    def test_2_coroutine(self):
        READERS.append(work())
        READERS[-1].send(None)

    def test_3_closes(self):
        reader = rows()
        next(reader)
        reader.close()
