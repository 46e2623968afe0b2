# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=slots_singleton.SESSION.history
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=slots_singleton.SESSION.history
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=slots_singleton.SESSION.history
# LEAK test T.test_4 bytes=700000 line=ALLOC2 holder=slots_singleton.SESSION.user
# CLEAN test T.test_5
# VERDICT growing slots_singleton.SESSION.history
# VERDICT once slots_singleton.SESSION.user
import unittest


class Session:
    __slots__ = ("history", "user")

    def __init__(self):
        self.history = []
        self.user = None

    def visit(self):
        self.history.append(bytearray(400_000))  # ALLOC


SESSION = Session()


class T(unittest.TestCase):
    def tearDown(self):
        self.assertIsNotNone(SESSION)
        # FIX SESSION.history.clear() | SESSION.history.clear()
        # FIX self.addCleanup(setattr, slots_singleton.SESSION, "user" | self.addCleanup(setattr, SESSION, "user", None)

    def test_1(self):
        SESSION.visit()

    def test_2(self):
        SESSION.visit()

    def test_3(self):
        SESSION.visit()

    def test_4(self):
        SESSION.user = bytearray(700_000)  # ALLOC2

    def test_5(self):
        pass
