# mypy: ignore-errors
# RUN pytest
# LEAK test TestAll::test_fails[0] bytes=400000 line=ALLOC holder=TestAll.groups
# LEAK test TestAll::test_fails[1] bytes=400000 line=ALLOC holder=TestAll.groups
# LEAK test TestAll::test_fails[2] bytes=400000 line=ALLOC holder=TestAll.groups
# VERDICT growing TestAll.groups
# KIND exception TestAll.groups
import pytest


def work(n):
    chunk = bytearray(100_000)  # ALLOC
    raise OSError(n, f"no space for {len(chunk)}")


def run_all(count):
    errors = []
    for n in range(count):
        try:
            work(n)
        except OSError as error:
            errors.append(error)
    raise ExceptionGroup("workers", errors)


class TestAll:
    groups = {}

    @pytest.fixture(autouse=True)
    def clear(self):
        yield
        # FIX TestAll.groups.clear() | self.groups.clear()

    @pytest.mark.parametrize("n", range(3))
    def test_fails(self, n):
        with pytest.raises(ExceptionGroup) as caught:
            run_all(4)
        self.groups[n] = caught.value
        assert len(caught.value.exceptions) == 4


def test_after():
    pass
