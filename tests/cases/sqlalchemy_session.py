# mypy: ignore-errors
# RUN unittest
# NEEDS sqlalchemy
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=sqlalchemy_session.SESSION or Session._new or Session.new
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=sqlalchemy_session.SESSION or Session._new or Session.new
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=sqlalchemy_session.SESSION or Session._new or Session.new
# LEAK test T.test_4 bytes=400000 line=ALLOC holder=sqlalchemy_session.SESSION or Session._new or Session.new
# CLEAN test T.test_5_nothing
# VERDICT growing sqlalchemy_session.SESSION or Session._new or Session.new
import unittest

from sqlalchemy import LargeBinary, create_engine
from sqlalchemy.orm import DeclarativeBase, mapped_column, scoped_session, sessionmaker

ENGINE = create_engine("sqlite://")
SESSION = scoped_session(sessionmaker(ENGINE, autoflush=False))


class Base(DeclarativeBase):
    pass


class Document(Base):
    __tablename__ = "document"
    id = mapped_column(LargeBinary, primary_key=True)
    body = mapped_column(LargeBinary)


def setUpModule():
    SESSION.add(Document(body=None))
    SESSION.remove()


class T(unittest.TestCase):
    # FIX .remove | def tearDown(self): SESSION.remove()

    def draft(self):
        SESSION.add(Document(body=bytearray(400_000)))  # ALLOC
        self.assertTrue(SESSION.new)

    def test_1(self):
        self.draft()

    def test_2(self):
        self.draft()

    def test_3(self):
        self.draft()

    def test_4(self):
        self.draft()

    def test_5_nothing(self):
        pass
