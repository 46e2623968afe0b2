# mypy: ignore-errors
# RUN pytest
# LEAK test test_1_prints bytes=1000000 line= holder=
# CLEAN test test_2_quiet
# CLEAN test test_3_other


def test_1_prints():
    print("x" * 1_000_000)


def test_2_quiet():
    pass


def test_3_other():
    pass
