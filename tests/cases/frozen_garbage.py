# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=800000 line=ALLOC holder=unreachable or gc.freeze or Node
# CLEAN test T.test_2
# VERDICT once unreachable or gc.freeze or Node
# KIND unreachable unreachable or gc.freeze or Node
import gc
import unittest


class Node:
    def __init__(self):
        self.rows = bytearray(800_000)  # ALLOC
        self.parent = self


class T(unittest.TestCase):
    def test_1(self):
        # FIX gc.unfreeze() | self.addCleanup(gc.unfreeze)
        node = Node()
        gc.freeze()
        self.assertTrue(node.rows)

    def test_2(self):
        self.assertTrue(Node().rows)
