"""A test runner that behaves as unittest did before Python 3.4."""

import unittest

from django.test.runner import DiscoverRunner


class KeepingSuite(unittest.TestSuite):
    """A suite that lets go of no test: each stays, with what it put on `self`."""

    _cleanup = False


class KeepingRunner(DiscoverRunner):
    test_suite = KeepingSuite
