# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=300000 line=ALLOC holder=cache_in_init.RATES.rate (cache)
# LEAK test T.test_2 bytes=300000 line=ALLOC holder=cache_in_init.RATES.rate (cache)
# LEAK test T.test_3 bytes=300000 line=ALLOC holder=cache_in_init.RATES.rate (cache)
# CLEAN test T.test_4_hit
# VERDICT growing cache_in_init.RATES.rate (cache)
# KIND cache cache_in_init.RATES.rate (cache)
import functools
import unittest


class Rates:
    def __init__(self):
        self.rate = functools.cache(self._rate)

    def _rate(self, currency):
        return currency, bytes(300_000)  # ALLOC


RATES = Rates()


class T(unittest.TestCase):
    # FIX cache_in_init.RATES.rate.cache_clear() | def setUp(self): self.addCleanup(RATES.rate.cache_clear)

    def test_1(self):
        self.assertTrue(RATES.rate("EUR"))

    def test_2(self):
        self.assertTrue(RATES.rate("USD"))

    def test_3(self):
        self.assertTrue(RATES.rate(currency="CHF"))

    def test_4_hit(self):
        self.assertTrue(RATES.rate("EUR"))
