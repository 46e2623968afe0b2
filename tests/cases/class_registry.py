# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=Registered.known
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=Registered.known
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=Registered.known
# CLEAN test T.test_4
# VERDICT growing Registered.known
import unittest.mock


class Registered(type):
    known = []

    def __init__(cls, *args):
        super().__init__(*args)
        Registered.known.append(cls)


class Model(metaclass=Registered):
    pass


class T(unittest.TestCase):
    def define(self):
        # FIX mock.patch.object(Registered, "known" | self.enterContext(unittest.mock.patch.object(Registered, "known", list(Registered.known)))
        class Order(Model):
            rows = bytearray(400_000)  # ALLOC

        self.assertTrue(Order.rows)

    def test_1(self):
        self.define()

    def test_2(self):
        self.define()

    def test_3(self):
        self.define()

    def test_4(self):
        pass
