# mypy: ignore-errors
# RUN unittest
# LEAK test TestCompare.test_1 bytes=500000 line=ALLOC holder=TestCompare.runs or TestCompare.recorder
# LEAK test TestCompare.test_2 bytes=500000 line=ALLOC holder=TestCompare.runs or TestCompare.recorder
# LEAK test TestCompare.test_3 bytes=500000 line=ALLOC holder=TestCompare.runs or TestCompare.recorder
# VERDICT growing TestCompare.runs or TestCompare.recorder
import unittest


class Recorder:
    __slots__ = ("frames",)

    def __init__(self):
        self.frames = [bytearray(50_000) for _ in range(10)]  # ALLOC


class TestCompare(unittest.TestCase):
    runs = []

    # FIX TestCompare.runs.clear() | tearDownClass = classmethod(lambda cls: cls.runs.clear())

    def setUp(self):
        self.recorder = Recorder()
        self.runs.append(self)

    def test_1(self):
        self.assertTrue(self.recorder.frames)

    def test_2(self):
        self.assertTrue(self.recorder.frames)

    def test_3(self):
        self.assertEqual(len(self.runs[0].recorder.frames), len(self.recorder.frames))


class TestOther(unittest.TestCase):
    def test(self):
        pass
