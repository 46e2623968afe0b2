# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=Service.upload.call_args_list
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=Service.upload.call_args_list
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=Service.upload.call_args_list
# CLEAN test T.test_4
# CLEAN test Z.test
# VERDICT growing Service.upload.call_args_list
# KIND mock Service.upload.call_args_list
import unittest
from unittest import mock


class Service:
    def upload(self, data):
        raise OSError("no network in tests")


class T(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        patcher = mock.patch.object(Service, "upload")
        patcher.start()
        # FIX patcher.stop | cls.addClassCleanup(patcher.stop)

    def upload(self):
        Service().upload(bytearray(400_000))  # ALLOC

    def test_1(self):
        self.upload()

    def test_2(self):
        self.upload()

    def test_3(self):
        self.upload()

    def test_4(self):
        pass


class Z(unittest.TestCase):
    def test(self):
        pass
