"""Tests that count queries by a debug cursor: the connection's log keeps each statement."""

from django.db import connection
from django.test import SimpleTestCase

from users_app.importer import import_biography

BIOGRAPHY_BYTES = 30_000


class ImportTest(SimpleTestCase):
    """Not a `TestCase`: Django empties the log only before the tests of that class."""

    databases = {"default"}

    def setUp(self):
        connection.force_debug_cursor = True  # and nobody sets it back
        self.queries = len(connection.queries_log)

    def tearDown(self):
        self.assertEqual(len(connection.queries_log), self.queries + 1)

    def test_unknown_user(self):
        self.assertEqual(import_biography(404, "u" * BIOGRAPHY_BYTES), 0)

    def test_many_lines(self):
        self.assertEqual(import_biography(404, "line\n" * (BIOGRAPHY_BYTES // 5)), 0)

    def test_spaces(self):
        self.assertEqual(import_biography(404, " " * BIOGRAPHY_BYTES), 0)
