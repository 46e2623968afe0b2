# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=300000 line=ALLOC holder=broken_objects.KEPT
# LEAK test T.test_2 bytes=300000 line=ALLOC holder=broken_objects.KEPT
# LEAK test T.test_3 bytes=300000 line=ALLOC holder=broken_objects.KEPT
# VERDICT growing broken_objects.KEPT
# KIND module-global broken_objects.KEPT
import unittest

ASKED = []


class Nasty:
    def __init__(self):
        object.__setattr__(self, "data", bytearray(300_000))  # ALLOC

    def __getattribute__(self, name):
        ASKED.append(name)
        raise RuntimeError(name)

    def __setattr__(self, name, value):
        raise RuntimeError(name)

    def __eq__(self, other):
        raise RuntimeError("eq")

    def __hash__(self):
        raise RuntimeError("hash")

    def __repr__(self):
        raise RuntimeError("repr")

    def __sizeof__(self):
        raise RuntimeError("sizeof")

    def __bool__(self):
        raise RuntimeError("bool")

    def __len__(self):
        return -1

    def __iter__(self):
        raise RuntimeError("iter")


KEPT = []


class T(unittest.TestCase):
    def setUp(self):
        self.nasty = Nasty()
        # FIX broken_objects.KEPT.clear() | self.addCleanup(KEPT.clear)

    def tearDown(self):
        self.assertEqual(ASKED, [])

    def test_1(self):
        KEPT.append(self.nasty)

    def test_2(self):
        KEPT.append(self.nasty)

    def test_3(self):
        KEPT.append(self.nasty)

    def test_4(self):
        pass
