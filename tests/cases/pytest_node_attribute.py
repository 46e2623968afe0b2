# mypy: ignore-errors
# RUN pytest
# LEAK test test_get[1] bytes=300000 line=ALLOC holder=Function.response
# LEAK test test_get[2] bytes=300000 line=ALLOC holder=Function.response
# LEAK test test_get[3] bytes=300000 line=ALLOC holder=Function.response
# LEAK test test_put bytes=300000 line=ALLOC holder=Function.response
# VERDICT growing Function.response
# KIND instance-attribute Function.response
import pytest


class Response:
    def __init__(self, n):
        self.body = bytearray(n)  # ALLOC


@pytest.fixture
def client(request):
    def call(path):
        request.node.response = Response(300_000)
        return request.node.response

    yield call
    # FIX del request.node.response | del request.node.response


@pytest.mark.parametrize("n", [1, 2, 3])
def test_get(client, n):
    assert len(client(f"/{n}").body)


def test_put(client):
    assert client("/").body is not None
