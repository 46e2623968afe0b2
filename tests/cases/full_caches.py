# mypy: ignore-errors
# RUN unittest
# CLEAN test T.test_1
# CLEAN test T.test_4
# LEAK test T.test_7 bytes=150000 line=SMALL holder=full_caches.RECENT
# VERDICT once full_caches.RECENT
# VERDICT once full_caches.LARGE
import collections
import unittest

RECENT = collections.OrderedDict()
LARGE = collections.deque(maxlen=2)


class T(unittest.TestCase):
    def use(self):
        RECENT[self.id()] = bytearray(150_000)  # SMALL
        if len(RECENT) > 3:
            RECENT.popitem(last=False)
        LARGE.append(bytearray(900_000))


for n in range(1, 10):
    setattr(T, f"test_{n}", lambda self: self.use())
