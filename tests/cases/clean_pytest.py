# mypy: ignore-errors
# RUN pytest
# CLEAN test test_1_yield
# CLEAN test test_2_monkeypatch
# CLEAN test test_3_warns
# CLEAN test test_4_files
import warnings

import pytest


@pytest.fixture
def data():
    yield bytearray(500_000)


def test_1_yield(data):
    pass


def test_2_monkeypatch(monkeypatch):
    monkeypatch.setattr("json.dumps", [bytearray(500_000)])


def test_3_warns(recwarn):
    warnings.warn(str(len(bytearray(500_000))), stacklevel=1)


def test_4_files(tmp_path):
    (tmp_path / "file").write_bytes(bytes(500_000))
