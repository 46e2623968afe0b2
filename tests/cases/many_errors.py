# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=600000 line=ALLOC holder=many_errors.WORKERS or Worker.error
# LEAK test T.test_2 bytes=600000 line=ALLOC holder=many_errors.WORKERS or Worker.error
# LEAK test T.test_3 bytes=600000 line=ALLOC holder=many_errors.WORKERS or Worker.error
# VERDICT growing many_errors.WORKERS or Worker.error
# KIND exception many_errors.WORKERS or Worker.error
import unittest

WORKERS = {}


class Worker:
    __slots__ = ("error", "name")

    def __init__(self, name):
        self.name, self.error = name, None
        WORKERS[name] = self

    def work(self):
        try:
            self.step()
        except OSError as error:
            self.error = error
            # FIX keep str(error) | self.error = str(error)

    def step(self):
        block = bytearray(200_000)  # ALLOC
        raise OSError(self.name, len(block))


class T(unittest.TestCase):
    def run_all(self):
        for k in range(3):
            Worker(f"{self.id()}-{k}").work()

    def test_1(self):
        self.run_all()

    def test_2(self):
        self.run_all()

    def test_3(self):
        self.run_all()
