# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=300000 line=ALLOC holder=mock_patch_dict.SETTINGS
# LEAK test T.test_2 bytes=300000 line=ALLOC holder=mock_patch_dict.SETTINGS
# LEAK test T.test_3 bytes=300000 line=ALLOC holder=mock_patch_dict.SETTINGS
# LEAK test T.test_4 bytes=300000 line=ALLOC holder=mock_patch_dict.SETTINGS
# CLEAN test Z.test
# VERDICT growing mock_patch_dict.SETTINGS
import unittest
from unittest import mock

SETTINGS = {"debug": False}


class T(unittest.TestCase):
    def setUp(self):
        # Two hold it: the settings, and the patcher with its copies. To stop it undoes both.
        patcher = mock.patch.dict(SETTINGS, {self.id(): bytearray(300_000)})  # ALLOC
        patcher.start()
        # FIX self.addCleanup(patcher.stop)

    def test_1(self):
        self.assertIn(self.id(), SETTINGS)

    def test_2(self):
        self.assertIn(self.id(), SETTINGS)

    def test_3(self):
        self.assertIn(self.id(), SETTINGS)

    def test_4(self):
        self.assertIn(self.id(), SETTINGS)


class Z(unittest.TestCase):
    def test(self):
        self.assertFalse(SETTINGS["debug"])
