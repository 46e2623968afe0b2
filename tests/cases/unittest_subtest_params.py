# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=600000 line=ALLOC holder=_SubTest.params
# LEAK test T.test_2 bytes=600000 line=ALLOC holder=_SubTest.params
# LEAK test T.test_3 bytes=600000 line=ALLOC holder=_SubTest.params
# CLEAN test T.test_4_passes
# VERDICT growing _SubTest.params
# KIND result _SubTest.params
import unittest


class T(unittest.TestCase):
    def check(self, ok=False):
        for number in range(3):
            document = [bytearray(200_000)]  # ALLOC
            about = {"number": number, "document": document}
            # FIX self.subTest(name=name) | about = {"number": number}
            with self.subTest(**about):
                self.assertEqual(len(document), 1 if ok else 2)

    def test_1(self):
        self.check()

    def test_2(self):
        self.check()

    def test_3(self):
        self.check()

    def test_4_passes(self):
        self.check(ok=True)
