"""Makes a suite of 2,000 tests of the Django example: its own tests beside more of its classes.

Only classes that keep nothing are multiplied, each as subclasses: the copies of a megabyte that the
others plant would be most of a plain run's memory, and hide what a tool takes.
"""

from __future__ import annotations

from importlib import import_module

TESTS = 2000
OWN = 19
BASES = ("ExampleTest", "ControlTest")
PER_COPY = 5

users = import_module("users_app.tests.test_users")
for number in range(-(-(TESTS - OWN) // PER_COPY)):
    for name in BASES:
        base = getattr(users, name)
        globals()[f"{name}{number}"] = type(f"{name}{number}", (base,), {"__module__": __name__})
del base
