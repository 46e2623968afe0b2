# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=logging.getLogger( or Manager.loggerDict
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=logging.getLogger( or Manager.loggerDict
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=logging.getLogger( or Manager.loggerDict
# LEAK test T.test_4 bytes=400000 line=ALLOC holder=logging.getLogger( or Manager.loggerDict
# CLEAN test T.test_5_nothing
# VERDICT growing logging.getLogger( or Manager.loggerDict
# One logger per object, named after it, with a handler that writes to memory.
import io
import logging
import unittest


class Worker:
    def __init__(self, name):
        self.log = logging.getLogger(f"worker.{name}")
        self.log.propagate = False
        self.handler = logging.StreamHandler(io.StringIO())
        self.log.addHandler(self.handler)
        self.handler.setLevel(logging.ERROR)
        self.handler.worker = self
        self.pages = bytearray(400_000)  # ALLOC

    def work(self):
        self.log.warning("%d bytes", len(self.pages))


class T(unittest.TestCase):
    def start(self):
        worker = Worker(self.id())
        worker.work()
        # FIX removeHandler | self.addCleanup(worker.log.removeHandler, worker.handler)

    def test_1(self):
        self.start()

    def test_2(self):
        self.start()

    def test_3(self):
        self.start()

    def test_4(self):
        self.start()

    def test_5_nothing(self):
        pass
