# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=1000000 line=ALLOC holder=json.dumps
# LEAK test T.test_2 bytes=1000000 line=ALLOC holder=json.dumps
# LEAK test T.test_3 bytes=1000000 line=ALLOC holder=json.dumps
# LEAK test T.test_4 bytes=1000000 line=ALLOC holder=json.dumps
# CLEAN test Z.test
# VERDICT growing json.dumps
# KIND mock json.dumps
import json
import unittest
from unittest import mock


class T(unittest.TestCase):
    def setUp(self):
        # Each patch keeps the one before as the original.
        patcher = mock.patch("json.dumps")
        patcher.start()
        # FIX self.addCleanup(patcher.stop)

    def save(self):
        json.dumps(bytearray(1_000_000))  # ALLOC

    def test_1(self):
        self.save()

    def test_2(self):
        self.save()

    def test_3(self):
        self.save()

    def test_4(self):
        self.save()


class Z(unittest.TestCase):
    def test(self):
        pass
