# mypy: ignore-errors
# RUN pytest
# LEAK test test_add[a] bytes=200000 line=ALLOC holder=descriptor_slot.OPTIONS.paths
# LEAK test test_add[b] bytes=200000 line=ALLOC holder=descriptor_slot.OPTIONS.paths
# LEAK test test_add[c] bytes=200000 line=ALLOC holder=descriptor_slot.OPTIONS.paths
# VERDICT growing descriptor_slot.OPTIONS.paths
# KIND module-global descriptor_slot.OPTIONS.paths
import pytest


class Options:
    __slots__ = ("__weakref__", "debug", "paths")

    def __init__(self):
        self.paths, self.debug = ["/etc"], False


OPTIONS = Options()


@pytest.fixture(autouse=True)
def keep(monkeypatch):
    pass
    # FIX monkeypatch.setattr(descriptor_slot.OPTIONS, "paths" | monkeypatch.setattr(OPTIONS, "paths", list(OPTIONS.paths))


@pytest.mark.parametrize("letter", list("abc"))
def test_add(letter):
    OPTIONS.paths += [letter * 200_000]  # ALLOC
    assert OPTIONS.paths[0] == "/etc"


def test_debug():
    assert not OPTIONS.debug
