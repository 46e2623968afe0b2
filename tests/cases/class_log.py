# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=T.log
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=T.log
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=T.log
# LEAK test T.test_4 bytes=400000 line=ALLOC holder=T.log
# CLEAN test T.test_5
# VERDICT growing T.log
# KIND class-attribute T.log
import unittest


class T(unittest.TestCase):
    log = []

    # FIX log.clear() | def tearDown(self): self.log.clear()
    def post(self, size):
        answer = bytearray(size)  # ALLOC
        self.log.append((len(self.log), answer))
        return answer

    def test_1(self):
        self.assertTrue(self.post(400_000))

    def test_2(self):
        self.assertTrue(self.post(400_000))

    def test_3(self):
        self.assertTrue(self.post(400_000))

    def test_4(self):
        self.assertTrue(self.post(400_000))

    def test_5(self):
        pass
