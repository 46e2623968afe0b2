# mypy: ignore-errors
# RUN pytest
# LEAK test test_1 bytes=400000 line=ALLOC holder=fixture make_blob (session)
# LEAK test test_2 bytes=400000 line=ALLOC holder=fixture make_blob (session)
# LEAK test test_3 bytes=400000 line=ALLOC holder=fixture make_blob (session)
# CLEAN test test_4
# VERDICT growing fixture make_blob (session)
# KIND fixture fixture make_blob (session)
import pytest


class Blob:
    def __init__(self):
        self.data = bytearray(400_000)  # ALLOC

    def close(self):
        self.data.clear()


def factory(request):
    """Makes what it closes in the end: for a session, all of it."""

    def make():
        blob = Blob()
        request.addfinalizer(lambda: blob.close())
        return blob

    return make


make_blob = pytest.fixture(scope="session")(factory)
# FIX scope="function" | make_blob = pytest.fixture(scope="function")(factory)


def test_1(make_blob):
    assert make_blob()


def test_2(make_blob):
    assert make_blob().data


def test_3(make_blob):
    assert len(make_blob().data) == 400_000


def test_4():
    pass
