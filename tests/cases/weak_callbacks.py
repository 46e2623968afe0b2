# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=weak_callbacks.WATCHES
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=weak_callbacks.WATCHES
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=weak_callbacks.WATCHES
# CLEAN test T.test_4
# VERDICT growing weak_callbacks.WATCHES
import unittest
import weakref


class Config:
    pass


CONFIG = Config()
WATCHES = []


def watch():
    page = bytearray(400_000)  # ALLOC
    WATCHES.append(weakref.ref(CONFIG, lambda _: page.clear()))


class T(unittest.TestCase):
    # FIX WATCHES.clear() | def tearDown(self): WATCHES.clear()

    def test_1(self):
        watch()

    def test_2(self):
        watch()

    def test_3(self):
        watch()

    def test_4(self):
        pass
