# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=memory_views.HEADERS
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=memory_views.HEADERS
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=memory_views.HEADERS
# CLEAN test T.test_4
# VERDICT growing memory_views.HEADERS
import unittest

HEADERS = []


def header(packet):
    return memoryview(packet)[:16]


class T(unittest.TestCase):
    # FIX HEADERS.clear() | def tearDown(self): HEADERS.clear()

    def read(self):
        packet = bytearray(400_000)  # ALLOC
        HEADERS.append(header(packet))

    def test_1(self):
        self.read()

    def test_2(self):
        self.read()

    def test_3(self):
        self.read()

    def test_4(self):
        pass
