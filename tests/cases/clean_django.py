# mypy: ignore-errors
# RUN unittest
# NEEDS django
# CLEAN test A.test_10
# CLEAN test A.test_11
# CLEAN test A.test_18
# CLEAN test B.test_29
# CLEAN test B.test_39
# CLEAN test B.test_40
import django
from django.conf import settings

settings.configure(
    SECRET_KEY="x",
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["testserver"],
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend",
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
)
django.setup()

from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core import mail
from django.core.cache import cache
from django.db import transaction
from django.db.models.signals import post_save
from django.http import HttpResponse
from django.test import TestCase, override_settings
from django.test.utils import setup_databases
from django.urls import path

SAVED = []
urlpatterns = [path("", lambda request: HttpResponse(bytes(50_000)))]


def setUpModule():
    setup_databases(0, False, serialized_aliases=[])


class Steps:
    def setUp(self):
        self.user = User.objects.create_user("u", password="p", first_name="x" * 100)
        self.blob = bytearray(50_000)

    def ask(self):
        self.assertEqual(len(self.client.get("/").content), 50_000)

    def send(self):
        mail.EmailMessage("s", "b" * 50_000, "a@example.org", ["b@example.org"]).send()
        self.assertEqual(len(mail.outbox), 1)

    def remember(self):
        cache.set(self.id(), self.blob)
        self.addCleanup(cache.clear)

    def listen(self):
        def saved(sender, **named):
            SAVED.append(len(self.blob))

        post_save.connect(saved, sender=User)
        self.addCleanup(post_save.disconnect, saved, sender=User)
        self.addCleanup(SAVED.clear)
        self.user.save()

    @override_settings(BLOB="x" * 50_000)
    def override(self):
        self.assertEqual(ContentType.objects.get_for_model(User).model, "user")

    def commit(self):
        transaction.on_commit(lambda: self.blob.clear())
        with self.assertNumQueries(1):
            self.assertEqual(list(User.objects.all()), [self.user])


def add_tests(case, numbers):
    steps = [Steps.ask, Steps.send, Steps.remember, Steps.listen, Steps.override, Steps.commit]
    for i in numbers:
        setattr(case, f"test_{i}", steps[i % len(steps)])


class A(Steps, TestCase):
    pass


class B(Steps, TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.blobs = [bytearray(50_000)]
        cls.addClassCleanup(delattr, cls, "blobs")


add_tests(A, range(1, 22))
add_tests(B, range(22, 49))
