# mypy: ignore-errors
# RUN unittest
# NEEDS django
# LEAK test T.test_1 bytes=500100 line=ALLOC holder=django.core.cache or locmem or LocMemCache
# LEAK test T.test_2 bytes=500100 line=ALLOC holder=django.core.cache or locmem or LocMemCache
# LEAK test T.test_3 bytes=500100 line=ALLOC holder=django.core.cache or locmem or LocMemCache
# LEAK test T.test_4 bytes=500100 line=ALLOC holder=django.core.cache or locmem or LocMemCache
# CLEAN test T.test_5_deletes
# CLEAN test T.test_6_nothing
# VERDICT growing django.core.cache or locmem or LocMemCache
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
