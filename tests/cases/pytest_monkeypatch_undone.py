# mypy: ignore-errors
# RUN pytest
# LEAK test test_1 bytes=400000 line=ALLOC holder=pytest_monkeypatch_undone.PATCH
# LEAK test test_2 bytes=400000 line=ALLOC holder=pytest_monkeypatch_undone.PATCH
# LEAK test test_3 bytes=400000 line=ALLOC holder=pytest_monkeypatch_undone.PATCH
# LEAK test test_4 bytes=400000 line=ALLOC holder=Settings.table
# VERDICT growing pytest_monkeypatch_undone.PATCH
# VERDICT once Settings.table
import pytest

PATCH = pytest.MonkeyPatch()


class Settings:
    table = None


@pytest.fixture(autouse=True)
def table():
    PATCH.setattr(Settings, "table", bytearray(400_000))  # ALLOC
    yield
    # FIX PATCH.undo() | PATCH.undo()


def test_1():
    assert len(Settings.table)


def test_2():
    assert len(Settings.table)


def test_3():
    assert len(Settings.table)


def test_4():
    assert len(Settings.table)
