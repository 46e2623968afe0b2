# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=250000 line=ALLOC holder=Plugin.hooks
# LEAK test T.test_2 bytes=250000 line=ALLOC holder=Plugin.hooks
# LEAK test T.test_3 bytes=250000 line=ALLOC holder=Plugin.hooks
# VERDICT growing Plugin.hooks
import functools
import unittest.mock


class Plugin:
    hooks = {"start": print, "stop": print}

    def on(self, name, function, *args):
        self.hooks[name] = functools.partial(function, *args)


class Mailer(Plugin):
    pass


class Printer(Plugin):
    pass


def deliver(body, to):
    return len(body)


class T(unittest.TestCase):
    def add(self, plugin, name):
        # FIX mock.patch.dict(Plugin.hooks) | self.enterContext(unittest.mock.patch.dict(Plugin.hooks))
        plugin.on(name, deliver, bytes(250_000))  # ALLOC
        self.assertIn("start", plugin.hooks)

    def test_1(self):
        self.add(Mailer(), "send")

    def test_2(self):
        self.add(Printer(), "print")

    def test_3(self):
        self.add(Mailer(), "bounce")
