# mypy: ignore-errors
# RUN pytest
# LEAK test test_x[KeyError-expectation0] bytes=1000000 line=ALLOC holder=Function.callspec
# LEAK test test_x[IndexError-expectation1] bytes=1000000 line=ALLOC holder=Function.callspec
# CLEAN test test_after
# KIND exception Function.callspec
import pytest


@pytest.fixture(autouse=True)
def _forget(request):
    yield
    if hasattr(request.node, "callspec"):
        ...
        # FIX request.node.callspec.params['expectation'].excinfo = None


@pytest.mark.parametrize(
    ("error", "expectation"),
    [(KeyError, pytest.raises(KeyError)), (IndexError, pytest.raises(IndexError))],
)
def test_x(error, expectation):
    big = bytearray(1_000_000)  # ALLOC
    with expectation:
        raise error(len(big))


def test_after():
    pass
