# mypy: ignore-errors
# RUN unittest
# NEEDS django
# LEAK test T.test_1 bytes=900000 line=ALLOC holder=django_queryset_global.ACTIVE
# CLEAN test T.test_2
# CLEAN test T.test_3_asks_for_itself
# VERDICT once django_queryset_global.ACTIVE
import django
from django.conf import settings

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
)
django.setup()

from django.db import connection, models
from django.test import TestCase


class ScanField(models.BinaryField):
    def from_db_value(self, value, expression, connection):
        return bytearray(value)  # ALLOC


class Page(models.Model):
    scan = ScanField()

    class Meta:
        app_label = "pages"


ACTIVE = Page.objects.all()


def setUpModule():
    with connection.schema_editor() as editor:
        editor.create_model(Page)
    Page.objects.bulk_create(Page(scan=bytes(300_000)) for _ in range(3))


def active():
    # FIX .all() | return ACTIVE.all()
    return ACTIVE


class T(TestCase):
    def test_1(self):
        self.assertEqual([len(page.scan) for page in active()], [300_000] * 3)

    def test_2(self):
        self.assertEqual(len(active()), 3)

    def test_3_asks_for_itself(self):
        self.assertEqual(len(ACTIVE.filter(pk__gt=1)), 2)
