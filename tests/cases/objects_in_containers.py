# mypy: ignore-errors
# RUN pytest
# LEAK test test_tuple[0] bytes=200000 line=LOGGED holder=objects_in_containers.CLIENTS
# LEAK test test_tuple[1] bytes=200000 line=LOGGED holder=objects_in_containers.CLIENTS
# LEAK test test_tuple[2] bytes=200000 line=LOGGED holder=objects_in_containers.CLIENTS
# LEAK test test_dict[0] bytes=200000 line=NAMED holder=objects_in_containers.BY_NAME
# LEAK test test_dict[1] bytes=200000 line=NAMED holder=objects_in_containers.BY_NAME
# LEAK test test_dict[2] bytes=200000 line=NAMED holder=objects_in_containers.BY_NAME
# LEAK test test_set bytes=200000 line=SET holder=objects_in_containers.CURRENT
# LEAK test test_cache[0] bytes=200000 line=CACHED holder=objects_in_containers.CACHE
# LEAK test test_cache[1] bytes=200000 line=CACHED holder=objects_in_containers.CACHE
# LEAK test test_cache[2] bytes=200000 line=CACHED holder=objects_in_containers.CACHE
# CLEAN test test_clean
# VERDICT growing objects_in_containers.CLIENTS
# VERDICT growing objects_in_containers.BY_NAME
from collections import deque

import pytest

many = pytest.mark.parametrize("number", range(3))


class Client:
    def __init__(self):
        self.log = []
        self.current = None


class Newest:
    def __init__(self):
        self._table = {}
        self._order = deque()

    def put(self, key, value):
        self._table[key] = value
        self._order.append(key)

    def clear(self):
        self._table.clear()
        self._order.clear()


CLIENTS = (Client(),)
BY_NAME = {"default": Client()}
CURRENT = [Client()]
CACHE = Newest()


@pytest.fixture(autouse=True)
def cure():
    yield
    # FIX for each in objects_in_containers.CLIENTS: each.log.clear() | [each.log.clear() for each in CLIENTS]
    # FIX for each in objects_in_containers.BY_NAME.values(): each.log.clear() | [each.log.clear() for each in BY_NAME.values()]
    # FIX for each in objects_in_containers.CURRENT: each.current = None | [setattr(each, "current", None) for each in CURRENT]
    # FIX objects_in_containers.CACHE.clear() | CACHE.clear()


@many
def test_tuple(number):
    CLIENTS[0].log.append(bytearray(200_000))  # LOGGED


@many
def test_dict(number):
    BY_NAME["default"].log.append(bytearray(200_000))  # NAMED


def test_set():
    CURRENT[0].current = bytearray(200_000)  # SET


@many
def test_cache(number):
    CACHE.put(number, bytearray(200_000))  # CACHED
    assert len(CACHE._order) == len(CACHE._table)


def test_clean():
    pass
