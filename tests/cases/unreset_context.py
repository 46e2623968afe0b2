# mypy: ignore-errors
# RUN unittest
# CLEAN test T.test_1
# LEAK test T.test_2 bytes=800000 line=ALLOC holder=USER (context variable)
# CLEAN test T.test_3
# VERDICT once USER (context variable)
# KIND context USER (context variable)
import contextvars
import unittest

USER = contextvars.ContextVar("USER", default=None)


class T(unittest.TestCase):
    def log_in(self):
        self.token = USER.set(bytearray(800_000))  # ALLOC
        # FIX .reset(token) | self.addCleanup(USER.reset, self.token)

    def test_1(self):
        self.log_in()

    def test_2(self):
        self.log_in()

    def test_3(self):
        self.assertIsNotNone(USER)
