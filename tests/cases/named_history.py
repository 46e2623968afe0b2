# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=300000 line=ALLOC holder=named_history.STATE
# LEAK test T.test_2 bytes=300000 line=ALLOC holder=named_history.STATE
# LEAK test T.test_3 bytes=300000 line=ALLOC holder=named_history.STATE
# VERDICT growing named_history.STATE
# KIND module-global named_history.STATE
import collections
import unittest

State = collections.namedtuple("State", "user history")
STATE = State("ada", ())


def act(name):
    global STATE
    step = {"name": name, "undo": bytearray(300_000)}  # ALLOC
    STATE = STATE._replace(history=(*STATE.history, step))


class T(unittest.TestCase):
    # FIX self.addCleanup(setattr, named_history, "STATE" | def setUp(self): self.addCleanup(globals().__setitem__, "STATE", STATE)

    def test_1(self):
        act("open")
        self.assertTrue(STATE.history)

    def test_2(self):
        act("save")
        self.assertTrue(STATE.history)

    def test_3(self):
        act("quit")
        self.assertTrue(STATE.history)
