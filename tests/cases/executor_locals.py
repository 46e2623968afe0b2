# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=350000 line=ALLOC holder=executor_locals.LOCAL.parsed
# LEAK test T.test_2 bytes=350000 line=ALLOC holder=executor_locals.LOCAL.parsed
# LEAK test T.test_3 bytes=350000 line=ALLOC holder=executor_locals.LOCAL.parsed
# VERDICT growing executor_locals.LOCAL.parsed
import concurrent.futures
import threading
import unittest

LOCAL = threading.local()
POOL = concurrent.futures.ThreadPoolExecutor(max_workers=1)


def parse(name):
    cache = LOCAL.__dict__.setdefault("parsed", {})
    if name not in cache:
        cache[name] = bytearray(350_000)  # ALLOC
    return len(cache[name])


class T(unittest.TestCase):
    def tearDown(self):
        self.assertTrue(POOL)
        # FIX in the thread that has set it | POOL.submit(lambda: LOCAL.__dict__.clear()).result()

    def test_1(self):
        self.assertTrue(POOL.submit(parse, "a").result())

    def test_2(self):
        self.assertTrue(POOL.submit(parse, "b").result())

    def test_3(self):
        self.assertTrue(POOL.submit(parse, "c").result())

    def test_4(self):
        self.assertTrue(POOL.submit(parse, "a").result())
