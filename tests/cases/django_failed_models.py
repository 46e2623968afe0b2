# mypy: ignore-errors
# RUN unittest
# NEEDS django
# LEAK test T.test_1_fails bytes=400000 line=ALLOC holder=T.report
# LEAK test T.test_2_errs bytes=400000 line=ALLOC holder=T.report
# LEAK test T.test_3_skips bytes=400000 line=ALLOC holder=T.report
# CLEAN test T.test_4_passes
# VERDICT growing T.report
# KIND testcase-attribute T.report
import django
from django.conf import settings

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
)
django.setup()

from django.db import connection, models
from django.test import TestCase


class Report(models.Model):
    body = models.BinaryField()

    class Meta:
        app_label = "reports"


def setUpModule():
    with connection.schema_editor() as editor:
        editor.create_model(Report)
    Report.objects.create(body=b"")


class T(TestCase):
    def setUp(self):
        # FIX self.addCleanup(delattr, self, "report")
        self.report = Report.objects.create(body=bytearray(400_000))  # ALLOC

    def test_1_fails(self):
        self.assertEqual(Report.objects.count(), 1)

    def test_2_errs(self):
        raise Report.DoesNotExist(self.report.pk)

    def test_3_skips(self):
        self.skipTest("later")

    def test_4_passes(self):
        self.assertTrue(self.report.pk)
