# mypy: ignore-errors
# RUN unittest
# NEEDS django
# LEAK test T.test_1 bytes=300000 line=ALLOC holder=settings.SHOPS or UserSettingsHolder.SHOPS
# LEAK test T.test_2 bytes=300000 line=ALLOC holder=settings.SHOPS or UserSettingsHolder.SHOPS
# LEAK test T.test_3 bytes=300000 line=ALLOC holder=settings.SHOPS or UserSettingsHolder.SHOPS
# VERDICT growing settings.SHOPS or UserSettingsHolder.SHOPS
from django.conf import settings

settings.configure(SHOPS={"main": "x"})
from django.test import SimpleTestCase


class T(SimpleTestCase):
    def fill(self):
        # FIX override_settings(SHOPS=...) | self.enterContext(override_settings(SHOPS=dict(settings.SHOPS)))
        settings.SHOPS[self._testMethodName] = {"stock": bytes(300_000)}  # ALLOC
        self.assertEqual(settings.SHOPS["main"], "x")

    def test_1(self):
        self.fill()

    def test_2(self):
        self.fill()

    def test_3(self):
        self.fill()
