# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=303000 line= holder=sys.modules
# LEAK test T.test_2 bytes=303000 line= holder=sys.modules
# LEAK test T.test_3 bytes=303000 line= holder=sys.modules
# LEAK test T.test_4 bytes=303000 line= holder=sys.modules
# VERDICT growing sys.modules
# KIND module-global sys.modules
import importlib.util
import os
import sys
import tempfile
import unittest

SOURCE = "TABLE = {'rows': bytearray(300_000)}\ndef handle(n):\n    return TABLE['rows'][n]\n"


class T(unittest.TestCase):
    def load(self, name):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, name + ".py")
            with open(path, "w") as file:
                file.write(SOURCE)
            spec = importlib.util.spec_from_file_location(name, path)
            module = sys.modules[name] = importlib.util.module_from_spec(spec)
            # FIX self.addCleanup(sys.modules.pop, name) | self.addCleanup(sys.modules.pop, name)
            spec.loader.exec_module(module)
        return module

    def test_1(self):
        self.assertEqual(self.load("plugin_one").handle(1), 0)

    def test_2(self):
        self.assertEqual(self.load("plugin_two").handle(1), 0)

    def test_3(self):
        self.assertEqual(self.load("plugin_three").handle(1), 0)

    def test_4(self):
        self.assertEqual(self.load("plugin_four").handle(1), 0)
