# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400070 line= holder=os.environ
# LEAK test T.test_2 bytes=400070 line= holder=os.environ
# LEAK test T.test_3 bytes=400070 line= holder=os.environ
# VERDICT growing os.environ
import os
import unittest
from unittest import mock


class T(unittest.TestCase):
    def setUp(self):
        self.assertTrue(mock)
        # FIX mock.patch.dict(os.environ | self.enterContext(mock.patch.dict(os.environ))

    def test_1(self):
        os.environ["FIRST"] = "x" * 400_000

    def test_2(self):
        os.environ["SECOND"] = "x" * 400_000

    def test_3(self):
        os.environ["THIRD"] = "x" * 400_000
