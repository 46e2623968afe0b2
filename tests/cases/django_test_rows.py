# mypy: ignore-errors
# RUN unittest
# NEEDS django
# LEAK class TestFirst bytes=690000 line=ALLOC holder=TestFirst.users
# LEAK class TestSecond bytes=690000 line=ALLOC holder=TestSecond.users
# VERDICT once TestFirst.users
# VERDICT once TestSecond.users
import django
from django.conf import settings

settings.configure(
    SECRET_KEY="x",
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
)
django.setup()

from django.contrib.auth.models import User
from django.test import TestCase
from django.test.utils import setup_databases, setup_test_environment


def setUpModule():
    setup_test_environment(debug=False)
    setup_databases(0, False, serialized_aliases=[])


class Rows(TestCase):
    @classmethod
    def setUpTestData(cls):
        rows = [User(username=f"u{i}", last_name=f"{i:04}" * 750) for i in range(200)]  # ALLOC
        cls.users = User.objects.bulk_create(rows)
        # FIX cls.addClassCleanup(delattr, cls, "users") | cls.addClassCleanup(delattr, cls, "users")


class TestFirst(Rows):
    def test_count(self):
        self.assertEqual(len(self.users), 200)

    def test_name(self):
        self.assertTrue(self.users[0].last_name)


class TestSecond(Rows):
    def test_count(self):
        self.assertEqual(User.objects.count(), 200)


del Rows
