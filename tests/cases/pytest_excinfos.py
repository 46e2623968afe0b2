# mypy: ignore-errors
# RUN pytest
# LEAK test test_1 bytes=500000 line=ALLOC holder=pytest_excinfos.ERRORS
# LEAK test test_2 bytes=500000 line=ALLOC holder=pytest_excinfos.ERRORS
# LEAK test test_3 bytes=500000 line=ALLOC holder=pytest_excinfos.ERRORS
# CLEAN test test_4_keeps_none
# CLEAN test test_5
# VERDICT growing pytest_excinfos.ERRORS
# KIND exception pytest_excinfos.ERRORS
import pytest

ERRORS = []


def parse(text):
    tokens = bytearray(500_000)  # ALLOC
    raise ValueError(text, len(tokens))


# FIX ERRORS.clear() | def teardown_function(): ERRORS.clear()


def parse_wrongly(text):
    with pytest.raises(ValueError, match=text) as excinfo:
        parse(text)
    ERRORS.append(excinfo)


def test_1():
    parse_wrongly("one")


def test_2():
    parse_wrongly("two")


def test_3():
    parse_wrongly("three")


def test_4_keeps_none():
    with pytest.raises(ValueError, match="four"):
        parse("four")


def test_5():
    pass
