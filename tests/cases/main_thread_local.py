# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=main_thread_local.LOCAL.rows
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=main_thread_local.LOCAL.rows
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=main_thread_local.LOCAL.rows
# CLEAN test T.test_4
# VERDICT growing main_thread_local.LOCAL.rows
import threading
import unittest

LOCAL = threading.local()
LOCAL.rows = []


def remember():
    LOCAL.rows.append(bytearray(400_000))  # ALLOC


class T(unittest.TestCase):
    # FIX LOCAL.rows.clear() | def tearDown(self): LOCAL.rows.clear()

    def test_1(self):
        remember()

    def test_2(self):
        remember()

    def test_3(self):
        remember()

    def test_4(self):
        pass
