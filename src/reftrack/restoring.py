"""What to type to have again what was there before a test: others may need it."""

from __future__ import annotations

from typing import Literal

from reftrack import bindings, remedies, sources
from reftrack.choosing import Choice
from reftrack.naming import MODULE
from reftrack.situation import Situation
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

Known = Literal["there", "added", ""]
"""Whether a name was there before the test, if that is known."""


def of_nested(choice: Choice, name: str, at: Situation) -> str:
    """Of containers in a container, which have to stay in it."""
    nested = choice.nested
    if nested is None or not at.by_tests:
        return ""
    if nested.keys and (not nested.had_entries or remedies.is_dict((nested.value,))):
        its = name + nested.keys
        if nested.had_entries:
            return at.before(remedies.put_back((nested.value,), its, at.in_pytest))
        if clear := remedies.emptied((nested.value,), its):
            return at.after_each(clear)
    if not remedies.can_be_copied(choice.kinds):
        return ""
    return at.before(remedies.put_back(choice.kinds, name, at.in_pytest, is_deep=True))


def of_filled(choice: Choice, name: str, at: Situation) -> str:
    """Of a container whose older entries other tests need, and the program."""
    if not remedies.can_be_copied(choice.kinds) or not at.by_tests:
        return ""
    # They may lie in another container from before, which a copy would share.
    owner = choice.place.rpartition(".")[0]
    is_deep = choice.inner[1] > 0 and any(bindings.has_key(owner, text) for text in choice.path)
    code = at.before(remedies.put_back(choice.kinds, name, at.in_pytest, is_deep=is_deep))
    return f"{code} (not clear(): it seems to have had entries before)"


def of_replaced(name: str, at: Situation, known: Known) -> str:
    """What a name had before the test: others may need it. It may not have been there at all."""
    owner, _, attribute = name.rpartition(".")
    if at.fixture:
        back = f"in {at.fixture}, behind its yield: {name} = what it was before"
        added, both = (
            f"in {at.fixture}, behind its yield: del {name}",
            f", or del {name} where it adds it",
        )
    elif at.in_pytest:
        value = f'monkeypatch.setattr({owner}, "{attribute}", value'
        back = f"{value}) puts it back after the test"
        added = f"{value}, raising=False) takes it off again"
        both = " (with raising=False where the test adds it)"
    else:
        back = f'self.addCleanup(setattr, {owner}, "{attribute}", {name}), before it is replaced'
        added = f'self.addCleanup(delattr, {owner}, "{attribute}")'
        both = f"; or, where the test adds it: {added}"
    if known == "added":
        return added
    return back if known == "there" else back + both


def known_of(choice: Choice) -> Known:
    """What the source of its module or class has the name for."""
    owner = choice.place.rpartition(".")[0]
    if choice.joined:
        return ""
    if sources.is_defined(owner, choice.attribute):
        return "there"
    is_added = choice.place_kind == MODULE and sources.is_absent(owner, choice.attribute)
    return "added" if is_added else ""
