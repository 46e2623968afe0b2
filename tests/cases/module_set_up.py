# mypy: ignore-errors
# RUN unittest
# LEAK module module_set_up bytes=700000 line=ALLOC holder=module_set_up.SERVER
# CLEAN test A.test
# CLEAN test B.test
# VERDICT once module_set_up.SERVER
# KIND module-global module_set_up.SERVER
import unittest

SERVER = None


class Server:
    def __init__(self):
        self.pages = bytearray(700_000)  # ALLOC


def setUpModule():
    global SERVER
    SERVER = Server()


# FIX SERVER = None | def tearDownModule(): global SERVER; SERVER = None
class A(unittest.TestCase):
    def test(self):
        self.assertTrue(SERVER.pages)


class B(unittest.TestCase):
    def test(self):
        self.assertTrue(SERVER.pages)
