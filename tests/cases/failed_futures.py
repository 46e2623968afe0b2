# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=failed_futures.FUTURES
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=failed_futures.FUTURES
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=failed_futures.FUTURES
# LEAK test T.test_4_done bytes=400000 line=ALLOC holder=failed_futures.FUTURES
# VERDICT growing failed_futures.FUTURES
import concurrent.futures
import unittest

FUTURES = []


def work(size):
    data = bytearray(size)  # ALLOC
    if size % 2:
        raise ValueError(len(data))
    return data


class T(unittest.TestCase):
    # FIX FUTURES.clear() | def tearDown(self): FUTURES.clear()

    def run_in_pool(self, size):
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            FUTURES.append(pool.submit(work, size))

    def test_1(self):
        self.run_in_pool(400_001)

    def test_2(self):
        self.run_in_pool(400_001)

    def test_3(self):
        self.run_in_pool(400_001)

    def test_4_done(self):
        self.run_in_pool(400_000)
