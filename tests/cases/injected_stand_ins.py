# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=100000 line=ALLOC holder=sys.modules
# LEAK test T.test_2 bytes=100000 line=ALLOC holder=sys.modules
# LEAK test T.test_3 bytes=100000 line=ALLOC holder=sys.modules
# VERDICT growing sys.modules
# KIND module-global sys.modules
import sys
import types
import unittest


class T(unittest.TestCase):
    def inject(self, name):
        # FIX self.addCleanup(sys.modules.pop, name)
        sys.modules[name] = types.SimpleNamespace(data=bytearray(100_000))  # ALLOC

    def test_1(self):
        self.inject("fake_sdk")

    def test_2(self):
        self.inject("fake_api")

    def test_3(self):
        self.inject("fake_ui")
