# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=900000 line=ALLOC holder=cached_property_once.CATALOG.rows
# CLEAN test T.test_2
# CLEAN test T.test_3
# VERDICT once cached_property_once.CATALOG.rows
import functools
import unittest


class Catalog:
    @functools.cached_property
    def rows(self):
        return bytearray(900_000)  # ALLOC


CATALOG = Catalog()


class T(unittest.TestCase):
    # FIX vars(cached_property_once.CATALOG).pop("rows", None) | def tearDown(self): vars(CATALOG).pop("rows", None)

    def test_1(self):
        self.assertTrue(CATALOG.rows)

    def test_2(self):
        self.assertTrue(CATALOG.rows)

    def test_3(self):
        self.assertTrue(CATALOG.rows)
