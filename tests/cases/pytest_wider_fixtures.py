# mypy: ignore-errors
# RUN pytest
# LEAK test TestA::test_1 bytes=300000 line=ALLOC holder=fixture outbox (module)
# LEAK test TestA::test_2 bytes=300000 line=ALLOC holder=fixture outbox (module)
# LEAK test TestB::test_1 bytes=300000 line=ALLOC holder=fixture outbox (module)
# CLEAN fixture page (class)
# CLEAN fixture outbox (module)
# CLEAN test TestB::test_2
# VERDICT growing fixture outbox (module)
import pytest


class Outbox:
    def __init__(self):
        self.sent = []

    def send(self, size):
        self.sent.append(bytearray(size))  # ALLOC


@pytest.fixture(scope="module")
def outbox():
    return Outbox()


# FIX scope="function" | outbox = pytest.fixture(scope="function")(lambda: Outbox())


@pytest.fixture(scope="class")
def page():
    """Released when its class is over."""
    yield {"text": bytearray(500_000)}


class TestA:
    def test_1(self, outbox, page):
        outbox.send(300_000)
        page["more"] = bytearray(300_000)

    def test_2(self, outbox, page):
        outbox.send(300_000)


class TestB:
    def test_1(self, outbox):
        outbox.send(300_000)

    def test_2(self, outbox):
        assert outbox.sent is not None
