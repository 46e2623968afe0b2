# mypy: ignore-errors
# RUN unittest
# NEEDS django
# LEAK test T.test_1 bytes=600000 line=ALLOC holder=django_prefetched.AUTHORS
# LEAK test T.test_2 bytes=600000 line=ALLOC holder=django_prefetched.AUTHORS
# LEAK test T.test_3 bytes=600000 line=ALLOC holder=django_prefetched.AUTHORS
# CLEAN test T.test_4_asks_for_itself
# VERDICT growing django_prefetched.AUTHORS
import django
from django.conf import settings

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
)
django.setup()

from django.db import connection, models
from django.test import TestCase


class TextField(models.BinaryField):
    def from_db_value(self, value, expression, connection):
        return bytearray(value)  # ALLOC


class Author(models.Model):
    class Meta:
        app_label = "books"


class Book(models.Model):
    author = models.ForeignKey(Author, models.CASCADE, related_name="books")
    text = TextField()

    class Meta:
        app_label = "books"


AUTHORS = {pk: Author(pk=pk) for pk in (1, 2, 3)}


def setUpModule():
    with connection.schema_editor() as editor:
        editor.create_model(Author)
        editor.create_model(Book)
    Author.objects.bulk_create(AUTHORS.values())
    for author in AUTHORS.values():
        Book.objects.bulk_create(Book(author=author, text=bytes(300_000)) for _ in range(2))


class T(TestCase):
    def read(self, author):
        models.prefetch_related_objects([author], "books")
        # FIX AUTHORS | self.addCleanup(author._prefetched_objects_cache.clear)
        self.assertEqual([len(book.text) for book in author.books.all()], [300_000] * 2)

    def test_1(self):
        self.read(AUTHORS[1])

    def test_2(self):
        self.read(AUTHORS[2])

    def test_3(self):
        self.read(AUTHORS[3])

    def test_4_asks_for_itself(self):
        self.read(Author.objects.get(pk=1))
