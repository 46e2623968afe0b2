# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1_leaves_it_waiting bytes=1000000 line=ALLOC holder=
# CLEAN test T.test_2_joins
import threading
import unittest


def work(started, done):
    data = bytearray(1_000_000)  # ALLOC
    started.set()
    done.wait()
    data.clear()


class T(unittest.TestCase):
    def begin(self):
        started, done = threading.Event(), threading.Event()
        thread = threading.Thread(target=work, args=(started, done), daemon=True)
        thread.start()
        started.wait()
        return thread, done

    def test_1_leaves_it_waiting(self):
        self.begin()

    def test_2_joins(self):
        thread, done = self.begin()
        done.set()
        thread.join()
