# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=800000 line=ALLOC holder=fake_sdk.TABLE or sys.modules
# CLEAN test T.test_2
# CLEAN test T.test_3
# VERDICT once fake_sdk.TABLE or sys.modules
import sys
import types
import unittest


def sdk():
    module = types.ModuleType("fake_sdk")
    module.TABLE = bytearray(800_000)  # ALLOC
    return module


class T(unittest.TestCase):
    def test_1(self):
        sys.modules["fake_sdk"] = sdk()
        # FIX sys.modules | self.addCleanup(sys.modules.pop, "fake_sdk")
        import fake_sdk

        self.assertTrue(fake_sdk.TABLE)

    def test_2(self):
        self.assertTrue(sdk().TABLE)

    def test_3(self):
        pass
