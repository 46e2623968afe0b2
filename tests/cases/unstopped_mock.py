# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1_forgets bytes=2000000 line=ALLOC holder=json.dumps
# CLEAN test T.test_2_stops
import json
import unittest
from unittest import mock


class T(unittest.TestCase):
    def test_1_forgets(self):
        mock.patch("json.dumps").start()
        json.dumps(bytearray(2_000_000))  # ALLOC

    def test_2_stops(self):
        patcher = mock.patch("json.loads")
        patcher.start()
        self.addCleanup(patcher.stop)
        json.loads(bytearray(2_000_000))
