# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=500000 line=ALLOC holder=thread_local.LOCAL
# CLEAN test T.test_2_other_thread
import threading
import unittest

LOCAL = threading.local()


class T(unittest.TestCase):
    def test_1(self):
        LOCAL.data = bytearray(500_000)  # ALLOC

    def test_2_other_thread(self):
        def work():
            LOCAL.data = bytearray(500_000)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
