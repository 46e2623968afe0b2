# mypy: ignore-errors
# RUN unittest
# NEEDS django
# LEAK test T.test_1_fills bytes=500000 line=ALLOC holder=Loader.get_template_cache or django.template.engines or EngineHandler._engines
# CLEAN test T.test_2_hits
# CLEAN test T.test_3_hits
# VERDICT once Loader.get_template_cache or django.template.engines or EngineHandler._engines
import django
from django.conf import settings

PAGES = {"page.html": "{{ title }}" + "x" * 500_000}
LOADERS = [("django.template.loaders.locmem.Loader", PAGES)]
OPTIONS = {"loaders": [("django.template.loaders.cached.Loader", LOADERS)]}

settings.configure(
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "OPTIONS": OPTIONS}]
)
django.setup()

from django.template.loader import render_to_string
from django.test import SimpleTestCase


class T(SimpleTestCase):
    def render(self):
        self.assertIn("News", render_to_string("page.html", {"title": "News"}))  # ALLOC

    def test_1_fills(self):
        self.render()

    def test_2_hits(self):
        self.render()

    def test_3_hits(self):
        self.render()
