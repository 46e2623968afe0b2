"""Classes of tests that differ in their names alone: what is chosen for one does for all."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from reftrack import choosing, owners
from reftrack.choosing import Survivor
from reftrack.heap import Step, Told
from reftrack.namesakes import Namesakes
from scoped import module

TEST_CASE = "unittest.case.TestCase"
BASES = {
    name: (name, *derived, "object")
    for name, derived in {
        "suite.test_x.TestA": (TEST_CASE,),
        "suite.test_x.TestB": (TEST_CASE,),
        "suite.test_x.Other": (TEST_CASE,),
        "suite.test_x.Plain": (),
        "suite.test_x.low": (TEST_CASE,),
        "suite.test_x.TestMixed": ("suite.test_x.TestA", TEST_CASE),
        "suite.Helper": (),
        "suite.Derived": (TEST_CASE,),
    }.items()
}

Path = list[Step]


@pytest.fixture(autouse=True)
def suite() -> Iterator[None]:
    """The modules that the paths speak of are the user's own."""
    owners.forget()
    with module("suite") as made, module("suite.test_x") as tests:
        made.__file__, tests.__file__ = "/home/me/suite/__init__.py", "/home/me/suite/test_x.py"
        yield
    owners.forget()


def loaded(cls: str) -> Path:
    """From the root to a class's attributes."""
    around, _, name = cls.rpartition(".")
    return [
        Step("modules", None, "dict", None),
        Step("key", around, "module", around),
        Step("dict", None, "dict", None),
        Step("key", name, "type", cls),
        Step("dict", None, "dict", None),
    ]


def told(*paths: Path) -> tuple[list[Told], list[int]]:
    """The steps of a look, and the last one of each path."""
    steps: list[Told] = [(0, "", None, "", None)]
    ends = []
    for path in paths:
        before = 0
        for step in path:
            steps.append((before, *step))
            before = len(steps) - 1
        ends.append(before)
    return steps, ends


def kept(cls: str) -> Path:
    return [*loaded(cls), Step("key", "kept", "list", None), Step("index", 0, "bytearray", None)]


def in_suite(cls: str) -> Path:
    """An attribute of a test that its runner keeps."""
    return [
        Step("frame", "/lib/runner.py", "frame", "unittest.runner.TextTestRunner.run"),
        Step("local", "test", cls, None),
        Step("attr", "user", "suite.Helper", None),
        Step("attr", "blob", "bytearray", None),
    ]


def keyed(cls: str) -> Path:
    return [*loaded(cls), Step("key", "BY", "dict", None), Step("key", "a", "dict", None)]


def cell(cls: str) -> Path:
    return [
        *loaded(cls),
        Step("key", "hook", "function", "suite.hooks.hook"),
        Step("closure", ("found",), "tuple", None),
        Step("index", 0, "cell", None),
        Step("cell", None, "list", None),
    ]


@pytest.mark.parametrize("path", [kept, in_suite, keyed, cell])
@pytest.mark.parametrize("made", [None, -3, -2, -1], ids=lambda made: f"made {made}")
def test_a_choice_along_the_general_path_is_the_classs_own_once_its_name_is_put_in(
    path: Callable[[str], Path], made: int | None
) -> None:
    paths = [path("suite.test_x.TestA"), path("suite.test_x.TestB")]
    steps, ends = told(*paths)
    namesakes = Namesakes(steps, BASES)
    length = len(paths[0])
    survivor = Survivor(length - 4, -1 if made is None else length + made)
    general = [namesakes.general(end) for end in ends]
    a, b = general
    assert a is not None
    assert b is not None
    assert (a.number, a.name, b.name) == (b.number, "TestA", "TestB")
    numbers = list(range(1, length + 1))
    choice = choosing.choose(namesakes.path(numbers, a), survivor, namesakes.bases)
    fill = namesakes.filler(choice, a)
    assert fill is not None
    for name, own in zip(("TestA", "TestB"), paths, strict=True):
        assert fill(choice, name) == choosing.choose(own, survivor, BASES)


@pytest.mark.parametrize(
    "other",
    ["suite.test_x.Other", "suite.test_x.Plain", "suite.test_x.TestMixed", "suite.Derived"],
    ids=["called otherwise", "no test case", "derived from another", "in another module"],
)
def test_what_a_choice_goes_by_tells_sorts_of_classes_apart(other: str) -> None:
    steps, ends = told(kept("suite.test_x.TestA"), kept(other))
    namesakes = Namesakes(steps, BASES)
    a, b = (namesakes.general(end) for end in ends)
    assert a is not None
    assert b is not None
    assert a.number != b.number


@pytest.mark.parametrize("cls", ["suite.Helper", "suite.test_x.low", "json.decoder.JSONDecoder"])
def test_other_classes_and_odd_names_have_no_stand_in(cls: str) -> None:
    steps, [end] = told(kept(cls))
    general = Namesakes(steps, BASES).general(end)
    assert general is not None
    assert general.name == ""


@pytest.mark.parametrize(
    "path",
    [
        [*kept("suite.test_x.TestA"), Step("attr", "f", "function", "suite.test_x.TestA.f")],
        [*keyed("suite.test_x.TestA"), Step("key", "TestA", "list", None)],
        [*keyed("suite.test_x.TestA"), Step("key", ["suite.test_x.TestA"], "list", None)],
        [Step("frame", "/lib/f.py", "frame", "suite.TestA.run"), *in_suite("suite.test_x.TestA")],
    ],
    ids=["a function of it", "a key", "a key of its type", "above it"],
)
def test_a_path_that_has_the_name_in_another_text_is_no_others(path: Path) -> None:
    steps, [end] = told(path)
    assert Namesakes(steps, BASES).general(end) is None


def test_keys_that_are_equal_and_written_otherwise_are_told_apart() -> None:
    labels = [1, True, "1", 1.0]
    paths = [[*keyed("suite.test_x.TestA"), Step("key", label, "list", None)] for label in labels]
    steps, ends = told(*paths)
    namesakes = Namesakes(steps, BASES)
    numbers = {general.number for end in ends if (general := namesakes.general(end))}
    assert len(numbers) == len(labels)
