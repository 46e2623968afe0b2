# mypy: ignore-errors
# RUN pytest
# CLEAN test TestSteady::test[page 7]
# CLEAN test TestSteady::test[page 43]
# CLEAN test TestSteady::test[page 58]
# CLEAN test TestSteady::test[page 59]
import functools
import json
import logging
import warnings
from unittest import mock

import pytest

LATEST = {}


@functools.lru_cache(maxsize=8)
def page(number):
    return f"page {number}"


@pytest.fixture(scope="session")
def names():
    return {}


@pytest.fixture(scope="class", autouse=True)
def table():
    yield bytearray(300_000)


@pytest.fixture
def data(request):
    made = {"bytes": bytearray(300_000), "of": request.node}
    request.addfinalizer(lambda: made.clear())  # noqa: PT021 - the other way to do it
    return made


class TestSteady:
    def setup_method(self):
        self.data = bytearray(300_000)

    def teardown_method(self):
        del self.data

    @pytest.mark.parametrize("number", range(60), ids=page)
    def test(self, number, names, table, data, tmp_path, monkeypatch, caplog, capsys):
        names["latest"] = LATEST["page"] = page(number)
        (tmp_path / "file").write_bytes(data["bytes"])
        monkeypatch.setattr(json, "dumps", mock.Mock())
        monkeypatch.setenv("PAGE", page(number))
        json.dumps(data)
        with pytest.raises(ValueError, match="many") as raised:
            raise ValueError("too many", self.data)
        logging.getLogger("steady").warning("number %r", raised.type)
        assert caplog.records
        with pytest.warns(UserWarning, match="number"):
            warnings.warn(f"number {number}", stacklevel=1)
        print(number)
        assert capsys.readouterr().out == f"{number}\n"
        if number % 10 == 8:
            pytest.skip("as many are")
        if number % 10 == 9:
            pytest.xfail("not yet")
