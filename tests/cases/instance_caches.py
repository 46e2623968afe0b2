# mypy: ignore-errors
# RUN pytest
# LEAK test test_tenant[a] bytes=600000 line=ALLOC holder=instance_caches.TENANTS
# LEAK test test_tenant[b] bytes=600000 line=ALLOC holder=instance_caches.TENANTS
# LEAK test test_tenant[c] bytes=600000 line=ALLOC holder=instance_caches.TENANTS
# VERDICT growing instance_caches.TENANTS
import functools

import pytest

TENANTS = {}


class Tenant:
    def __init__(self, name):
        self.name = name
        self.query = functools.lru_cache(maxsize=8)(self._query)

    def _query(self, text):
        return text, bytearray(200_000)  # ALLOC


@pytest.fixture(autouse=True)
def clear():
    yield
    # FIX instance_caches.TENANTS.clear() | TENANTS.clear()


@pytest.mark.parametrize("name", list("abc"))
def test_tenant(name):
    tenant = TENANTS[name] = Tenant(name)
    for k in range(3):
        assert tenant.query(f"q{k}")


def test_none():
    assert TENANTS is not None
