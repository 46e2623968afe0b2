# mypy: ignore-errors
# RUN unittest
# NEEDS sqlalchemy
# CLEAN test T.test_20
# CLEAN test T.test_21
# CLEAN test T.test_22
# CLEAN test T.test_23
# CLEAN test T.test_58
# CLEAN test T.test_59
import unittest

from sqlalchemy import ForeignKey, LargeBinary, create_engine, event, select
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column, relationship, selectinload

ENGINE = create_engine("sqlite://")


class Base(DeclarativeBase):
    pass


class Album(Base):
    __tablename__ = "album"
    id = mapped_column(LargeBinary, primary_key=True)
    songs = relationship("Song", back_populates="album")


class Song(Base):
    __tablename__ = "song"
    id = mapped_column(LargeBinary, primary_key=True)
    body = mapped_column(LargeBinary)
    album_id = mapped_column(ForeignKey(Album.id))
    album = relationship(Album, back_populates="songs")


class T(unittest.TestCase):
    def setUp(self):
        Base.metadata.create_all(ENGINE)
        self.addCleanup(Base.metadata.drop_all, ENGINE)
        self.session = Session(ENGINE)
        self.addCleanup(self.session.close)

    def store(self):
        songs = [Song(id=bytes([i]), body=bytes(10_000)) for i in range(20)]
        self.session.add(Album(id=b"a", songs=songs))
        self.session.flush()

    def commit(self):
        self.store()
        self.session.commit()
        self.session.expunge_all()
        songs = self.session.scalars(select(Song).where(Song.body == bytes(10_000))).all()
        self.assertEqual(len(songs), 20)

    def roll_back(self):
        self.store()
        self.session.rollback()
        self.assertIsNone(self.session.get(Album, b"a"))

    def load(self):
        self.store()
        loaded = self.session.scalars(select(Album).options(selectinload(Album.songs))).one()
        self.assertEqual(len(loaded.songs), 20)

    def listen(self):
        buffer = bytearray(200_000)

        def flushed(session, context):
            buffer[0] += 1

        event.listen(self.session, "after_flush", flushed)
        self.store()
        self.assertEqual(buffer[0], 1)


for i in range(60):
    setattr(T, f"test_{i}", [T.commit, T.roll_back, T.load, T.listen][i % 4])
