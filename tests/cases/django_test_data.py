# mypy: ignore-errors
# RUN unittest
# NEEDS django
# LEAK class A bytes=900000 line=ALLOC holder=A.user
# CLEAN test A.test_1
# CLEAN test A.test_2
import unittest

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="x",
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
)
django.setup()

from django.contrib.auth.models import User
from django.test import TestCase
from django.test.utils import setup_databases, setup_test_environment


def setUpModule():
    setup_test_environment(debug=False)
    setup_databases(0, False, serialized_aliases=[])


class A(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.user = User.objects.create_user("u", password="p")
        cls.user.data = bytearray(900_000)  # ALLOC

    def test_1(self):
        self.assertEqual(self.user.username, "u")

    def test_2(self):
        self.assertEqual(len(self.user.data), 900_000)


class Z(unittest.TestCase):
    def test(self):
        pass
