# mypy: ignore-errors
# RUN pytest
# LEAK test test_1 bytes=600000 line= holder=TerminalReporter.stats or Function._report_sections
# LEAK test test_2 bytes=600000 line= holder=TerminalReporter.stats or Function._report_sections
# LEAK test test_3 bytes=1200000 line= holder=TerminalReporter.stats
# CLEAN test test_4
# VERDICT runner TerminalReporter.stats


def test_0_fails():
    """The first one warms up what shows failures."""
    raise ValueError("short")


def test_1():
    """Kept with the report, to be shown at the end."""
    print("x" * 600_000)
    raise ValueError("short")


def test_2():
    print("x" * 600_000)
    raise ValueError("short")


def test_3():
    """Kept twice: in the traceback's text, and as the line for the summary."""
    raise ValueError("x" * 600_000)


def test_4():
    pass
