# mypy: ignore-errors
# RUN pytest
# LEAK test TestShop::test_raises bytes=530000 line=RAISED holder=TestShop.caught
# LEAK test TestShop::test_catches bytes=530000 line=CAUGHT holder=TestShop.error
# CLEAN test TestShop::test_clean
# KIND exception TestShop.caught
# KIND exception TestShop.error
import pytest


class TestShop:
    def test_raises(self, kept):
        kept.append(self)
        data = bytearray(530_000)  # RAISED
        with pytest.raises(ValueError, match="3") as self.caught:
            raise ValueError(len(data))
        # FIX keep str(excinfo.value) in its place | self.caught = None

    def test_catches(self, kept):
        kept.append(self)
        data = bytearray(530_000)  # CAUGHT
        try:
            raise ValueError(len(data))
        except ValueError as error:
            self.error = error
        # FIX self.error.with_traceback(None) | self.error.with_traceback(None)

    def test_clean(self):
        pass


KEPT = []


@pytest.fixture
def kept():
    return KEPT
