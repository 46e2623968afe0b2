"""Which later scope released a scope's memory: what a tear-down lets go of is held, not leaked."""

from __future__ import annotations

from pathlib import Path

from suites import UNITTEST, run_suite, scope

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

    assert releaser("suite.TestA") == "suite.py::TestA::test_2"
    assert releaser("narrow (class)") == "suite.py::TestA::test_2"
    assert releaser("each (class)") == "suite.py::TestB::test_3[2]"  # which needs the next one
    assert releaser("wide (module)") == "suite.py::test_5"
    assert releaser("whole (session)") == "test_next.py::test_7"
    alive = {s.id for s in run.report.scopes if s.survived_bytes > 1_000_000}
    assert alive - {"session"} == {"whole (session)"}
    held = [line for line in run.stderr.splitlines() if line.startswith("HELD")]
    assert held == [
        "HELD      4.8 MiB   wide (module)   until  suite.py was over",
        "HELD      3.8 MiB   narrow (class)   until  suite.py::TestA was over",
        "HELD      2.9 MiB   each (class)   until  suite.py::TestB::test_3[2] ran",
        "HELD      2.9 MiB   each (class)   until  suite.py::TestB was over",
        "HELD      1.9 MiB   suite.TestA   until  suite.py::TestA was over",
    ]
    assert "  until     all tests were over: released by tear-down" in run.stderr
    assert "GROWING" not in run.stderr


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
        "HELD      4.8 MiB   suite   until  suite ended",
        "HELD      3.8 MiB   suite.T   until  suite.T ended",
    ]
    assert "until     " not in run.stderr
