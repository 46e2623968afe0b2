# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=warnings_registry.__warningregistry__
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=warnings_registry.__warningregistry__
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=warnings_registry.__warningregistry__
# LEAK test T.test_4 bytes=400000 line=ALLOC holder=warnings_registry.__warningregistry__
# CLEAN test T.test_5_same_text
# VERDICT growing warnings_registry.__warningregistry__
# A warning's text is a key in its module: a text that tells the data keeps it.
import logging
import unittest
import warnings


def setUpModule():
    logging.captureWarnings(True)
    logging.getLogger("py.warnings").addHandler(logging.NullHandler())


def parse(row):
    warnings.warn(f"cannot parse {row}", stacklevel=1)  # ALLOC
    # FIX __warningregistry__.clear() | __warningregistry__.clear()


class T(unittest.TestCase):
    def test_1(self):
        parse("a" * 400_000)

    def test_2(self):
        parse("b" * 400_000)

    def test_3(self):
        parse("c" * 400_000)

    def test_4(self):
        parse("d" * 400_000)

    def test_5_same_text(self):
        parse("d" * 400_000)
