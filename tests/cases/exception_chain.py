# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=300000 line=ALLOC holder=exception_chain.CLIENT.last_error
# LEAK test T.test_2 bytes=300000 line=ALLOC holder=exception_chain.CLIENT.last_error
# LEAK test T.test_3 bytes=300000 line=ALLOC holder=exception_chain.CLIENT.last_error
# LEAK test T.test_4 bytes=300000 line=ALLOC holder=exception_chain.CLIENT.last_error
# VERDICT growing exception_chain.CLIENT.last_error
# KIND exception exception_chain.CLIENT.last_error
import unittest


class ApiError(Exception):
    pass


class Client:
    last_error = None

    def get(self, path):
        try:
            self.send(path)
        except ApiError as error:
            self.last_error = error

    def send(self, path):
        payload = bytearray(300_000)  # ALLOC
        raise ApiError(path, len(payload)) from self.last_error


CLIENT = Client()


class T(unittest.TestCase):
    def tearDown(self):
        self.assertTrue(CLIENT.last_error)
        # FIX exception_chain.CLIENT.last_error.with_traceback(None) | CLIENT.last_error.with_traceback(None)

    def test_1(self):
        CLIENT.get("/1")

    def test_2(self):
        CLIENT.get("/2")

    def test_3(self):
        CLIENT.get("/3")

    def test_4(self):
        CLIENT.get("/4")
