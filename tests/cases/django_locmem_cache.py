# mypy: ignore-errors
# RUN unittest
# NEEDS django
# LEAK test T.test_1 bytes=500100 line=ALLOC holder=cache or locmem._caches or django.core.cache.backends.locmem._caches or LocMemCache._cache
# LEAK test T.test_2 bytes=500100 line=ALLOC holder=cache or locmem._caches or django.core.cache.backends.locmem._caches or LocMemCache._cache
# LEAK test T.test_3 bytes=500100 line=ALLOC holder=cache or locmem._caches or django.core.cache.backends.locmem._caches or LocMemCache._cache
# LEAK test T.test_4 bytes=500100 line=ALLOC holder=cache or locmem._caches or django.core.cache.backends.locmem._caches or LocMemCache._cache
# CLEAN test T.test_5_deletes
# CLEAN test T.test_6_nothing
# VERDICT growing cache or locmem._caches or django.core.cache.backends.locmem._caches or LocMemCache._cache
from django.conf import settings

settings.configure(
    CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
)

from django.core.cache import cache
from django.test import SimpleTestCase


class T(SimpleTestCase):
    def page(self):
        # FIX cache.clear | self.addCleanup(cache.clear)
        cache.set(self.id(), "x" * 500_000, timeout=3600)  # ALLOC
        return cache.get(self.id())

    def test_1(self):
        self.page()

    def test_2(self):
        self.page()

    def test_3(self):
        self.page()

    def test_4(self):
        self.page()

    def test_5_deletes(self):
        self.page()
        cache.delete(self.id())

    def test_6_nothing(self):
        pass
