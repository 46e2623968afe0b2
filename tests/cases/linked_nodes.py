# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=880000 line=ALLOC holder=linked_nodes.STACK.head
# LEAK test T.test_2 bytes=880000 line=ALLOC holder=linked_nodes.STACK.head
# LEAK test T.test_3 bytes=880000 line=ALLOC holder=linked_nodes.STACK.head
# LEAK test T.test_4 bytes=880000 line=ALLOC holder=linked_nodes.STACK.head
# VERDICT growing linked_nodes.STACK.head
# KIND module-global linked_nodes.STACK.head
import dataclasses
import unittest


@dataclasses.dataclass(slots=True)
class Node:
    value: bytes
    next: "Node | None"


class Stack:
    __slots__ = ("head",)

    def __init__(self):
        self.head = None

    def push(self, value):
        self.head = Node(value, self.head)


STACK = Stack()


class T(unittest.TestCase):
    # FIX self.addCleanup(setattr, linked_nodes.STACK, "head" | def setUp(self): self.addCleanup(setattr, STACK, "head", None)

    def push(self):
        for n in range(5_000):
            STACK.push(b"%095d" % n)  # ALLOC

    def test_1(self):
        self.push()

    def test_2(self):
        self.push()

    def test_3(self):
        self.push()

    def test_4(self):
        self.push()
