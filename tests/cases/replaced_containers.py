# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_dict bytes=600000 line=BIG holder=replaced_containers.URLS
# LEAK test T.test_class_dict bytes=600000 line=BIG holder=Settings.options
# LEAK test T.test_by_setattr bytes=600000 line=BIG holder=replaced_containers.NAMES
# LEAK test T.test_by_function bytes=600000 line=BIG holder=replaced_containers.LIMITS
# LEAK test T.test_mock bytes=600000 line=BIG holder=replaced_containers.LOG
# CLEAN test Z.test_limits
import sys
import unittest
from unittest import mock

import replaced_containers as app

URLS = {"home": "/"}
NAMES = {"home": 1}
LIMITS = [100]
LOG = None


class Settings:
    options = {"a": 1}


def big():
    return bytearray(600_000)  # BIG


def reset(limits):
    global LIMITS
    LIMITS = limits


class T(unittest.TestCase):
    def setUp(self):
        # FIX setattr, Settings, "options", Settings.options | self.addCleanup(setattr, app.Settings, "options", app.Settings.options)
        # FIX setattr, replaced_containers, "URLS", replaced_containers.URLS | self.addCleanup(setattr, app, "URLS", app.URLS)
        # FIX setattr, replaced_containers, "NAMES", replaced_containers.NAMES | self.addCleanup(setattr, app, "NAMES", app.NAMES)
        # FIX setattr, replaced_containers, "LOG", replaced_containers.LOG | self.addCleanup(setattr, app, "LOG", app.LOG)
        # FIX mock.patch.object(replaced_containers, "LIMITS", list( | self.enterContext(mock.patch.object(app, "LIMITS", list(app.LIMITS)))
        self.assertIn("replaced_containers", sys.modules)

    def test_dict(self):
        app.URLS = {**app.URLS, "b": big()}

    def test_class_dict(self):
        app.Settings.options = dict(app.Settings.options, b=big())

    def test_by_setattr(self):
        setattr(app, "NAMES", {"b": big()})  # noqa: B010 - a call that replaces it

    def test_by_function(self):
        app.reset([100, big()])

    def test_mock(self):
        app.LOG = mock.Mock()
        app.LOG.info(big())


class Z(unittest.TestCase):
    def test_limits(self):
        self.assertEqual(app.LIMITS[0], 100)
