# mypy: ignore-errors
# RUN unittest
# LEAK test Failing.test_1 bytes=200000 line=ALLOC holder=attribute_of_shared.APP.sessions
# LEAK test Failing.test_2 bytes=200000 line=ALLOC holder=attribute_of_shared.APP.sessions
# LEAK test Passing.test_3 bytes=200000 line=ALLOC holder=attribute_of_shared.APP.sessions
# LEAK test Passing.test_4 bytes=200000 line=ALLOC holder=attribute_of_shared.APP.sessions
# LEAK class Failing bytes=796000 line=TABLE holder=Failing.table
# VERDICT growing attribute_of_shared.APP.sessions
# VERDICT once Failing.table
# KIND module-global attribute_of_shared.APP.sessions
# KIND class-attribute Failing.table
# ALONE attribute_of_shared.APP.sessions
# Integers up to 1024 are there from the start in 3.15.
import unittest


class App:
    def __init__(self):
        self.sessions = []


APP = App()


class Failing(unittest.TestCase):
    """Its tests are kept, and have by names of their own what is others'."""

    @classmethod
    def setUpClass(cls):
        cls.table = {n: f"{n:0200}" for n in range(2000, 4600)}  # TABLE

    def setUp(self):
        self.sessions = APP.sessions
        self.rows = self.table
        APP.sessions.append(bytearray(200_000))  # ALLOC

    def test_1(self):
        self.fail("for its attributes to be kept")

    def test_2(self):
        self.skipTest("likewise")


class Passing(unittest.TestCase):
    def setUp(self):
        APP.sessions.append(bytearray(200_000))  # ALLOC

    def test_3(self):
        pass

    def test_4(self):
        pass
