# mypy: ignore-errors
# RUN unittest
# NEEDS sqlalchemy
# LEAK test T.test_1 bytes=800000 line= holder=sqlalchemy_compiled.ENGINE or Engine._compiled_cache
# LEAK test T.test_2 bytes=800000 line= holder=sqlalchemy_compiled.ENGINE or Engine._compiled_cache
# LEAK test T.test_3 bytes=800000 line= holder=sqlalchemy_compiled.ENGINE or Engine._compiled_cache
# LEAK test T.test_4 bytes=800000 line= holder=sqlalchemy_compiled.ENGINE or Engine._compiled_cache
# CLEAN test T.test_5_same_again
# VERDICT growing sqlalchemy_compiled.ENGINE or Engine._compiled_cache
import unittest

from sqlalchemy import create_engine, text

ENGINE = create_engine("sqlite://")


class T(unittest.TestCase):
    # FIX .clear_compiled_cache() | def tearDown(self): ENGINE.clear_compiled_cache()

    def find(self, first):
        numbers = ", ".join(map(str, range(first, first + 100_000)))
        with ENGINE.connect() as connection:
            connection.execute(text(f"SELECT 1 WHERE 1 IN ({numbers})"))

    def test_1(self):
        self.find(100_000)

    def test_2(self):
        self.find(200_000)

    def test_3(self):
        self.find(300_000)

    def test_4(self):
        self.find(400_000)

    def test_5_same_again(self):
        self.find(400_000)
