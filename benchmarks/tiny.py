"""Five thousand tests of pytest's that do next to nothing: what a tool takes for each test."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("number", range(5000))
def test_nothing(number: int) -> None:
    assert number >= 0
