# mypy: ignore-errors
# RUN unittest
# NEEDS sqlalchemy
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=sqlalchemy_events.ENGINE or Engine.dispatch or event
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=sqlalchemy_events.ENGINE or Engine.dispatch or event
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=sqlalchemy_events.ENGINE or Engine.dispatch or event
# LEAK test T.test_4 bytes=400000 line=ALLOC holder=sqlalchemy_events.ENGINE or Engine.dispatch or event
# CLEAN test T.test_5_own_engine
# VERDICT growing sqlalchemy_events.ENGINE or Engine.dispatch or event
import unittest

from sqlalchemy import create_engine, event, text

ENGINE = create_engine("sqlite://")


def setUpModule():
    event.listen(create_engine("sqlite://"), "before_cursor_execute", print)
    with ENGINE.connect() as connection:
        connection.execute(text("SELECT 2"))


class T(unittest.TestCase):
    def count(self, engine):
        queries = bytearray(400_000)  # ALLOC

        def executed(connection, cursor, statement, parameters, context, many):
            queries[0] += 1

        event.listen(engine, "before_cursor_execute", executed)
        # FIX event.remove( | self.addCleanup(event.remove, engine, "before_cursor_execute", executed)
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        self.assertEqual(queries[0], 1)

    def test_1(self):
        self.count(ENGINE)

    def test_2(self):
        self.count(ENGINE)

    def test_3(self):
        self.count(ENGINE)

    def test_4(self):
        self.count(ENGINE)

    def test_5_own_engine(self):
        self.count(create_engine("sqlite://"))
