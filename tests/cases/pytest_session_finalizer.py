# mypy: ignore-errors
# RUN pytest
# LEAK test test_ping[0] bytes=300000 line=ALLOC holder=SetupState.stack
# LEAK test test_ping[1] bytes=300000 line=ALLOC holder=SetupState.stack
# LEAK test test_ping[2] bytes=300000 line=ALLOC holder=SetupState.stack
# LEAK test test_ping[3] bytes=300000 line=ALLOC holder=SetupState.stack
# VERDICT growing SetupState.stack
import pytest


class Server:
    def __init__(self):
        self.buffer = bytearray(300_000)  # ALLOC

    def close(self):
        self.closed = True


@pytest.fixture
def server(request):
    server = Server()
    request.session.addfinalizer(server.close)
    # FIX request.addfinalizer(...) | request.session._setupstate.stack[request.session][0].pop()
    return server


@pytest.mark.parametrize("n", range(4))
def test_ping(server, n):
    assert len(server.buffer) > n


def test_other():
    pass
