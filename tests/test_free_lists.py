"""Objects that CPython takes from a free list: no allocator is asked for them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from reftrack.model import Holder
from suites import run_suite

EACH = 40

SUITE = f"""
    import tracemalloc

    IS_NATIVE = not tracemalloc.is_tracing()
    LISTS, DICTS, TUPLES = [None] * {EACH}, [None] * {EACH}, [None] * {EACH}
    FLOATS = [None] * {2 * EACH}
    NESTED = [None] * 10


    def churn():
        lists = [[] for _ in range({2 * EACH})]
        dicts = [{{}} for _ in range({2 * EACH})]
        tuples = [(n, lists) for n in range({2 * EACH})]
        floats = [n / 3 for n in range({2 * EACH})]


    def test_that_fills_the_free_lists():
        churn()


    def test_that_traces_for_a_while():
        if IS_NATIVE:  # from then on nobody is told of objects, unless somebody asks again
            tracemalloc.start()
            tracemalloc.stop()


    def test_that_keeps():
        churn()
        for at in range({EACH}):
            LISTS[at] = []
            DICTS[at] = {{}}
            TUPLES[at] = (at, TUPLES)
            FLOATS[at] = at / 7


    def test_that_keeps_what_is_in_others():
        churn()
        for at in range(10):
            NESTED[at] = {{"n": (at / 3, [at / 5])}}


    def test_that_keeps_more():
        for at in range({EACH}):
            FLOATS[at + {EACH}] = at / 9
"""

KEPT = {
    "suite.LISTS": EACH * sys.getsizeof([]),
    "suite.DICTS": EACH * sys.getsizeof({}),
    "suite.TUPLES": EACH * sys.getsizeof((0, 0)),
    "suite.FLOATS": 2 * EACH * sys.getsizeof(0.5),
    "suite.NESTED": 10 * sum(map(sys.getsizeof, ({"n": 0}, (0, 0), [0], 0.5, 0.5))),
}
LINES = {
    "suite.LISTS": {"LISTS[at] = []"},
    "suite.DICTS": {"DICTS[at] = {}"},
    "suite.TUPLES": {"TUPLES[at] = (at, TUPLES)"},
    "suite.FLOATS": {"FLOATS[at] = at / 7", f"FLOATS[at + {EACH}] = at / 9"},
    "suite.NESTED": {'NESTED[at] = {"n": (at / 3, [at / 5])}'},
}

IS_TOLD = {"native": sys.version_info >= (3, 13, 3), "tracemalloc": True}
"""Of whom the interpreter tells of objects that come from free lists, what made them."""

Kept = dict[str, Holder]


@pytest.fixture(scope="module", params=IS_TOLD)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def kept(backend: str, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """By its name, what is said of each list in which a suite keeps what is from free lists."""
    folder = tmp_path_factory.mktemp("free-lists")
    report = run_suite(folder, SUITE, "--backend", backend).report
    return {holder.name: holder for holder in report.holders if holder.name in KEPT}


def lines(holder: Holder) -> set[str]:
    return {site.traceback[-1].source for site in holder.allocations if site.traceback}


def test_all_are_counted_with_their_sizes(kept: Kept) -> None:
    assert {name: sum(t.bytes for t in holder.types) for name, holder in kept.items()} == KEPT


def test_they_are_of_the_tests_that_made_them(kept: Kept) -> None:
    charged = {
        name: {charge.id.split("::")[1]: charge.bytes for charge in holder.charged}
        for name, holder in kept.items()
    }
    half = KEPT["suite.FLOATS"] // 2
    assert charged == {
        **{name: {"test_that_keeps": size} for name, size in KEPT.items()},
        "suite.FLOATS": {"test_that_keeps": half, "test_that_keeps_more": half},
        "suite.NESTED": {"test_that_keeps_what_is_in_others": KEPT["suite.NESTED"]},
    }


def test_no_line_is_told_but_that_which_made_them(kept: Kept, backend: str) -> None:
    told = {name: lines(holder) for name, holder in kept.items()}
    assert set(told) == set(KEPT)
    assert all(told[name] <= LINES[name] for name in told)
    if IS_TOLD[backend]:
        assert told == LINES


def test_what_is_dead_in_a_free_list_is_nobodys(tmp_path: Path) -> None:
    """Given thousands of tuples, which the free lists keep until the collector empties them."""
    source = """
        def test_drops():
            for length in range(1, 21):
                tuples = [tuple([None] * length) for _ in range(2500)]
                del tuples

        def test_after(): pass
        def test_at_last(): pass
    """
    report = run_suite(tmp_path, source).report

    assert all(scope.ended_bytes < 50_000 for scope in report.scopes if scope.scope == "test")
    assert all(scope.collected_bytes < 50_000 for scope in report.scopes)
    assert sum(h.survived_bytes for h in report.holders if h.kind == "c-reference") < 5_000


def test_thousands_in_one_place_are_one_holder(tmp_path: Path) -> None:
    source = """
        import pytest

        KEPT = []

        @pytest.mark.parametrize("n", range(20))
        def test_keeps(n):
            KEPT.append([(i, i) for i in range(2000)])
            dropped = [(i, i) for i in range(2000)]
    """
    report = run_suite(tmp_path, source, "--no-prove").report

    kept = next(holder for holder in report.holders if holder.name == "suite.KEPT")
    tests = [charge for charge in kept.charged if charge.scope == "test"]
    least = 2000 * sys.getsizeof((0, 0))
    assert len(tests) == 20
    assert all(least < charge.bytes < 2 * least for charge in tests)
    assert kept.retained_bytes >= 20 * least


def test_a_table_that_a_test_takes_over_is_that_tests(tmp_path: Path) -> None:
    """Given tables of dicts from before the tests, which die and are taken in one test: no reading
    of the lists sees them wait."""
    (tmp_path / "conftest.py").write_text(
        f"def pytest_configure(config): config.old = [{{'n': n}} for n in range({EACH})]\n"
    )
    source = f"""
        KEPT = [None] * {EACH}

        def test_takes(request):
            dicts = [{{}} for _ in range({4 * EACH})]  # their list is full, and of this test's own
            del dicts
            request.config.old.clear()
            for at in range({EACH}):
                KEPT[at] = {{"n": at}}
    """
    report = run_suite(tmp_path, source).report

    kept = next(holder for holder in report.holders if holder.name == "suite.KEPT")
    # A dict itself may be one that died in the test, which nobody sees (docs/limits.md).
    assert kept.objects > EACH // 2
    assert kept.survived_bytes == kept.objects * sys.getsizeof({"n": 0})


def test_a_table_that_a_test_gives_to_the_dict_of_its_fixture_is_the_tests(tmp_path: Path) -> None:
    """Given dicts of a fixture, whose scope is within the test's and newer, filled by this."""
    source = f"""
        import pytest

        @pytest.fixture(scope="module")
        def dicts():
            return [{{}} for _ in range({4 * EACH})]

        def test_fills(dicts):
            for n, each in enumerate(dicts):
                each["n"] = n
    """
    report = run_suite(tmp_path, source).report

    kept = next(holder for holder in report.holders if holder.kind == "fixture")
    charged = {charge.scope: charge.bytes for charge in kept.charged}
    tables = 4 * EACH * (sys.getsizeof({"n": 0}) - sys.getsizeof({}))
    assert charged["fixture"] < tables <= charged["test"]


def test_a_table_from_after_a_window_is_none_of_its(tmp_path: Path) -> None:
    source = f"""
        import reftrack

        DICTS = []

        def test_window():
            with reftrack.track() as window:
                DICTS.extend({{}} for _ in range({20 * EACH}))
            for each in DICTS:
                each["n"] = 1
            assert sum(holder.survived_bytes for holder in window.holders) == window.survived_bytes
    """
    assert run_suite(tmp_path, source).status == 0
