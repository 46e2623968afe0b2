"""Holders as a report has them: sizes of what is not cut, caches' entries, where a path begins."""

from __future__ import annotations

import re
from pathlib import Path

from suites import UNITTEST, run_suite

CACHES = """
    import functools, unittest

    @functools.lru_cache(maxsize=300)
    def bounded(key):
        return bytearray(20_000)

    @functools.cache
    def forever(key):
        return bytearray(20_000)

    class T(unittest.TestCase):
        def test_1(self): bounded(1), forever(1)
        def test_2(self): bounded(2), forever(2)
        def test_3(self): bounded(3), forever(3)
"""

GROWN = """
    import unittest

    LISTS = {k: [] for k in range(14)}
    globals().update({f"LIST_{k}": made for k, made in LISTS.items()})
    del LISTS

    class T(unittest.TestCase):
        def grow(self):
            for k in range(14):
                globals()[f"LIST_{k}"].extend([None] * (1000 + k))

        test_1 = test_2 = test_3 = lambda self: self.grow()
"""

LOGGERS = """
    import concurrent.futures, logging, unittest

    class Handler(logging.Handler):
        def __init__(self):
            super().__init__()
            self.seen = bytearray(20_000)

    class T(unittest.TestCase):
        def test_1(self): logging.getLogger("app.a").addHandler(Handler())
        def test_2(self): logging.getLogger("app.b").addHandler(Handler())
        def test_3(self): logging.getLogger("app.c").addHandler(Handler())
"""

ATTRIBUTES = """
    import unittest

    class Config:
        pass

    class T(unittest.TestCase):
        def test(self):
            for k in range(2000):
                setattr(Config, f"option_{k}", k)
"""


def test_a_cache_of_functools_says_how_many_entries_it_has_and_may_have(tmp_path: Path) -> None:
    run = run_suite(tmp_path, CACHES, runner=UNITTEST)

    entries = {h.name: (h.entries, h.most_entries) for h in run.report.holders}
    assert entries["suite.bounded (cache)"] == (3, 300)
    assert entries["suite.forever (cache)"] == (3, None)
    assert "suite.bounded (cache)  3 entries of 300\n" in run.stderr
    assert "suite.forever (cache)  3 entries\n" in run.stderr
    assert re.search(r"kept +until it is full, with about 5.\d MiB in 300 entries", run.stderr)
    assert "suite.bounded[*]\n" in run.stderr


def test_the_classes_of_many_mocks_are_no_patch(tmp_path: Path) -> None:
    source = """
        import unittest
        from unittest import mock
        KEPT = []
        class T(unittest.TestCase):
            def test_1(self): KEPT.extend(mock.Mock() for _ in range(200))
    """

    run = run_suite(tmp_path, source, runner=UNITTEST)

    ends = [(h, h.path[-1]) for h in run.report.holders if h.path]
    of_classes = [h for h, end in ends if "__subclasses__()" in end]
    assert [(h.verdict, h.fix) for h in of_classes] == [("once", "")]
    assert not any("stop the patch" in h.fix for h in run.report.holders)


def test_lists_that_grew_retain_what_was_added_though_they_are_not_cut(tmp_path: Path) -> None:
    run = run_suite(tmp_path, GROWN, runner=UNITTEST)

    lists = [holder for holder in run.report.holders if holder.name.startswith("suite.LIST_")]
    assert len(lists) == 14
    assert all(holder.retained_bytes >= holder.survived_bytes >= 24_000 for holder in lists)


def test_a_loggers_handlers_are_found_from_logging_whoever_has_a_logger(tmp_path: Path) -> None:
    run = run_suite(tmp_path, LOGGERS, runner=UNITTEST)

    holder = max(run.report.holders, key=lambda holder: holder.survived_bytes)
    assert holder.name == "logging.getLogger(...).handlers"
    assert holder.root == "module logging"
    assert holder.path[0].startswith("Manager.loggerDict")
    assert holder.fix == "self.addCleanup(logger.removeHandler, handler)"


def test_a_class_that_gets_attributes_is_one_row_with_that_name(tmp_path: Path) -> None:
    run = run_suite(tmp_path, ATTRIBUTES, runner=UNITTEST)

    holder = max(run.report.holders, key=lambda holder: holder.survived_bytes)
    assert holder.name == "attributes of Config"
    assert "delattr, Config" in holder.fix


DICT_OF_A_TEST = """
    import unittest

    class Options:
        pass

    OPTIONS = Options()

    class T(unittest.TestCase):
        def test_before(self):
            lists = [[k] for k in range(100)]  # the next test's lists may come from these

        def test_set(self):
            others = [{} for _ in range(200)]  # the next one comes from no free list
            vars(OPTIONS)  # where the attributes' dict is made late, it is the test's
            OPTIONS.first = [bytearray(30_000)]
            OPTIONS.second = [bytearray(20_000)]
"""


def test_attributes_that_a_test_sets_have_their_names_though_their_dict_is_the_tests(
    tmp_path: Path,
) -> None:
    """Given an object from before the tests whose attributes' dict a test makes, then what the test
    puts there is told by each attribute's name, and not by that of the largest object, the dict."""
    run = run_suite(tmp_path, DICT_OF_A_TEST, runner=UNITTEST)

    found = {h.name: h for h in run.report.holders}
    first, second = found["suite.OPTIONS.first"], found["suite.OPTIONS.second"]
    assert first.survived_bytes > 30_000
    assert 20_000 < second.survived_bytes < 30_000
    for holder in (first, second):
        assert [charge.id for charge in holder.charged] == ["suite.T.test_set"]
