# mypy: ignore-errors
# RUN pytest
# LEAK test test_pages[0] bytes=400000 line=ALLOC holder=Recorder.seen or fixture recorder (session)
# LEAK test test_pages[1] bytes=400000 line=ALLOC holder=Recorder.seen or fixture recorder (session)
# LEAK test test_pages[2] bytes=400000 line=ALLOC holder=Recorder.seen or fixture recorder (session)
# CLEAN test test_without
# VERDICT growing Recorder.seen or fixture recorder (session)
import pytest


class Recorder:
    """A plugin that a fixture registers: it keeps what the tests were called with."""

    def __init__(self):
        self.seen = []

    # FIX seen.clear() | def pytest_runtest_logfinish(self): self.seen.clear()
    def pytest_runtest_call(self, item):
        self.seen.append((item.nodeid, item.funcargs))


@pytest.fixture(scope="session", autouse=True)
def recorder(pytestconfig):
    recorder = Recorder()
    pytestconfig.pluginmanager.register(recorder)


@pytest.fixture
def page():
    return {"text": bytearray(400_000)}  # ALLOC


@pytest.mark.parametrize("number", range(3))
def test_pages(page, number):
    page["number"] = number


def test_without():
    pass
