# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=300000 line=ALLOC holder=gc.callbacks
# LEAK test T.test_2 bytes=300000 line=ALLOC holder=gc.callbacks
# LEAK test T.test_3 bytes=300000 line=ALLOC holder=gc.callbacks
# VERDICT growing gc.callbacks
# KIND callback gc.callbacks
import gc
import unittest


class T(unittest.TestCase):
    def watch(self):
        seen = bytearray(300_000)  # ALLOC

        def callback(phase, info):
            seen[0] = 1

        gc.callbacks.append(callback)
        # FIX self.addCleanup(gc.callbacks.remove, callback)

    def test_1(self):
        self.watch()

    def test_2(self):
        self.watch()

    def test_3(self):
        self.watch()
