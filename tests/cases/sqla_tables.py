# mypy: ignore-errors
# RUN unittest
# NEEDS sqlalchemy
# LEAK test T.test_1 bytes=1000000 line=ALLOC holder=Base.metadata or MetaData.tables
# LEAK test T.test_2 bytes=1000000 line=ALLOC holder=Base.metadata or MetaData.tables
# LEAK test T.test_3 bytes=1000000 line=ALLOC holder=Base.metadata or MetaData.tables
# LEAK test T.test_4 bytes=1000000 line=ALLOC holder=Base.metadata or MetaData.tables
# CLEAN test T.test_5_nothing
# VERDICT growing Base.metadata or MetaData.tables
import unittest

from sqlalchemy import Integer, LargeBinary
from sqlalchemy.orm import DeclarativeBase, configure_mappers, mapped_column


class Base(DeclarativeBase):
    pass


class Known(Base):
    __tablename__ = "known"
    id = mapped_column(Integer, primary_key=True)


def setUpModule():
    configure_mappers()
    Known()


class T(unittest.TestCase):
    # FIX metadata.clear() | def tearDown(self): Base.metadata.clear()

    def declare(self, name):
        blank = bytearray(1_000_000)  # ALLOC

        class Scan(Base):
            __tablename__ = name
            id = mapped_column(Integer, primary_key=True)
            body = mapped_column(LargeBinary, default=lambda: blank)

        configure_mappers()
        self.assertIn(name, Base.metadata.tables)
        self.assertIsNone(Scan().body)

    def test_1(self):
        self.declare("one")

    def test_2(self):
        self.declare("two")

    def test_3(self):
        self.declare("three")

    def test_4(self):
        self.declare("four")

    def test_5_nothing(self):
        pass
