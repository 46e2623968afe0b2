# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=300000 line=ALLOC holder=cache in the closure of
# LEAK test T.test_2 bytes=300000 line=ALLOC holder=cache in the closure of
# LEAK test T.test_3 bytes=300000 line=ALLOC holder=cache in the closure of
# VERDICT growing cache in the closure of
import functools
import unittest


def memoize(function):
    cache = {}

    @functools.wraps(function)
    def wrapper(*args):
        if args not in cache:
            cache[args] = function(*args)
        return cache[args]

    return wrapper


@memoize
def load(key):
    return bytearray(300_000)  # ALLOC


class T(unittest.TestCase):
    # FIX memoized_function.load.__closure__[0].cell_contents.clear() | def tearDown(self): load.__closure__[0].cell_contents.clear()

    def test_1(self):
        load(1)

    def test_2(self):
        load(2)

    def test_3(self):
        load(3)
