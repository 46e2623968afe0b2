"""Which later scope released a scope's memory: what a tear-down lets go of is held, not leaked."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from reftrack import lasting
from reports import MIB, holder
from suites import PYTEST, UNITTEST, run_suite, scope

FIXTURES = """
    import pytest

    @pytest.fixture(scope="session")
    def whole():
        yield bytearray(6_000_000)

    @pytest.fixture(scope="module")
    def wide(whole):
        yield bytearray(5_000_000)

    @pytest.fixture(scope="class")
    def narrow():
        yield bytearray(4_000_000)

    @pytest.fixture(params=[1, 2], scope="class")
    def each(request):
        yield bytearray(3_000_000)

    class TestA:
        @classmethod
        def setup_class(cls): cls.data = bytearray(2_000_000)
        @classmethod
        def teardown_class(cls): del cls.data
        def test_1(self, wide, narrow): pass
        def test_2(self): pass

    class TestB:
        def test_3(self, each): pass
        def test_4(self, each): pass

    def test_5(): pass
"""


def test_pytests_fixtures_and_classes_are_released_by_the_last_test_that_needs_them(
    tmp_path: Path,
) -> None:
    (tmp_path / "test_next.py").write_text("def test_6(): pass\ndef test_7(): pass\n")
    run = run_suite(
        tmp_path,
        FIXTURES,
        runner=("-m", "pytest", "-q", "-p", "no:cacheprovider", "suite.py", "test_next.py"),
    )

    def releaser(name: str) -> str | None:
        return scope(run.report, name).released_by

    assert releaser("suite.TestA") == "suite.TestA"  # by its own teardown_class
    assert releaser("narrow (class)") == "suite.py::TestA::test_2"
    assert releaser("each (class)") == "suite.py::TestB::test_3[2]"  # which needs the next one
    assert releaser("wide (module)") == "suite.py::test_5"
    assert releaser("whole (session)") == "test_next.py::test_7"
    alive = {s.id for s in run.report.scopes if s.survived_bytes > 1_000_000}
    assert alive - {"session"} == {"whole (session)"}
    held = {line for line in run.stderr.splitlines() if line.startswith("HELD")}
    assert held == {
        "HELD      4.8 MiB   wide (module)   until  suite.py was over",
        "HELD      3.8 MiB   narrow (class)   until  suite.py::TestA was over",
        "HELD      2.9 MiB   each (class)   until  suite.py::TestB::test_3[2] ran",
        "HELD      2.9 MiB   each (class)   until  suite.py::TestB was over",
        "HELD      1.9 MiB   suite.TestA   until  the class's own tear-down",
    }
    assert "  until     all tests were over: released by tear-down" in run.stderr
    assert "GROWING" not in run.stderr


def test_what_tests_left_with_the_last_class_is_told_as_released(tmp_path: Path) -> None:
    """Given a list that its class empties, and one beside it that stays."""
    run = run_suite(
        tmp_path,
        """
        KEPT = []

        class TestLast:
            rows = []

            @classmethod
            def teardown_class(cls): cls.rows.clear()
            def test_0(self):
                KEPT.append(bytearray(100_000))
            def test_1(self):
                self.rows.append(bytearray(3_000_000))
            def test_2(self):
                self.rows.append(bytearray(2_000_000))
        """,
    )

    first, last = (scope(run.report, name) for name in ("test_1", "test_2"))
    assert 3_000_000 <= first.torn_down_bytes <= first.survived_bytes
    assert 1_990_000 <= last.torn_down_bytes <= last.survived_bytes
    rows, kept = run.stderr.split("ONCE")[1:3]
    assert "TestLast.rows" in rows
    assert "until     all tests were over: released" in rows
    assert "suite.KEPT" in kept
    assert "until" not in kept


def test_unittests_classes_and_modules_are_released_by_their_own_tear_down(tmp_path: Path) -> None:
    run = run_suite(
        tmp_path,
        """
        import unittest
        DATA = []

        def setUpModule(): DATA.append(bytearray(5_000_000))
        def tearDownModule(): DATA.clear()

        class T(unittest.TestCase):
            @classmethod
            def setUpClass(cls): cls.data = bytearray(4_000_000)
            @classmethod
            def tearDownClass(cls): del cls.data
            def test_1(self): pass
            def test_2(self): pass

        class U(unittest.TestCase):
            @classmethod
            def setUpClass(cls): cls.kept = bytearray(3_000_000)
            def test_3(self): pass
        """,
        runner=UNITTEST,
    )

    assert scope(run.report, "suite.T").released_by == "suite.T"
    assert scope(run.report, "suite").released_by == "suite"
    assert scope(run.report, "suite.U").released_by is None
    assert scope(run.report, "suite.U").survived_bytes > 3_000_000
    held = [line for line in run.stderr.splitlines() if line.startswith("HELD")]
    assert held == [
        "HELD      4.8 MiB   suite   until  the module's own tear-down",
        "HELD      3.8 MiB   suite.T   until  the class's own tear-down",
    ]


CLASSES = """
    import unittest

    class T(unittest.TestCase):
        @classmethod
        def setUpClass(cls): cls.data = bytearray(4_000_000)
        def test_1(self): pass
        def test_2(self): pass

    class U(unittest.TestCase):
        def test_3(self): pass
        def test_4(self): pass
"""


@pytest.mark.parametrize(
    ("runner", "last", "until"),
    [
        (UNITTEST, "suite.T.test_2", "suite.T.test_2 ran"),
        (PYTEST, "suite.py::T::test_2", "suite.py::T was over"),
    ],
)
def test_what_is_let_go_between_two_tests_was_held_until_the_first_of_them(
    tmp_path: Path, runner: tuple[str, ...], last: str, until: str
) -> None:
    run = run_suite(tmp_path, CLASSES, "--release", runner=runner)

    assert scope(run.report, "suite.T").released_by == last
    held = [line for line in run.stderr.splitlines() if line.startswith("HELD")]
    assert held == [f"HELD      3.8 MiB   suite.T   until  {until}"]


def test_reftrack_has_no_part_in_its_own_figures(tmp_path: Path) -> None:
    """Given tests whose tuples, lists and dicts CPython hands out again, to reftrack as well."""
    run = run_suite(
        tmp_path,
        """
        import pytest

        class TestA:
            def setup_method(self):
                self.a, self.b, self.c = [{}], {1: (self, 2)}, ({}, [1])
            @pytest.mark.parametrize("n", range(200))
            def test(self, n):
                made = [(n, k) for k in range(50)] + [{n: k} for k in range(50)]
        """,
        "--release",
    )

    assert run.report.released
    told = [" ".join([h.name, h.root, *h.path]) for h in run.report.holders]
    assert [text for text in told if "reftrack." in text] == []
    charged = sum(
        charge.bytes
        for holder in run.report.holders
        for charge in holder.charged
        if charge.scope == "test"
    )
    alive = sum(s.survived_bytes for s in run.report.scopes if s.scope == "test")
    assert charged == pytest.approx(alive, rel=0.05)
    assert "until     " not in run.stderr


CURED = """
    import unittest
    import pytest

    WARM = {{}}

    class A(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            WARM["a"] = bytearray(300_000)
            cls.data = bytearray(3_000_000)
            {cure}
        def test(self): pass
    """


@pytest.mark.parametrize(
    ("cure", "is_cured"),
    [
        ('cls.addClassCleanup(delattr, cls, "data")', True),
        ("pass", False),
        ('cls.addClassCleanup(lambda: (WARM.update(data=cls.data), delattr(cls, "data")))', False),
    ],
    ids=["cured", "not", "moved"],
)
def test_a_class_that_lets_go_of_one_thing_and_keeps_another_has_each_told(
    tmp_path: Path, cure: str, is_cured: bool
) -> None:
    """Given the last class of a pytest run, whose clean-up comes after the final look."""
    run = run_suite(tmp_path, CURED.format(cure=cure), runner=PYTEST)

    found = {holder.name: holder for holder in run.report.holders}
    assert found["A.data"].torn_down is is_cured
    assert not found["suite.WARM"].torn_down
    row = run.stderr.partition("A.data\n")[2].partition("\nONCE")[0]
    assert ("until     all tests were over: released by tear-down" in row) is is_cured
    assert ("fix " in row) is not is_cured


FIRST: lasting.Key = ("test", "m.T.test_1")
SECOND: lasting.Key = ("test", "m.T.test_2")


def test_a_holder_is_in_doubt_where_its_scopes_lost_as_much_and_have_some_left() -> None:
    kept = holder("KEPT", {"m.T.test_1": MIB})
    other = holder("OTHER", {"m.T.test_2": MIB})
    unexplained = msgspec.structs.replace(kept, verdict="unexplained")
    gone = {FIRST: MIB, SECOND: 10}

    assert lasting.doubtful([kept, other, unexplained], gone, {FIRST: 50_000}) == [kept]
    assert lasting.doubtful([kept], gone, {FIRST: 0}) == []  # the figures tell


def test_what_somebody_else_has_by_then_is_not_gone() -> None:
    kept, other = holder("KEPT", {"m.T.test_1": MIB}), holder("OTHER", {"m.T.test_1": 50_000})

    def gone(now: dict[str, int]) -> list[str]:
        found = {name: {FIRST: size} for name, size in now.items()}
        return lasting.gone_holders([kept, other], [kept], found)

    assert gone({other.key: 50_000}) == [kept.key]
    assert gone({kept.key: MIB, other.key: 50_000}) == []
    assert gone({other.key: MIB}) == []
    assert gone({"a new one": MIB}) == []
