"""Had a container entries before the tests? Then it is not emptied: what stood in it is needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from suites import UNITTEST, run_suite

BLOB = "bytearray(50_000)"
WITH_ENTRIES = {
    'THING = {"GET": [], "POST": []}': f'THING["GET"].append({BLOB})',
    'THING = {"x": 1}': f"THING[n] = {BLOB}",
    'THING = {"a": "text"}': f"THING[n] = {BLOB}",
    'THING = {"a": [1]}': f"THING[n] = {BLOB}",
    "THING = [1, 2]": f"THING.append({BLOB})",
    'THING = {b"a long entry of the module"}': 'THING.add(b"%050000d" % n)',
}
WITHOUT = {
    "THING = {}": f"THING[n] = (0.0, {BLOB})",
    "THING = {} ": 'THING["%d" % n] = [2.5] * 6000',
    "THING = []": f"THING.append({BLOB})",
    "THING = []; OTHER = [0]": f"THING.append({BLOB})",
    "THING = set()": 'THING.add(b"%050000d" % n)',
}


def fix(folder: Path, definition: str, statement: str) -> str:
    run = run_suite(
        folder,
        f"""
        import unittest

        {definition}

        class T(unittest.TestCase):
            def add(self, n):
                {statement}

            def test_1(self): self.add(1)
            def test_2(self): self.add(2)
            def test_3(self): self.add(3)
        """,
        runner=UNITTEST,
    )
    return next(h.fix for h in run.report.holders if h.name.startswith("suite.THING"))


@pytest.mark.parametrize("definition", WITH_ENTRIES)
def test_what_had_entries_before_the_tests_is_not_emptied(definition: str, tmp_path: Path) -> None:
    assert "as by self.addCleanup(suite.THING.clear)" not in fix(
        tmp_path, definition, WITH_ENTRIES[definition]
    )


@pytest.mark.parametrize("definition", WITHOUT)
def test_what_only_tests_have_filled_is_emptied(definition: str, tmp_path: Path) -> None:
    assert "suite.THING.clear()" in fix(tmp_path, definition, WITHOUT[definition])


def test_a_constant_that_a_test_puts_into_a_cache_is_not_to_be_emptied(tmp_path: Path) -> None:
    (tmp_path / "cachemod.py").write_text("CACHE = {}\n")
    run = run_suite(
        tmp_path,
        """
        import cachemod

        KEYS = [("k", n) for n in range(20_000)]

        def test_1():
            for key in KEYS:
                cachemod.CACHE[key] = None
        """,
    )

    kept = next(h for h in run.report.holders if h.name == "cachemod.CACHE")
    assert kept.together == []
    assert kept.fix.endswith("cachemod.CACHE.clear()")
    assert "KEYS" not in kept.fix
