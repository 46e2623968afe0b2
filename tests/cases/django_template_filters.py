# mypy: ignore-errors
# RUN unittest
# NEEDS django
# LEAK test T.test_1 bytes=300000 line=ALLOC holder=django_template_filters.register.filters
# LEAK test T.test_2 bytes=300000 line=ALLOC holder=django_template_filters.register.filters
# LEAK test T.test_3 bytes=300000 line=ALLOC holder=django_template_filters.register.filters
# VERDICT growing django_template_filters.register.filters
import unittest

from django import template

register = template.Library()


class T(unittest.TestCase):
    def setUp(self):
        words = {"and": bytearray(300_000)}  # ALLOC

        @register.filter(name="count_" + self._testMethodName)
        def count(value):
            return len(words) + len(value)

        self.count = count
        # FIX django_template_filters.register.filters.clear() | self.addCleanup(register.filters.clear)

    def test_1(self):
        self.assertEqual(self.count("a"), 2)

    def test_2(self):
        self.assertEqual(self.count("a"), 2)

    def test_3(self):
        self.assertEqual(self.count("a"), 2)
