# mypy: ignore-errors
# RUN unittest
# NEEDS sqlalchemy
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=sqla_compiled.ENGINE or Engine._compiled
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=sqla_compiled.ENGINE or Engine._compiled
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=sqla_compiled.ENGINE or Engine._compiled
# LEAK test T.test_4 bytes=400000 line=ALLOC holder=sqla_compiled.ENGINE or Engine._compiled
# CLEAN test T.test_5_same_again
# VERDICT growing sqla_compiled.ENGINE or Engine._compiled
import unittest

from sqlalchemy import create_engine, text

ENGINE = create_engine("sqlite://", connect_args={"cached_statements": 0})


def setUpModule():
    with ENGINE.connect() as connection:
        connection.execute(text("SELECT 1"))


class T(unittest.TestCase):
    # FIX .clear_compiled_cache() | def tearDown(self): ENGINE.clear_compiled_cache()

    def find(self, first):
        numbers = ", ".join(map(str, range(first, first + 50_000)))
        with ENGINE.connect() as connection:
            connection.execute(text(f"SELECT 1 WHERE 1 IN ({numbers})"))  # ALLOC

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
