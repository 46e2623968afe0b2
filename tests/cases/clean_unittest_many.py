# mypy: ignore-errors
# RUN unittest
# CLEAN class Steady
# CLEAN test Steady.test_07
# CLEAN test Steady.test_32
# CLEAN test Steady.test_58
# CLEAN test Steady.test_59
import asyncio
import functools
import json
import logging
import re
import tempfile
import unittest
import warnings
from pathlib import Path
from unittest import mock

LATEST = {}


@functools.lru_cache(maxsize=8)
def page(number):
    return f"page {number}"


class Steady(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.shared = bytearray(300_000)
        cls.addClassCleanup(delattr, cls, "shared")

    def setUp(self):
        self.data = bytearray(300_000)
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.dumps = self.enterContext(mock.patch("json.dumps"))

    def check(self, number):
        (self.folder / "file").write_bytes(self.data)
        json.dumps(self.data)
        self.dumps.assert_called_once()
        LATEST["page"] = page(number)
        for size in (1, 2):
            with self.subTest(size=size):
                self.assertTrue(self.data[:size])
        with self.assertRaises(ValueError) as raised:  # noqa: PT027 - no pytest here
            raise ValueError(self.data)
        self.assertTrue(re.fullmatch(f"page {number}", page(number)))
        with self.assertLogs("steady", "INFO"):
            logging.getLogger("steady").info("number %r", raised)
        with self.assertWarns(UserWarning):
            warnings.warn(f"number {number}", stacklevel=1)
        if number % 20 == 0:
            self.assertEqual(asyncio.run(asyncio.sleep(0, number)), number)


def checking(number):
    def test(self):
        self.check(number)

    return unittest.skip("as many are")(test) if number % 10 == 9 else test


for number in range(60):
    setattr(Steady, f"test_{number:02}", checking(number))
