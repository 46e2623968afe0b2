# mypy: ignore-errors
# RUN unittest
# LEAK test TestPost.test_1 bytes=300000 line=ALLOC holder=unittest_module_server.SERVER.requests
# LEAK test TestPost.test_2 bytes=300000 line=ALLOC holder=unittest_module_server.SERVER.requests
# LEAK test TestPost.test_3 bytes=300000 line=ALLOC holder=unittest_module_server.SERVER.requests
# LEAK test TestUpload.test_1 bytes=300000 line=ALLOC holder=unittest_module_server.SERVER.requests
# VERDICT growing unittest_module_server.SERVER.requests
# KIND module-global unittest_module_server.SERVER.requests
import unittest

SERVER = None


class FakeServer:
    def __init__(self):
        self.requests = []
        self.running = True

    def post(self, path, body):
        self.requests.append({"path": path, "body": body})

    def stop(self):
        self.running = False


def setUpModule():
    global SERVER
    SERVER = FakeServer()
    unittest.addModuleCleanup(SERVER.stop)


class Base(unittest.TestCase):
    # FIX unittest_module_server.SERVER.requests.clear() | def setUp(self): self.addCleanup(SERVER.requests.clear)

    def send(self):
        SERVER.post("/", bytes(300_000))  # ALLOC
        self.assertTrue(SERVER.running)


class TestPost(Base):
    def test_1(self):
        self.send()

    def test_2(self):
        self.send()

    def test_3(self):
        self.send()


class TestUpload(Base):
    def test_1(self):
        self.send()
