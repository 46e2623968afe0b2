# mypy: ignore-errors
# RUN pytest
# LEAK test test_uploads[0] bytes=400000 line=ALLOC holder=Config.uploads
# LEAK test test_uploads[1] bytes=400000 line=ALLOC holder=Config.uploads
# LEAK test test_uploads[2] bytes=400000 line=ALLOC holder=Config.uploads
# LEAK test test_stashes[0] bytes=300000 line=ALLOC2 holder=Config.stash or Stash._storage
# LEAK test test_stashes[1] bytes=300000 line=ALLOC2 holder=Config.stash or Stash._storage
# LEAK test test_stashes[2] bytes=300000 line=ALLOC2 holder=Config.stash or Stash._storage
# CLEAN test test_after
# VERDICT growing Config.uploads
import pytest

RESULTS = pytest.StashKey[list]()


@pytest.fixture
def uploads(request):
    config = request.config
    if not hasattr(config, "uploads"):
        config.uploads = []
    yield config.uploads
    # FIX uploads.clear() | config.uploads.clear()


@pytest.mark.parametrize("n", range(3))
def test_uploads(uploads, n):
    uploads.append((n, bytearray(400_000)))  # ALLOC


@pytest.mark.parametrize("n", range(3))
def test_stashes(pytestconfig, n):
    results = pytestconfig.stash.setdefault(RESULTS, [])
    results.append(bytearray(300_000))  # ALLOC2
    # FIX stash | results.clear()


def test_after():
    pass
