"""Tests that fail or are skipped: the result keeps each with all its attributes."""

from django.test import SimpleTestCase

from users_app import reports


class ReportTest(SimpleTestCase):
    """Fails on purpose, see `reports.page_count`."""

    def setUp(self):
        self.report = bytearray(20 * reports.PAGE_BYTES)  # planted: ReportTest.report

    def test_page_count(self):
        self.assertEqual(reports.page_count(self.report), 20)

    def test_page_count_of_two(self):
        self.assertEqual(reports.page_count(self.report + self.report), 40)


class UploadTest(SimpleTestCase):
    def setUp(self):
        self.payload = "u" * 750_000  # planted: UploadTest.payload

    def test_upload(self):
        self.skipTest("there is no object store here")

    def test_upload_in_parts(self):
        self.skipTest("there is no object store here")


class StatisticsTest(SimpleTestCase):
    """What `setUpClass` put on the class stays: there is no `tearDownClass`."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.samples = bytearray(3_000_000)  # planted: StatisticsTest.samples

    def test_minimum(self):
        self.assertEqual(min(self.samples), 0)

    def test_maximum(self):
        self.assertEqual(max(self.samples), 0)


class ControlTest(SimpleTestCase):
    """Large attributes, each let go of in time."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.samples = bytearray(2_000_000)

    @classmethod
    def tearDownClass(cls):
        del cls.samples
        super().tearDownClass()

    def setUp(self):
        self.report = reports.render(pages=20)
        self.addCleanup(delattr, self, "report")

    def test_render(self):
        self.assertEqual(len(self.report), 20 * reports.PAGE_BYTES)

    def test_samples(self):
        self.assertEqual(sum(self.samples), 0)
