# mypy: ignore-errors
# RUN unittest
# NEEDS django
# LEAK test T.test_1 bytes=500000 line=READ holder=T._testdata_memo or T.report
# LEAK test T.test_2 bytes=500000 line=READ holder=T._testdata_memo or T.report
# LEAK test T.test_3 bytes=500000 line=READ holder=T._testdata_memo or T.report
# LEAK class T bytes=500000 line=ALLOC holder=T.report
# CLEAN test T.test_4_passes
# VERDICT growing T._testdata_memo
# VERDICT once T.report
# KIND testcase-attribute T._testdata_memo
# KIND class-attribute T.report
import django
from django.conf import settings

settings.configure(
    SECRET_KEY="x",
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
)
django.setup()

from django.test import TestCase
from django.test.utils import setup_databases, setup_test_environment


def setUpModule():
    setup_test_environment(debug=False)
    setup_databases(0, False, serialized_aliases=[])


class Report:
    def __init__(self):
        self.body = bytearray(500_000)  # ALLOC


class T(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.report = Report()
        # FIX cls.addClassCleanup(delattr, cls, "report") | cls.addClassCleanup(delattr, cls, "report")

    def look(self, n):
        body = self.report.body  # READ
        # FIX self.addCleanup(self.__dict__.pop, "_testdata_memo", None) | self.addCleanup(self.__dict__.pop, "_testdata_memo", None)
        # FIX self.addCleanup(self.__dict__.pop, "report", None) | self.addCleanup(self.__dict__.pop, "report", None)
        self.assertEqual(len(body), n)

    def test_1(self):
        self.look(9)

    def test_2(self):
        self.look(9)

    def test_3(self):
        self.look(9)

    def test_4_passes(self):
        self.look(500_000)
