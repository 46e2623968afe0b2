# mypy: ignore-errors
# RUN pytest
# LEAK test test_writes[0] bytes=300000 line=ALLOC holder=pytest_autouse_log.LOG
# LEAK test test_writes[1] bytes=300000 line=ALLOC holder=pytest_autouse_log.LOG
# LEAK test test_writes[2] bytes=300000 line=ALLOC holder=pytest_autouse_log.LOG
# LEAK test test_writes[3] bytes=300000 line=ALLOC holder=pytest_autouse_log.LOG
# LEAK test test_reads bytes=300000 line=ALLOC holder=pytest_autouse_log.LOG
# VERDICT growing pytest_autouse_log.LOG
# KIND module-global pytest_autouse_log.LOG
import pytest

LOG = []


@pytest.fixture(autouse=True)
def logged(request):
    """Notes what each test began with, whether it asks for that or not."""
    LOG.append({"test": request.node.name, "state": bytearray(300_000)})  # ALLOC
    yield LOG[-1]["state"]
    # FIX LOG.clear()


@pytest.mark.parametrize("value", range(4))
def test_writes(logged, value):
    logged[0] = value


def test_reads():
    assert len(LOG) > 0
