"""Layers, and what else other runners have for fixtures: zope.testrunner's, nose2's, pynose's."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import msgspec
import pytest

from reftrack.model import Report
from support import plain, reftrack

pytestmark = pytest.mark.slow

LAYERS = """
    import unittest

    class Base:
        @classmethod
        def setUp(cls): cls.base = bytearray(300_000)
        @classmethod
        def tearDown(cls): del cls.base

    class Layer(Base):
        @classmethod
        def setUp(cls): cls.left = bytearray(310_000)
        @classmethod
        def tearDown(cls): pass

    class T(unittest.TestCase):
        layer = Layer
        def test_1(self): pass
        def test_2(self): self.assertTrue(self.layer.left)
    """


def report_of(folder: Path, *command: str) -> Report:
    json = folder / "out.json"
    expected = plain(*command, cwd=folder)
    actual = reftrack("run", "--no-report", "--json", json, *command, cwd=folder)
    assert actual.returncode == expected.returncode == 0, actual.stderr
    return msgspec.json.decode(json.read_bytes(), type=Report)


@pytest.mark.parametrize(
    "command",
    [
        ("-m", "zope.testrunner", "--path", ".", "--tests-pattern", "^layered$"),
        ("-m", "nose2", "--plugin", "nose2.plugins.layers", "layered"),
    ],
    ids=lambda command: str(command[1]),
)
def test_a_layer_is_a_fixture_and_what_it_does_not_tear_down_is_its_leak(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "layered.py").write_text(dedent(LAYERS))

    report = report_of(tmp_path, *command)

    scopes = list(dict.fromkeys((s.scope, s.id) for s in report.scopes if s.scope != "session"))
    assert sorted(scope for scope in scopes if scope[0] != "import") == [
        ("fixture", "layered.Base (layer)"),
        ("fixture", "layered.Layer (layer)"),
        ("test", "layered.T.test_1"),
        ("test", "layered.T.test_2"),
    ]
    (left,) = [found for found in report.holders if found.survived_bytes > 100_000]
    assert left.name == "Layer.left"
    assert left.survived_bytes == pytest.approx(310_000, rel=0.01)
    assert [charge.id for charge in left.charged] == ["layered.Layer (layer)"]


def test_functions_that_are_tests_of_nose2_with_parameters_have_their_own_scopes(
    tmp_path: Path,
) -> None:
    source = """
        from nose2.tools import params
        import unittest

        KEPT = []

        class T(unittest.TestCase):
            @params(1, 2, 3)
            def test_each(self, number):
                KEPT.append(bytearray(100_000 * number))
        """
    (tmp_path / "test_given.py").write_text(dedent(source))

    report = report_of(tmp_path, "-m", "nose2", "test_given")

    tests = [scope.id for scope in report.scopes if scope.scope == "test"]
    assert len(tests) == len(set(tests)) == 3
    kept = next(found for found in report.holders if found.name == "test_given.KEPT")
    assert kept.survived_bytes == pytest.approx(600_000, rel=0.05)


def test_modules_and_functions_of_pynose_are_scopes(tmp_path: Path) -> None:
    source = """
        KEPT = []

        def setup_module(): KEPT.append(bytearray(300_000))

        def test_one(): KEPT.append(bytearray(100_000))
        def test_two(): KEPT.append(bytearray(100_000))
        def test_three(): KEPT.append(bytearray(100_000))
        """
    (tmp_path / "test_plain.py").write_text(dedent(source))

    report = report_of(tmp_path, "-m", "nose", "test_plain.py")

    scopes = [(scope.scope, scope.id) for scope in report.scopes]
    assert ("module", "test_plain") in scopes
    tests = [scope for scope in report.scopes if scope.scope == "test"]
    assert [scope.id for scope in tests] == [
        f"test_plain.test_{name}" for name in ("one", "two", "three")
    ]
    assert [[phase.name for phase in scope.phases] for scope in tests] == [
        ["setup", "call", "teardown"]
    ] * 3
    kept = next(found for found in report.holders if found.name == "test_plain.KEPT")
    assert kept.survived_bytes == pytest.approx(600_000, rel=0.05)


def test_fixtures_and_deferreds_of_their_own_test_cases_are_the_tests(tmp_path: Path) -> None:
    source = """
        from twisted.internet import defer, reactor
        from twisted.trial import unittest

        KEPT = []

        class T(unittest.TestCase):
            def later(self):
                done = defer.Deferred()
                KEPT.append(bytearray(200_000))
                reactor.callLater(0, done.callback, None)
                return done
            def setUp(self): return self.later()
            def test_1(self): return self.later()
            def test_2(self): return self.later()
            def test_3(self): return self.later()
            def tearDown(self): return self.later()
        """
    (tmp_path / "test_deferred.py").write_text(dedent(source))

    report = report_of(tmp_path, "-m", "twisted.trial", "test_deferred")

    tests = [scope for scope in report.scopes if scope.scope == "test"]
    assert [scope.outcome for scope in tests] == ["passed"] * 3
    for scope in tests:
        assert [phase.name for phase in scope.phases] == ["setup", "call", "teardown"]
        assert all(phase.allocated_bytes >= 200_000 for phase in scope.phases)
    kept = next(found for found in report.holders if found.name == "test_deferred.KEPT")
    assert kept.survived_bytes == pytest.approx(9 * 200_000, rel=0.05)
    assert kept.verdict == "growing"
