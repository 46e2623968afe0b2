# mypy: ignore-errors
# RUN pytest
# LEAK test test_1 bytes=400000 line=ALLOC holder=pytest_log_records.SEEN
# LEAK test test_2 bytes=400000 line=ALLOC holder=pytest_log_records.SEEN
# LEAK test test_3 bytes=400000 line=ALLOC holder=pytest_log_records.SEEN
# CLEAN test test_4_only_asks
# CLEAN test test_5
# VERDICT growing pytest_log_records.SEEN
# KIND module-global pytest_log_records.SEEN
import logging

SEEN = []
LOGGER = logging.getLogger("shop")


# FIX SEEN.clear() | def teardown_function(): SEEN.clear()


class Order:
    def __init__(self):
        self.items = bytearray(400_000)  # ALLOC


def order(caplog):
    LOGGER.warning("ordered %r", Order())
    return caplog.records


def test_1(caplog):
    SEEN.extend(order(caplog))


def test_2(caplog):
    SEEN.extend(order(caplog))


def test_3(caplog):
    SEEN.extend(order(caplog))


def test_4_only_asks(caplog):
    assert len(order(caplog)) == 1


def test_5():
    pass
