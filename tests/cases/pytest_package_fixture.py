# mypy: ignore-errors
# RUN pytest
# LEAK test test_publish[0] bytes=200000 line=ALLOC holder=fixture broker (package)
# LEAK test test_publish[1] bytes=200000 line=ALLOC holder=fixture broker (package)
# LEAK test test_publish[2] bytes=200000 line=ALLOC holder=fixture broker (package)
# LEAK test test_publish[3] bytes=200000 line=ALLOC holder=fixture broker (package)
# VERDICT growing fixture broker (package)
# KIND fixture fixture broker (package)
import collections

import pytest


class Broker:
    def __init__(self):
        self.topics = collections.defaultdict(collections.deque)

    def publish(self, topic, payload):
        self.topics[topic].append(payload)


@pytest.fixture(scope="package")
def broker():
    yield Broker()


@pytest.fixture
def publish(broker):
    yield broker.publish
    # FIX broker.topics.clear() | broker.topics.clear()


@pytest.mark.parametrize("n", range(4))
def test_publish(publish, n):
    publish(f"orders.{n % 2}", bytes(200_000))  # ALLOC


def test_idle(broker):
    pass
