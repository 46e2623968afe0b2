# mypy: ignore-errors
# RUN unittest
# NEEDS django
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=settings.PRICES or UserSettingsHolder.PRICES
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=settings.PRICES or UserSettingsHolder.PRICES
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=settings.PRICES or UserSettingsHolder.PRICES
# LEAK test T.test_4 bytes=400000 line=ALLOC holder=settings.PRICES or UserSettingsHolder.PRICES
# CLEAN test T.test_5_with
# CLEAN test T.test_6_nothing
# VERDICT growing settings.PRICES or UserSettingsHolder.PRICES
from django.conf import settings

settings.configure(PRICES=None)

from django.test import SimpleTestCase, override_settings


class T(SimpleTestCase):
    def use_prices(self):
        override = override_settings(PRICES=bytearray(400_000))  # ALLOC
        override.enable()
        # FIX .disable | self.addCleanup(override.disable)
        self.assertEqual(len(settings.PRICES), 400_000)

    def test_1(self):
        self.use_prices()

    def test_2(self):
        self.use_prices()

    def test_3(self):
        self.use_prices()

    def test_4(self):
        self.use_prices()

    def test_5_with(self):
        with self.settings(PRICES=bytearray(400_000)):
            self.assertEqual(len(settings.PRICES), 400_000)

    def test_6_nothing(self):
        pass
