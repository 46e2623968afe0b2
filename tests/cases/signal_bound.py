# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=300000 line=ALLOC holder=T.state or signal handlers
# LEAK test T.test_2 bytes=300000 line=ALLOC holder=T.state or signal handlers
# LEAK test T.test_3 bytes=300000 line=ALLOC holder=T.state or signal handlers
# VERDICT growing T.state or signal handlers
import signal
import unittest


class T(unittest.TestCase):
    def setUp(self):
        self.state = {"log": bytearray(300_000)}  # ALLOC
        self.before = signal.signal(signal.SIGUSR1, self.on_signal)
        # FIX signal.signal(number, handler) | self.addCleanup(signal.signal, signal.SIGUSR1, self.before)

    def on_signal(self, number, frame):
        self.state["seen"] = number
        if callable(self.before):
            self.before(number, frame)

    def test_1(self):
        signal.raise_signal(signal.SIGUSR1)
        self.assertIn("seen", self.state)

    def test_2(self):
        signal.raise_signal(signal.SIGUSR1)
        self.assertIn("seen", self.state)

    def test_3(self):
        self.assertNotIn("seen", self.state)
