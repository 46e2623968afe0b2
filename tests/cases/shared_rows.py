# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=shared_rows.REPOSITORY.by_id or shared_rows.REPOSITORY.recent
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=shared_rows.REPOSITORY.by_id or shared_rows.REPOSITORY.recent
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=shared_rows.REPOSITORY.by_id or shared_rows.REPOSITORY.recent
# VERDICT growing shared_rows.REPOSITORY
import unittest


class Repository:
    def __init__(self):
        self.by_id, self.recent = {}, []


REPOSITORY = Repository()


class T(unittest.TestCase):
    """Two containers hold the same dicts, which come from a free list: to empty one frees nothing."""

    # FIX REPOSITORY.by_id.clear() | def tearDown(self): REPOSITORY.by_id.clear(); self.forget()
    # FIX REPOSITORY.recent.clear() | forget = lambda self: REPOSITORY.recent.clear()

    def load(self, n):
        row = {"id": n, "body": bytearray(400_000)}  # ALLOC
        REPOSITORY.by_id[n] = row
        REPOSITORY.recent.append(row)

    def test_1(self):
        self.load(1)

    def test_2(self):
        self.load(2)

    def test_3(self):
        self.load(3)
