# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=378500 line=ALLOC holder=tee_lagging.ARCHIVE
# LEAK test T.test_2 bytes=378500 line=ALLOC holder=tee_lagging.ARCHIVE
# LEAK test T.test_3 bytes=378500 line=ALLOC holder=tee_lagging.ARCHIVE
# CLEAN test T.test_4_begins_a_new_block
# VERDICT growing tee_lagging.ARCHIVE
import itertools
import unittest


def events():
    for n in itertools.count():
        yield {"n": n, "body": bytearray(3_000)}  # ALLOC


# tee() keeps what one side has yet to read in blocks of 57 items (LINKCELLS, itertoolsmodule.c)
LIVE, ARCHIVE = itertools.tee(events())


class T(unittest.TestCase):
    def take(self):
        self.assertEqual(len(list(itertools.islice(LIVE, 114))), 114)
        # FIX read tee_lagging.ARCHIVE as far as the other | self.assertEqual(len(list(itertools.islice(ARCHIVE, 114))), 114)

    def test_1(self):
        self.take()

    def test_2(self):
        self.take()

    def test_3(self):
        self.take()

    def test_4_begins_a_new_block(self):
        self.assertTrue(next(LIVE))
        # FIX read tee_lagging.ARCHIVE as far as the other | self.assertTrue(next(ARCHIVE))
