# mypy: ignore-errors
# RUN unittest
# CLEAN test T.test_1_cycle
# CLEAN test T.test_2_cleanup
# CLEAN test T.test_3_patch
# CLEAN test T.test_4_exception
# CLEAN test T.test_5_local_class
# CLEAN test T.test_6_warm_up
# CLEAN test T.test_7_loop
import asyncio
import re
import unittest
from unittest import mock


class T(unittest.TestCase):
    def setUp(self):
        self.user = [bytearray(500_000)]

    def test_1_cycle(self):
        self.me = self
        self.user.append(self.user)

    def test_2_cleanup(self):
        self.addCleanup(lambda: self.user)

    @mock.patch("json.dumps")
    def test_3_patch(self, dumps):
        dumps(bytearray(500_000))

    def test_4_exception(self):
        try:
            raise ValueError(self.user)
        except ValueError as error:
            self.error = error

    def test_5_local_class(self):
        class Local:
            data = bytearray(500_000)

        self.local = Local

    def test_6_warm_up(self):
        import xml.dom.minidom  # noqa: F401 - importing it is the warm-up

        for i in range(20):
            re.compile(f"a{i}")

    def test_7_loop(self):
        async def main():
            return bytearray(500_000)

        asyncio.run(main())
