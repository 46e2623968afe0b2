"""One suite with planted leaks, as a user would write it, for every runner of unittest's family.

LEAKS_CASE names the class that its tests derive from, where that is not unittest's own. Each class
plants one leak, and each leak has a size of its own.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unittest import TestCase as Case
else:
    _module, _, _name = os.environ.get("LEAKS_CASE", "unittest.TestCase").rpartition(".")
    Case = getattr(importlib.import_module(_module), _name)

STORE: dict[str, bytearray] = {}
LISTENERS: list[object] = []
CONNECTION: bytearray | None = None


def setUpModule() -> None:
    global CONNECTION
    CONNECTION = bytearray(500_000)  # nothing lets go of it


class PassingTest(Case):
    """Nothing leaks here, but where a runner keeps the tests that have passed."""

    def setUp(self) -> None:
        super().setUp()
        self.page = bytearray(110_000)

    def test_one(self) -> None:
        self.assertTrue(self.page)

    def test_two(self) -> None:
        self.assertTrue(self.page)

    def test_three(self) -> None:
        self.assertTrue(self.page)


class AttributeTest(Case):
    """The program's own list keeps each test, and so what is on it."""

    def setUp(self) -> None:
        super().setUp()
        self.document = bytearray(120_000)

    def test_one(self) -> None:
        LISTENERS.append(self)

    def test_two(self) -> None:
        LISTENERS.append(self)

    def test_three(self) -> None:
        LISTENERS.append(self)


class ClassTest(Case):
    """The class keeps what each test puts there."""

    history: list[bytearray] = []

    def test_one(self) -> None:
        self.history.append(bytearray(130_000))

    def test_two(self) -> None:
        self.history.append(bytearray(130_000))

    def test_three(self) -> None:
        self.history.append(bytearray(130_000))


class FailingTest(Case):
    """A result keeps the tests that have failed, and so what is on them."""

    def setUp(self) -> None:
        super().setUp()
        self.answer = bytearray(150_000)

    def test_fails(self) -> None:
        rows = bytearray(170_000)
        self.fail(f"planted: {len(rows)}")

    def test_raises(self) -> None:
        rows = bytearray(170_000)
        raise ValueError(f"planted: {len(rows)}")


class SkippedTest(Case):
    """A result keeps the tests that were skipped as well."""

    def setUp(self) -> None:
        super().setUp()
        self.draft = bytearray(160_000)

    def test_one(self) -> None:
        self.skipTest("planted")

    def test_two(self) -> None:
        self.skipTest("planted")


class FixtureTest(Case):
    """What `setUpClass` makes stays on the class."""

    samples: bytearray | None = None

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.samples = bytearray(600_000)

    def test_one(self) -> None:
        pass


class StoreTest(Case):
    """A cache of the module keeps an entry for each test."""

    def test_one(self) -> None:
        STORE["one"] = bytearray(140_000)

    def test_two(self) -> None:
        STORE["two"] = bytearray(140_000)

    def test_three(self) -> None:
        STORE["three"] = bytearray(140_000)
