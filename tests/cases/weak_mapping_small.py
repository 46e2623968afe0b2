# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=12700 line=ALLOC holder=weak_mapping_small.WRAPPERS
# LEAK test T.test_2 bytes=12700 line=ALLOC holder=weak_mapping_small.WRAPPERS
# LEAK test T.test_3 bytes=12700 line=ALLOC holder=weak_mapping_small.WRAPPERS
# VERDICT growing weak_mapping_small.WRAPPERS
import unittest
import weakref

WRAPPERS = weakref.WeakKeyDictionary()


class Stream:
    pass


class Wrapper:
    def __init__(self, stream):
        self.stream = stream
        self.buffer = bytearray(12_000)  # ALLOC


class T(unittest.TestCase):
    # FIX WRAPPERS.clear() | def tearDown(self): WRAPPERS.clear()

    def wrap(self):
        stream = Stream()
        WRAPPERS[stream] = Wrapper(stream)

    def test_1(self):
        self.wrap()

    def test_2(self):
        self.wrap()

    def test_3(self):
        self.wrap()
