# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=300000 line=ALLOC holder=mock_wraps.CHECKSUM.call_args_list
# LEAK test T.test_2 bytes=300000 line=ALLOC holder=mock_wraps.CHECKSUM.call_args_list
# LEAK test T.test_3 bytes=300000 line=ALLOC holder=mock_wraps.CHECKSUM.call_args_list
# LEAK test T.test_4 bytes=300000 line=ALLOC holder=mock_wraps.CHECKSUM.call_args_list
# CLEAN test T.test_5
# VERDICT growing mock_wraps.CHECKSUM.call_args_list
# KIND mock mock_wraps.CHECKSUM.call_args_list
import unittest
import zlib
from unittest import mock

CHECKSUM = mock.Mock(wraps=zlib.crc32)


class T(unittest.TestCase):
    # FIX CHECKSUM.reset_mock() | def tearDown(self): CHECKSUM.reset_mock()
    def check(self, start):
        data = bytearray(300_000)  # ALLOC
        self.assertEqual(CHECKSUM(data, start), zlib.crc32(data, start))

    def test_1(self):
        self.check(1)

    def test_2(self):
        self.check(2)

    def test_3(self):
        self.check(3)

    def test_4(self):
        self.check(4)

    def test_5(self):
        self.assertTrue(CHECKSUM)
