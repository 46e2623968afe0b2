# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=500000 line=ALLOC holder=many_jobs.HANDLERS
# LEAK test T.test_2 bytes=500000 line=ALLOC holder=many_jobs.HANDLERS
# LEAK test T.test_3 bytes=500000 line=ALLOC holder=many_jobs.HANDLERS
# VERDICT growing many_jobs.HANDLERS
import unittest.mock

HANDLERS = {"exit": [print]}


def on(event, n):
    buffer = bytearray(n)  # ALLOC

    def handler(data):
        buffer[0] = 1
        return len(buffer) + len(data)

    HANDLERS.setdefault(event, []).append(handler)


class T(unittest.TestCase):
    def register(self):
        # FIX mock.patch.dict(many_jobs.HANDLERS) | self.enterContext(unittest.mock.patch.dict(HANDLERS))
        for k in range(5):
            on(f"{self._testMethodName}.{k}", 100_000)
        self.assertIn("exit", HANDLERS)

    def test_1(self):
        self.register()

    def test_2(self):
        self.register()

    def test_3(self):
        self.register()
