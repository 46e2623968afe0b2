# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=300000 line=ALLOC holder=exit_stack_open.RESOURCES
# LEAK test T.test_2 bytes=300000 line=ALLOC holder=exit_stack_open.RESOURCES
# LEAK test T.test_3 bytes=300000 line=ALLOC holder=exit_stack_open.RESOURCES
# VERDICT growing exit_stack_open.RESOURCES
import contextlib
import unittest

RESOURCES = contextlib.ExitStack()


@contextlib.contextmanager
def upload(n):
    buffer = bytearray(n)  # ALLOC
    yield memoryview(buffer)


class T(unittest.TestCase):
    def setUp(self):
        self.view = RESOURCES.enter_context(upload(300_000))
        # FIX exit_stack_open.RESOURCES.close() | self.addCleanup(RESOURCES.close)

    def tearDown(self):
        del self.view

    def test_1(self):
        self.assertEqual(len(self.view), 300_000)

    def test_2(self):
        self.view[0] = 1

    def test_3(self):
        self.assertFalse(self.view.readonly)
