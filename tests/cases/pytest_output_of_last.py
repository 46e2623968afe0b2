# mypy: ignore-errors
# RUN pytest
# LEAK test test_3_prints bytes=1000000 line= holder=Function._report_sections
# CLEAN test test_1_quiet
# CLEAN test test_2_other


def test_1_quiet():
    pass


def test_2_other():
    pass


def test_3_prints():
    print("x" * 1_000_000)
