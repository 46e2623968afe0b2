"""What is known of frameworks: each rule recognises its place, and names what there is."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from reftrack import naming, rules
from reftrack.errors import UsageError
from reftrack.naming import Place
from reftrack.rules import Rule
from suites import UNITTEST, run_suite

WITH_PLACES = [rule for rule in rules.RULES if rule.owners or rule.attributes]


def place(rule: Rule, owner: str | None = None, attribute: str | None = None) -> Place:
    name = attribute if attribute is not None else (rule.attributes or ("anything",))[0]
    of = owner if owner is not None else (rule.owners or ("some.module",))[0]
    text = f"{of.rpartition('.')[2]}.{name}['{rule.keys}key']"
    return Place(naming.INSTANCE, of, name, text, text, called="shop")


@pytest.mark.parametrize("rule", WITH_PLACES, ids=lambda rule: rule.name)
def test_a_rule_recognises_each_of_its_places_and_says_why(rule: Rule) -> None:
    for owner in rule.owners or ("some.module",):
        for attribute in rule.attributes or ("anything",):
            assert rules.rule_for(place(rule, owner, attribute), {}, rules.table([rule])) is rule
    assert rule.why
    assert rule.kind


@pytest.mark.parametrize("rule", [r for r in WITH_PLACES if r.owners], ids=lambda rule: rule.name)
def test_a_rule_goes_for_classes_that_derive_from_its_owner_and_for_no_other(rule: Rule) -> None:
    bases = {"app.Own": ("app.Own", rule.owners[0], "object")}
    assert rules.rule_for(place(rule, "app.Own"), bases, rules.table([rule])) is rule
    assert rules.rule_for(place(rule, "app.Other"), bases, rules.table([rule])) is None
    if rule.attributes:
        other = place(rule, attribute="not_one_of_them")
        assert rules.rule_for(other, bases, rules.table([rule])) is None


@pytest.mark.parametrize("rule", rules.FRAMEWORKS, ids=lambda rule: rule.name)
def test_titles_and_fixes_are_whole_sentences_with_the_places_own_words(rule: Rule) -> None:
    holder = Place(naming.MODULE, "app", "HANDLE", "app.HANDLE[0]", "app.HANDLE[*]")
    places = [holder, place(rule)]
    title, fix = (rules.words(template, places, 1) for template in (rule.title, rule.fix))
    assert title
    assert fix
    assert not re.search(r"[{}]", title + fix)
    assert "[0]" not in title + fix


@pytest.mark.parametrize("rule", WITH_PLACES, ids=lambda rule: rule.name)
def test_what_a_rule_is_about_exists(rule: Rule) -> None:
    for owner in rule.owners:
        if owner != "_frozen_importlib_external":
            pytest.importorskip(owner.partition(".")[0])
        assert _named(owner) is not None, owner


def _named(dotted: str) -> object:
    """What a dotted name stands for: a module, a class in one, or one in another class."""
    parts = dotted.split(".")
    for k in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:k]))
        except ImportError:
            continue
        except Exception as error:  # Django's models want settings
            pytest.skip(str(error))
        for name in parts[k:]:
            found = getattr(found, name, None)
        return found
    return None


def test_names_of_rules_are_unique_and_can_be_asked_for() -> None:
    names = [rule.name for rule in rules.RULES]
    quiet = [rule.name for rule in rules.RULES if rule.verdict]
    assert len(set(names)) == len(names)
    assert rules.named(quiet[:2]) == set(quiet[:2])
    assert rules.named(["all"]) == set(quiet)
    for wrong in ("pytest-report", "logging-handlers"):
        with pytest.raises(UsageError, match=f"there is no rule {wrong} that keeps"):
            rules.named([wrong])


def test_of_several_places_the_one_next_to_what_is_kept_counts() -> None:
    loggers, handlers = (
        next(rule for rule in rules.RULES if rule.name == name)
        for name in ("loggers", "logging-handlers")
    )
    places = [place(loggers), place(handlers)]
    assert rules.last_match(places, {}) == (1, handlers)
    assert rules.last_match(places[:1], {}) == (0, loggers)


def test_a_rule_about_code_that_is_ones_own_names_the_object_that_has_it(tmp_path: Path) -> None:
    """Given a checkout of a library that a rule is about, whose own tests are run."""
    package = tmp_path / "sqlalchemy" / "engine"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").write_text("")
    (package / "__init__.py").write_text("")
    (package / "base.py").write_text(
        "class Cache:\n"
        "    def __init__(self): self.data = {}\n"
        "class Engine:\n"
        "    def __init__(self): self._compiled_cache = Cache()\n"
    )
    suite = """
        import unittest
        from sqlalchemy.engine.base import Engine
        ENGINE = Engine()
        class T(unittest.TestCase):
            def test_1(self): ENGINE._compiled_cache.data[1] = bytearray(100_000)
            def test_2(self): ENGINE._compiled_cache.data[2] = bytearray(100_000)
        """

    run = run_suite(tmp_path, suite, runner=UNITTEST)

    found = next(holder for holder in run.report.holders if holder.survived_bytes > 100_000)
    assert found.name == "suite.ENGINE._compiled_cache"
    assert "suite.ENGINE.clear_compiled_cache()" in found.fix
