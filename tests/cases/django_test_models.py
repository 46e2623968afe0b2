# mypy: ignore-errors
# RUN unittest
# NEEDS django
# LEAK test T.test_1 bytes=1000000 line=ALLOC holder=apps.all_models or Apps.all_models
# LEAK test T.test_2 bytes=1000000 line=ALLOC holder=apps.all_models or Apps.all_models
# LEAK test T.test_3 bytes=1000000 line=ALLOC holder=apps.all_models or Apps.all_models
# LEAK test T.test_4 bytes=1000000 line=ALLOC holder=apps.all_models or Apps.all_models
# CLEAN test T.test_5_declares_nothing
# VERDICT growing apps.all_models or Apps.all_models
import django
from django.conf import settings

settings.configure(INSTALLED_APPS=["django.contrib.contenttypes"])
django.setup()

from django.db import models
from django.test import SimpleTestCase
from django.test.utils import isolate_apps  # noqa: F401 - isolate_apps is the cure


# FIX isolate_apps | @isolate_apps("django.contrib.contenttypes")
class T(SimpleTestCase):
    def declare(self, name):
        table = bytearray(1_000_000)  # ALLOC
        meta = type("Meta", (), {"app_label": "contenttypes"})
        declared = {"__module__": __name__, "Meta": meta, "table": table}
        model = type(name, (models.Model,), declared)
        self.assertEqual(model._meta.app_label, "contenttypes")

    def test_1(self):
        self.declare("One")

    def test_2(self):
        self.declare("Two")

    def test_3(self):
        self.declare("Three")

    def test_4(self):
        self.declare("Four")

    def test_5_declares_nothing(self):
        pass
