# mypy: ignore-errors
# RUN unittest
# LEAK test FileCase.runTest(a.xml) bytes=300000 line=ALLOC holder=FileCase.tree
# LEAK test FileCase.runTest(b.xml) bytes=300000 line=ALLOC holder=FileCase.tree
# LEAK test FileCase.runTest(c.xml) bytes=300000 line=ALLOC holder=FileCase.tree
# LEAK test FileCase.runTest(d.xml) bytes=300000 line=ALLOC holder=FileCase.tree
# VERDICT growing FileCase.tree
# KIND testcase-attribute FileCase.tree
import unittest


class FileCase(unittest.TestCase):
    def __init__(self, name="one.xml"):
        super().__init__("runTest")
        self.name = name

    def id(self):
        return f"{super().id()}({self.name})"

    def setUp(self):
        self.tree = {"name": self.name, "nodes": bytearray(300_000)}  # ALLOC
        # FIX self.addCleanup(delattr, self, "tree") | self.addCleanup(delattr, self, "tree")

    def runTest(self):
        self.assertTrue(self.tree["nodes"])


CASES = []


def load_tests(loader, tests, pattern):
    CASES.extend(FileCase(n) for n in ("a.xml", "b.xml", "c.xml", "d.xml"))
    return unittest.TestSuite(CASES)
