# mypy: ignore-errors
# RUN unittest
# LEAK test TestOrders.test_1 bytes=400000 line=ALLOC holder=TestOrders.records
# LEAK test TestOrders.test_2 bytes=400000 line=ALLOC holder=TestOrders.records
# LEAK test TestUsers.test_1 bytes=400000 line=ALLOC holder=TestUsers.records
# LEAK test TestUsers.test_2 bytes=400000 line=ALLOC holder=TestUsers.records
# CLEAN test TestUsers.test_3_passes
# VERDICT growing TestOrders.records
# VERDICT growing TestUsers.records
import unittest


class RecordsMixin:
    def setUp(self):
        super().setUp()
        self.records = [bytearray(100_000) for _ in range(4)]  # ALLOC
        # FIX self.addCleanup(delattr, self, "records")


class TestOrders(RecordsMixin, unittest.TestCase):
    @unittest.expectedFailure
    def test_1(self):
        self.assertEqual(len(self.records), 3)

    @unittest.expectedFailure
    def test_2(self):
        self.assertFalse(self.records != [])


class TestUsers(RecordsMixin, unittest.TestCase):
    def test_1(self):
        with self.subTest(user="ada"):
            self.fail("no ada")

    def test_2(self):
        for user in "ab":
            with self.subTest(user=user):
                self.assertEqual(user, "b")

    def test_3_passes(self):
        pass
