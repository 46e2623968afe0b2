# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=Timer.args or threading._active
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=Timer.args or threading._active
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=Timer.args or threading._active
# CLEAN test T.test_4
# VERDICT growing Timer.args or threading._active
# KIND thread Timer.args or threading._active
import threading
import unittest


class T(unittest.TestCase):
    def save_later(self):
        timer = threading.Timer(3600, print, [bytearray(400_000)])  # ALLOC
        timer.daemon = True
        timer.start()
        # FIX .cancel() | self.addCleanup(timer.join); self.addCleanup(timer.cancel)

    def test_1(self):
        self.save_later()

    def test_2(self):
        self.save_later()

    def test_3(self):
        self.save_later()

    def test_4(self):
        pass
