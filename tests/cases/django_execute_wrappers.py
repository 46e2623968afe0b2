# mypy: ignore-errors
# RUN unittest
# NEEDS django
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=connection.execute or DatabaseWrapper.execute
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=connection.execute or DatabaseWrapper.execute
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=connection.execute or DatabaseWrapper.execute
# CLEAN test T.test_4_with
# CLEAN test T.test_5_nothing
# VERDICT growing connection.execute_wrappers or DatabaseWrapper.execute_wrappers
import django
from django.conf import settings

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
)
django.setup()

from django.db import connection
from django.test import TestCase


class QueryLog:
    def __init__(self):
        self.buffer = bytearray(400_000)  # ALLOC

    def __call__(self, execute, sql, params, many, context):
        return execute(sql, params, many, context)


class T(TestCase):
    def watch(self):
        connection.execute_wrappers.append(QueryLog())
        # FIX execute_wrappers | self.addCleanup(connection.execute_wrappers.pop)
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")

    def test_1(self):
        self.watch()

    def test_2(self):
        self.watch()

    def test_3(self):
        self.watch()

    def test_4_with(self):
        with connection.execute_wrapper(QueryLog()), connection.cursor() as cursor:
            cursor.execute("SELECT 1")

    def test_5_nothing(self):
        pass
