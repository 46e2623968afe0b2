"""The gate under pytest: a test that leaves too much behind fails, and nothing else changes."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from textwrap import dedent
from xml.etree import ElementTree

import msgspec
import pytest

from reftrack.model import Report
from support import FOR_LINUX, plain, reftrack
from test_runner_pytest import PYTEST

OWN = ("--reftrack", "--reftrack-no-prove", "--reftrack-json", "out.json")
GATE = (*OWN, "--reftrack-fail-over", "1MiB")


def gated(
    folder: Path, suite: str, *options: str, gate: tuple[str, ...] = GATE
) -> subprocess.CompletedProcess[str]:
    (folder / "suite.py").write_text(dedent(suite))
    return plain(*PYTEST, *gate, "-rA", *options, cwd=folder)


def outcomes(run: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """By test, what pytest's short summary says of it."""
    lines = re.findall(r"^(PASSED|FAILED|ERROR|XPASS|XFAIL) suite\.py::(\S+)", run.stdout, re.M)
    assert len({test for _, test in lines}) == len(lines), run.stdout
    return {test: outcome for outcome, test in lines}


def failed(run: subprocess.CompletedProcess[str]) -> set[str]:
    return {test for test, outcome in outcomes(run).items() if outcome == "FAILED"}


def report_of(folder: Path) -> Report:
    return msgspec.json.decode((folder / "out.json").read_bytes(), type=Report)


KINDS = """
import pytest, unittest

CACHE = []
def leak(): CACHE.append(bytearray(3 << 20))
def use(): return bytearray(3 << 20)

def test_leak(): leak()
def test_clean(): use()

@pytest.mark.parametrize("by", [leak, use], ids=["leak", "clean"])
def test_parameter(by): by()

class TestPlain:
    def test_leak(self): self.data = use()
    def test_clean(self): data = use()

class Case(unittest.TestCase):
    def test_leak(self): type(self).data = use()
    def test_clean(self): self.data = use()
    def test_clean_sub(self):
        with self.subTest(n=1): use()
    def test_leak_sub(self):
        with self.subTest(n=1): leak()

class Async(unittest.IsolatedAsyncioTestCase):
    async def test_leak(self): leak()
    async def test_clean(self): self.data = use()

@pytest.fixture
def of_test():
    yield use()
@pytest.fixture
def leaks_late():
    yield
    leak()
def test_clean_fixture(of_test): pass
def test_leak_fixture(leaks_late): pass

@pytest.fixture
def skips_late():
    yield
    pytest.skip("late")
def test_skipped_late(skips_late): leak()

@pytest.mark.xfail
def test_xfail_clean(): assert use() is None
@pytest.mark.skip
def test_skip(): pass

def doc_leak():
    '''
    >>> leak()
    '''
def doc_clean():
    '''
    >>> data = use()
    '''
"""


def test_a_leaking_test_of_every_kind_fails_and_a_clean_one_passes(tmp_path: Path) -> None:
    run = gated(tmp_path, KINDS, "--doctest-modules")

    found = outcomes(run)
    leaking = {test for test in found if "leak" in test}
    assert failed(run) == leaking, run.stdout
    assert len(leaking) == 8
    assert {found[test] for test in found if "clean" in test} == {"PASSED", "XFAIL"}
    assert "8 failed, 9 passed, 2 skipped, 1 xfailed" in run.stdout
    assert "= ERRORS =" not in run.stdout
    assert run.returncode == 1
    by_outcome = {s.id.partition("::")[2]: s.outcome for s in report_of(tmp_path).scopes}
    assert by_outcome["test_leak"] == "failed"
    assert by_outcome["test_clean"] == "passed"


def test_a_failure_reads_what_holds_it_where_it_was_allocated_and_what_to_change(
    tmp_path: Path,
) -> None:
    run = gated(
        tmp_path,
        """
        import pytest
        CACHE = []
        def test_leak():
            CACHE.append(bytearray(3 << 20))
        """,
        "--junitxml=out.xml",
    )

    failures = run.stdout.partition("= FAILURES =")[2].partition("= reftrack =")[0]
    assert failures.splitlines()[2:8] == [
        "suite.py::test_leak left 3.0 MiB behind (limit 1.0 MiB): suite.CACHE",
        "",
        "3.0 MiB  module suite -> suite.CACHE",
        "  path      suite.CACHE[0]",
        "  allocated suite.py:5 in test_leak    CACHE.append(bytearray(3 << 20))",
        "  fix       after each test (in a fixture, behind its yield): suite.CACHE.clear()",
    ]
    assert "FAILED suite.py::test_leak - left 3.0 MiB behind (limit 1.0 MiB)" in run.stdout
    assert report_of(tmp_path).failed == [
        "suite.py::test_leak left 3.0 MiB behind (limit 1.0 MiB): suite.CACHE"
    ]
    (error,) = ElementTree.parse(tmp_path / "out.xml").iter("error")
    assert "left 3.0 MiB behind" in error.attrib["message"]
    assert "suite.py:5 in test_leak" in (error.text or "")


FIXTURES = """
import pytest, unittest

CACHE = []
def leak(): CACHE.append(bytearray(3 << 20))
def use(): return bytearray(3 << 20)

@pytest.fixture(scope="SCOPE")
def wide():
    yield use()
@pytest.fixture(scope="SCOPE")
def wide_leaking():
    leak()
    yield use()

class TestClean:
    def test_1(self, wide): pass
class TestLeak:
    def test_2(self, wide_leaking): pass
    def test_3(self, wide_leaking): pass
"""


@pytest.mark.parametrize("scope", ["class", "module", "package", "session"])
def test_what_a_wider_fixture_left_fails_the_test_in_whose_teardown_it_ended(
    tmp_path: Path, scope: str
) -> None:
    run = gated(tmp_path, FIXTURES.replace("SCOPE", scope))

    assert failed(run) == {"TestLeak::test_3"}, run.stdout
    said = f"fixture wide_leaking ({scope}) left 3.0 MiB behind (limit 1.0 MiB): suite.CACHE"
    assert said in run.stdout
    assert report_of(tmp_path).failed == [said]


def test_set_up_of_classes_and_modules_is_judged_after_their_tear_down(tmp_path: Path) -> None:
    run = gated(
        tmp_path,
        """
        import unittest
        def use(): return bytearray(3 << 20)

        def setup_module(module): module.data = use()
        def teardown_module(module): del module.data

        class A(unittest.TestCase):
            @classmethod
            def setUpClass(cls): cls.data = use()
            def test_leak(self): pass
        class B(unittest.TestCase):
            @classmethod
            def setUpClass(cls): cls.data = use()
            @classmethod
            def tearDownClass(cls): del cls.data
            def test_clean(self): pass
        class TestC:
            @classmethod
            def setup_class(cls): cls.data = use()
            def test_leak(self): pass
        class TestD:
            @classmethod
            def setup_class(cls): cls.data = use()
            @classmethod
            def teardown_class(cls): del cls.data
            def test_clean(self): pass
        """,
    )

    assert failed(run) == {"A::test_leak", "TestC::test_leak"}, run.stdout
    assert "class suite.A left 3.0 MiB behind" in run.stdout


MARKS = """
import pytest, reftrack

CACHE, OTHER, WARM = [], [], []
class Thing: pass
def leak(): CACHE.append(bytearray(3 << 20))
reftrack.ignore("suite.WARM", reason="filled once")

@pytest.mark.reftrack(max_survived="4 MiB")
def test_within(): leak()
@pytest.mark.reftrack(max_survived="2 MiB")
def test_over(): leak()
@pytest.mark.no_reftrack
def test_not_judged(): leak()
@pytest.mark.reftrack(max_objects=0)
def test_object(): OTHER.append(Thing())
@pytest.mark.reftrack(max_objects=1)
def test_one_object(): OTHER.append(Thing())
@pytest.mark.reftrack(max_objects=0)
def test_no_object(): Thing()
@pytest.mark.reftrack(ignore=["suite.C*"])
def test_ignored(): leak()
@pytest.mark.reftrack(ignore=["suite.OTHER"])
def test_not_ignored(): leak()
def test_ignored_in_code(): WARM.append(bytearray(3 << 20))

@pytest.mark.reftrack(max_survived="4 MiB", ignore=["suite.CACHE"])
class TestClass:
    @pytest.mark.reftrack(max_survived="2 MiB")
    def test_closest_by_argument(self): leak()
    @pytest.mark.reftrack(ignore=[])
    def test_within(self): leak()

@pytest.mark.no_reftrack
class TestOut:
    def test_not_judged(self): leak()
    @pytest.mark.reftrack(max_survived=0)
    def test_judged(self): leak()

@pytest.mark.reftrack(max_survived="many")
def test_no_size(): pass
@pytest.mark.reftrack(max_objects="many")
def test_no_count(): pass
@pytest.mark.reftrack(ignore="suite.CACHE")
def test_no_names(): pass
@pytest.mark.reftrack(survived=3)
def test_no_argument(): pass
@pytest.mark.reftrack("1 MiB")
def test_no_name(): pass
"""


def test_marks_say_what_a_test_may_leave_and_the_closest_one_holds(tmp_path: Path) -> None:
    run = gated(tmp_path, MARKS, "--strict-markers")

    assert failed(run) == {
        "test_over",
        "test_object",
        "test_not_ignored",
        "TestOut::test_judged",
    }, run.stdout
    assert "test_object left 1 object behind (limit 0): suite.OTHER" in run.stdout
    errors = {test for test, outcome in outcomes(run).items() if outcome == "ERROR"}
    assert errors == {
        "test_no_size",
        "test_no_count",
        "test_no_names",
        "test_no_argument",
        "test_no_name",
    }
    for words in (
        "max_survived='many' is not a size such as 1 MiB",
        "max_objects='many' is not a number of objects",
        "ignore='suite.CACHE' is not a list of names of holders",
        "the mark `reftrack` has no argument survived; it has max_survived, max_objects, ignore",
        "the arguments of the mark `reftrack` have names",
        'for example @pytest.mark.reftrack(max_survived="1 MiB"',
    ):
        assert words in run.stdout
    assert "Traceback" not in run.stdout
    assert "During handling" not in run.stdout


def test_a_mark_is_a_gate_without_a_limit_for_all_and_modules_have_marks(tmp_path: Path) -> None:
    run = gated(
        tmp_path,
        """
        import pytest
        CACHE = []
        pytestmark = pytest.mark.reftrack(max_survived="1 MiB")
        def test_leak(): CACHE.append(bytearray(3 << 20))
        def test_clean(): pass
        """,
        gate=OWN,
    )

    assert outcomes(run) == {"test_leak": "FAILED", "test_clean": "PASSED"}


NOT_ITS_FAULT = """
import gc, pytest, sys

def test_output(): print("x" * (3 << 20))
def test_cycle():
    data = [bytearray(3 << 20)]
    data.append(data)
def test_skips_late():
    data = bytearray(3 << 20)
    pytest.skip("x")
def test_fails():
    data = bytearray(3 << 20)
    assert not data, "its own words"
@pytest.mark.xfail(strict=True)
def test_xpass_strict(): KEPT.append(bytearray(3 << 20))
KEPT = []
"""


def test_what_the_runner_keeps_and_what_failed_anyway_is_not_the_gates(tmp_path: Path) -> None:
    run = gated(tmp_path, NOT_ITS_FAULT, "--show-capture=no")

    assert failed(run) == {"test_fails", "test_xpass_strict"}
    assert "2 failed, 2 passed, 1 skipped" in run.stdout
    assert "its own words" in run.stdout
    assert report_of(tmp_path).failed == []


STOPS = """
import pytest
CACHE = []
@pytest.mark.parametrize("n", range(4))
def test_leak(n): CACHE.append(bytearray(3 << 20))
def test_clean(): pass
"""


@pytest.mark.parametrize(
    ("options", "tests"),
    [
        (["-x"], {"test_leak[0]"}),
        (["--maxfail=2"], {"test_leak[0]", "test_leak[1]"}),
        (["--tb=no"], {f"test_leak[{n}]" for n in range(4)}),
        (["--tb=line"], {f"test_leak[{n}]" for n in range(4)}),
    ],
)
def test_pytest_stops_and_tells_as_with_any_failure(
    tmp_path: Path, options: list[str], tests: set[str]
) -> None:
    run = gated(tmp_path, STOPS, *options)

    assert failed(run) == tests
    assert run.returncode == 1
    if "--tb=line" in options:
        assert f"{tmp_path}/suite.py:5: left 3.0 MiB behind (limit 1.0 MiB)" in run.stdout


def test_a_failure_of_the_gate_is_a_last_failure(tmp_path: Path) -> None:
    (tmp_path / "suite.py").write_text(STOPS)
    command = [word for word in PYTEST if word != "no:cacheprovider"]
    command.remove("-p")

    plain(*command, *GATE, "-x", cwd=tmp_path)
    again = plain(*command, *GATE, "--lf", "-rA", cwd=tmp_path)

    assert failed(again) == {"test_leak[0]"}
    assert "1 failed" in again.stdout


def test_the_gate_is_there_under_reftrack_run_and_nothing_else_of_the_output(
    tmp_path: Path,
) -> None:
    (tmp_path / "suite.py").write_text(STOPS)

    run = reftrack("run", "--no-prove", "--fail-over", "1MiB", *PYTEST, "-rA", cwd=tmp_path)

    assert failed(run) == {f"test_leak[{n}]" for n in range(4)}
    assert "= reftrack =" not in run.stdout
    assert run.stderr.count("FAILED    suite.py::test_leak[") == 4
    assert run.returncode == 1


@pytest.mark.skipif(not FOR_LINUX, reason="the system does not say by how much the process grew")
def test_arrays_count_whose_data_no_allocator_of_pythons_has(tmp_path: Path) -> None:
    run = gated(
        tmp_path,
        """
        import numpy as np
        KEPT = []
        def test_leak(): KEPT.append(np.ones(1 << 20))
        def test_clean(): np.ones(1 << 20)
        """,
    )

    assert outcomes(run) == {"test_leak": "FAILED", "test_clean": "PASSED"}


def test_a_test_that_is_within_its_limit_has_no_look_at_the_heap(tmp_path: Path) -> None:
    """A look would find nothing to fail, and cost as much as a thousand such tests."""
    suite = "import pytest\n@pytest.mark.parametrize('n', range(300))\ndef test_1(n): pass\n"
    looks = """
    from reftrack import looking
    first, count = looking.left_by, 0
    def counted(*args):
        global count
        count += 1
        return first(*args)
    looking.left_by = counted
    def pytest_sessionfinish(): print("looks", count)
    """
    (tmp_path / "conftest.py").write_text(dedent(looks))
    leak = "KEPT = []\ndef test_leak(): KEPT.append(bytearray(3 << 20))\n"

    clean = gated(tmp_path, suite, "-s")
    leaking = gated(tmp_path, suite + leak, "-s")

    assert "looks 0" in clean.stdout
    assert "looks 1" in leaking.stdout


def test_a_worker_of_xdist_sends_its_failures_to_the_controller(tmp_path: Path) -> None:
    pytest.importorskip("xdist")
    run = gated(tmp_path, STOPS, "-n", "2")

    assert failed(run) == {f"test_leak[{n}]" for n in range(4)}, run.stdout
    assert "4 failed, 1 passed" in run.stdout
    assert "= FAILURES =" in run.stdout
    assert "allocated suite.py:5 in test_leak" in run.stdout
    assert sorted(report_of(tmp_path).failed) == [
        f"suite.py::test_leak[{n}] left 3.0 MiB behind (limit 1.0 MiB): suite.CACHE"
        for n in range(4)
    ]


def test_what_a_test_leaves_in_a_tracker_is_judged_with_the_rest(tmp_path: Path) -> None:
    run = gated(
        tmp_path,
        """
        import pytest, reftrack
        CACHE = []
        def leak(): CACHE.append(bytearray(3 << 20))

        def test_leak_within():
            with reftrack.track() as t: leak()
            assert t.survived_bytes > 3 << 20
        def test_leak_beside():
            CACHE.append(bytearray(2 << 20))
            with reftrack.track() as t: leak()
        @pytest.fixture
        def followed():
            with reftrack.track() as t: yield t
        def test_leak_in_a_fixtures(followed): leak()
        def test_clean(followed):
            data = bytearray(3 << 20)
            assert followed.survived_bytes > 3 << 20
        """,
    )

    assert failed(run) == {"test_leak_within", "test_leak_beside", "test_leak_in_a_fixtures"}
    assert outcomes(run)["test_clean"] == "PASSED"
    for left in ("within left 3.0", "beside left 5.0", "fixtures left 3.0"):
        assert f"{left} MiB behind" in run.stdout, run.stdout


@pytest.mark.parametrize("limit", ["max_survived=0", "max_objects=0"])
def test_a_test_that_leaves_nothing_may_be_held_to_nothing(tmp_path: Path, limit: str) -> None:
    run = gated(
        tmp_path,
        f"""
        import pytest
        pytestmark = pytest.mark.reftrack({limit})
        KEPT = []
        class Thing: pass
        def test_nothing(): pass
        def test_folder(tmp_path): (tmp_path / "a").write_text("a")
        def test_output(capsys, caplog): print("told")
        def test_leak(): KEPT.append(Thing())
        def test_leak_of_a_dict(): KEPT.append(dict())
        def test_patch(monkeypatch): monkeypatch.setattr("reftrack.ignore", None)
        """,
        gate=OWN,
    )

    assert failed(run) == {test for test in outcomes(run) if "leak" in test}, run.stdout
    assert len(failed(run)) == 2


def test_what_nobody_has_done_is_no_object_that_a_test_left(tmp_path: Path) -> None:
    run = gated(
        tmp_path,
        """
        import collections.abc, linecache, re, pytest
        pytestmark = pytest.mark.reftrack(max_objects=0)
        KEPT = []
        class Thing: pass

        def test_pattern(): re.compile("a[b-d]+e")
        def test_source(): linecache.getline(re.__file__, 1)
        def test_abstract(): assert not isinstance(Thing(), collections.abc.Mapping)
        @pytest.mark.filterwarnings("always")
        def test_warning():
            import warnings
            warnings.warn_explicit("told", UserWarning, "elsewhere.py", 1, registry={})
        def test_leak(): KEPT.append(Thing())
        """,
        gate=OWN,
    )

    assert failed(run) == {"test_leak"}, run.stdout
    assert len(outcomes(run)) == 5
