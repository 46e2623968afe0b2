# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=800000 line=ALLOC holder=signal or state in the closure of
# CLEAN test T.test_2
# VERDICT once signal or state in the closure of
import signal
import unittest


class T(unittest.TestCase):
    def test_1(self):
        # FIX signal.signal | self.addCleanup(signal.signal, signal.SIGUSR1, signal.SIG_DFL)
        state = bytearray(800_000)  # ALLOC
        signal.signal(signal.SIGUSR1, lambda *_: state.clear())

    def test_2(self):
        pass
