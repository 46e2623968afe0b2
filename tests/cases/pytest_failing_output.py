# mypy: ignore-errors
# RUN pytest
# LEAK test test_1_prints_and_fails bytes=600000 line= holder=
# LEAK test test_2_fails_with_a_text bytes=600000 line= holder=
# CLEAN test test_3_passes
# CLEAN test test_4_passes


def test_1_prints_and_fails():
    print("x" * 600_000)
    raise ValueError("short")


def test_2_fails_with_a_text():
    raise ValueError("x" * 600_000)


def test_3_passes():
    pass


def test_4_passes():
    pass
