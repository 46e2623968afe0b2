# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=300000 line=ALLOC holder=concurrent.futures.thread._threads_queues or threading._active
# LEAK test T.test_2 bytes=300000 line=ALLOC holder=concurrent.futures.thread._threads_queues or threading._active
# LEAK test T.test_3 bytes=300000 line=ALLOC holder=concurrent.futures.thread._threads_queues or threading._active
# VERDICT growing concurrent.futures.thread._threads_queues
import concurrent.futures
import concurrent.futures.thread
import threading
import unittest

STOP = threading.Event()
threading._register_atexit(STOP.set)  # before the threads of executors are waited for


class T(unittest.TestCase):
    def submit(self):
        executor = concurrent.futures.ThreadPoolExecutor(1)
        executor.submit(STOP.wait)
        executor.submit(len, bytearray(300_000))  # ALLOC
        # FIX executor.shutdown(cancel_futures=True) | STOP.set(); executor.shutdown(cancel_futures=True)

    test_1 = test_2 = test_3 = submit
