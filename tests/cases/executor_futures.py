# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=executor_futures.JOBS
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=executor_futures.JOBS
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=executor_futures.JOBS
# LEAK test T.test_4 bytes=400000 line=ALLOC holder=executor_futures.JOBS
# CLEAN test T.test_5_pops
# VERDICT growing executor_futures.JOBS
# The futures are the keys, as in the documentation of concurrent.futures.
import unittest
from concurrent.futures import ThreadPoolExecutor

POOL = ThreadPoolExecutor(1)
JOBS = {}


def tearDownModule():
    POOL.shutdown()


def load():
    return bytearray(400_000)  # ALLOC


class T(unittest.TestCase):
    # FIX JOBS.clear() | def tearDown(self): JOBS.clear()

    def submit(self):
        future = POOL.submit(load)
        JOBS[future] = self.id()
        self.assertEqual(len(future.result()), 400_000)
        return future

    def test_1(self):
        self.submit()

    def test_2(self):
        self.submit()

    def test_3(self):
        self.submit()

    def test_4(self):
        self.submit()

    def test_5_pops(self):
        JOBS.pop(self.submit())
