# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=300000 line=ALLOC holder=context_snapshots.CALLBACKS
# LEAK test T.test_2 bytes=300000 line=ALLOC holder=context_snapshots.CALLBACKS
# LEAK test T.test_3 bytes=300000 line=ALLOC holder=context_snapshots.CALLBACKS
# VERDICT growing context_snapshots.CALLBACKS
# KIND module-global context_snapshots.CALLBACKS
import contextvars
import unittest

REQUEST = contextvars.ContextVar("REQUEST")
CALLBACKS = []


class T(unittest.TestCase):
    # FIX context_snapshots.CALLBACKS.clear() | def setUp(self): self.addCleanup(CALLBACKS.clear)

    def handle(self):
        token = REQUEST.set({"body": bytearray(300_000)})  # ALLOC
        CALLBACKS.append((contextvars.copy_context(), print))
        REQUEST.reset(token)

    def test_1(self):
        self.handle()

    def test_2(self):
        self.handle()

    def test_3(self):
        self.handle()

    def test_4(self):
        self.assertIsNone(REQUEST.get(None))
