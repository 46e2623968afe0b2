# mypy: ignore-errors
# RUN unittest
# NEEDS django
# LEAK test T.test_1 bytes=400100 line=ALLOC holder=connection.queries or DatabaseWrapper.queries
# LEAK test T.test_2 bytes=400100 line=ALLOC holder=connection.queries or DatabaseWrapper.queries
# LEAK test T.test_3 bytes=400100 line=ALLOC holder=connection.queries or DatabaseWrapper.queries
# LEAK test T.test_4 bytes=400100 line=ALLOC holder=connection.queries or DatabaseWrapper.queries
# CLEAN test T.test_5_asks_nothing
# VERDICT growing connection.queries_log or DatabaseWrapper.queries_log
# Django's own test cases clear the log before each test; unittest's do not.
import unittest

import django
from django.conf import settings

settings.configure(
    DEBUG=True,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
)
django.setup()

from django.db import connection, reset_queries  # noqa: F401 - reset_queries is the cure


def setUpModule():
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE document (body TEXT)")


class T(unittest.TestCase):
    def save(self):
        # FIX reset_queries | self.addCleanup(reset_queries)
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO document VALUES (%s)", ["x" * 400_000])  # ALLOC

    def test_1(self):
        self.save()

    def test_2(self):
        self.save()

    def test_3(self):
        self.save()

    def test_4(self):
        self.save()

    def test_5_asks_nothing(self):
        pass
