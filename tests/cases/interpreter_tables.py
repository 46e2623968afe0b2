# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_classes bytes=590000 line=ALLOC holder=object.__subclasses__()
# CLEAN test T.test_no_classes
# VERDICT once object.__subclasses__()
# KIND c-reference object.__subclasses__()
import unittest


class T(unittest.TestCase):
    def test_classes(self):
        for _ in [type("K", (), {}) for _ in range(20_000)]:  # ALLOC
            pass

    def test_no_classes(self):
        pass
