"""What to type where the holder's name leads to an object, and survivors lie in a part of that."""

from __future__ import annotations

import re

from reftrack import remedies, sources
from reftrack.choosing import Choice
from reftrack.naming import Place, without_subscripts
from reftrack.situation import Situation
from reftrack.traits import is_private, is_users
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

_CODE = re.compile(r"[\w.]+(?:\[(?:-?\d+|'[^'\\]*'|\"[^\"\\]*\")\])+")
"""A name with subscripts that can be typed."""

TAKE_OUT = "after each test: take out of {name} what the test put in"
"""Where no code is known that does so."""


def emptied(choice: Choice, name: str) -> str:
    """What takes all out of `name`. A table that its class hides goes by the class's own clear(),
    where it has one: other parts of the object may have to go with it."""
    has_clear = any(sources.is_defined(kind, "clear") for kind in choice.owner_kinds)
    if is_private(choice.attribute) and has_clear:
        return f"{name.rpartition('.')[0]}.clear()"
    return remedies.emptied(choice.kinds, name)


def of_object_in_container(choice: Choice, name: str, at: Situation) -> str:
    """Of an object that was in a container before the tests, and into which they have put
    something: the container stays as it is."""
    inner = choice.inner_object
    if inner is None:
        return ""
    is_deep = choice.inner_depth > 1
    each = _one_of(choice, inner) if is_deep else "each"
    code = _of_part(inner, each, choice.sets_inner, at) if each else ""
    if not code:
        return TAKE_OUT.format(name=without_subscripts(inner.text))
    values = f"{name}.values()" if remedies.is_dict(choice.kinds) else name
    return at.after_each(code if is_deep else f"for each in {values}: {code}")


def _one_of(choice: Choice, inner: Place) -> str:
    """The name of one that stands for those which lie in other containers inside the container."""
    one = choice.path[choice.path.index(inner.text) - 1] if inner.text in choice.path else ""
    return one if _CODE.fullmatch(one) else ""


def _of_part(inner: Place, each: str, is_set: bool, at: Situation) -> str:
    its = f"{each}.{inner.attribute}"
    if at.is_cached_property(inner.attribute) or sources.is_added(inner.owner, inner.attribute):
        return f'vars({each}).pop("{inner.attribute}", None)'
    if is_private(inner.attribute) and sources.is_defined(inner.owner, "clear"):
        return f"{each}.clear()"
    if is_private(inner.attribute) and not is_users(inner):
        return ""
    return f"{its} = None" if is_set else remedies.emptied((inner.value,), its)
