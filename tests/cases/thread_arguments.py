# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=body in upload() or Thread._args or threading._active
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=body in upload() or Thread._args or threading._active
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=body in upload() or Thread._args or threading._active
# CLEAN test T.test_4
# VERDICT growing body in upload() or Thread._args or threading._active
# KIND thread body in upload() or Thread._args or threading._active
import threading
import unittest

STOP = threading.Event()


def upload(body):
    STOP.wait()
    return len(body)


class T(unittest.TestCase):
    def start(self):
        body = bytearray(400_000)  # ALLOC
        thread = threading.Thread(target=upload, args=(body,), daemon=True)
        thread.start()
        # FIX .join() | self.addCleanup(thread.join); self.addCleanup(STOP.set)

    def test_1(self):
        self.start()

    def test_2(self):
        self.start()

    def test_3(self):
        self.start()

    def test_4(self):
        pass
