# mypy: ignore-errors
# RUN unittest
# LEAK class TestA bytes=500000 line=ALLOC holder=IntegrationBase._class_cleanups
# LEAK class TestB bytes=500000 line=ALLOC holder=IntegrationBase._class_cleanups
# LEAK class TestC bytes=500000 line=ALLOC holder=IntegrationBase._class_cleanups
# VERDICT growing IntegrationBase._class_cleanups
# KIND class-attribute IntegrationBase._class_cleanups
import unittest


class Server:
    def __init__(self):
        self.memory = bytearray(500_000)  # ALLOC

    def stop(self):
        pass


class IntegrationBase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        server = Server()
        IntegrationBase.addClassCleanup(server.stop)
        # FIX doClassCleanups() | IntegrationBase.doClassCleanups()


class TestA(IntegrationBase):
    def test(self):
        pass


class TestB(IntegrationBase):
    def test(self):
        pass


class TestC(IntegrationBase):
    def test(self):
        pass


class TestZ(unittest.TestCase):
    def test(self):
        pass
