# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=kept_futures.FUTURES
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=kept_futures.FUTURES
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=kept_futures.FUTURES
# CLEAN test T.test_4
# VERDICT growing kept_futures.FUTURES
import concurrent.futures
import unittest

POOL = concurrent.futures.ThreadPoolExecutor(max_workers=1)
FUTURES = []


def download():
    return bytearray(400_000)  # ALLOC


class T(unittest.TestCase):
    # FIX FUTURES.clear() | def tearDown(self): FUTURES.clear()

    def download(self):
        FUTURES.append(POOL.submit(download))
        self.assertTrue(FUTURES[-1].result())

    def test_1(self):
        self.download()

    def test_2(self):
        self.download()

    def test_3(self):
        self.download()

    def test_4(self):
        pass
