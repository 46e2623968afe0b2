# mypy: ignore-errors
# RUN unittest
# LEAK test TestBugs.test_1 bytes=350000 line=ALLOC holder=TestBugs.case
# LEAK test TestBugs.test_2 bytes=350000 line=ALLOC holder=TestBugs.case
# LEAK test TestBugs.test_3_passes bytes=350000 line=ALLOC holder=TestBugs.case
# VERDICT growing TestBugs.case
# KIND testcase-attribute TestBugs.case
import dataclasses
import unittest


@dataclasses.dataclass(slots=True)
class Case:
    number: int
    dump: bytearray


class BugMixin:
    def setUp(self):
        super().setUp()
        self.case = Case(7, bytearray(350_000))  # ALLOC
        # FIX self.addCleanup(delattr, self, "case") | self.addCleanup(delattr, self, "case")


class TestBugs(BugMixin, unittest.TestCase):
    @unittest.expectedFailure
    def test_1(self):
        self.assertEqual(self.case.number, 8)

    @unittest.expectedFailure
    def test_2(self):
        self.assertLess(len(self.case.dump), 9)

    @unittest.expectedFailure
    def test_3_passes(self):
        self.assertEqual(self.case.number, 7)

    def test_4_good(self):
        self.assertEqual(self.case.number, 7)
