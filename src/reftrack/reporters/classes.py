"""Holders that belong together: attributes that the tests of one class leave on their instances."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from reftrack.model import Holder
from reftrack.reporters.words import and_more

Block = list[Holder]
"""Holders that are told as one; the first stands for them."""

SHOWN = 3  # attributes that a name has

_POP = re.compile(r'self\.__dict__\.pop\(("\w+"), None\)')


def blocks(ranked: Iterable[Holder]) -> list[Block]:
    """Attributes of one class's instances as one block, in the order that they come in; every other
    holder by itself."""
    found: dict[object, Block] = {}
    for nth, holder in enumerate(ranked):
        found.setdefault(_one_class(holder) or nth, []).append(holder)
    # The table of an instance's attributes has no name that would tell anything.
    return [sorted(block, key=lambda h: h.name.endswith(".__dict__")) for block in found.values()]


def class_of(holder: Holder) -> str:
    """The class whose instances have the attribute, as the ids of its tests begin; "" of any other
    kind of holder. Classes of several modules may bear the same name."""
    if holder.kind != "testcase-attribute":
        return ""
    tests = (charge.id for charge in holder.charged if charge.scope == "test")
    test = next(tests, holder.name).partition("[")[0]
    return test.rpartition("::" if "::" in test else ".")[0]


def name(block: Block) -> str:
    """`TestX.a`, or of several `TestX.a, .b and 2 more`."""
    first, *others = (holder.name for holder in block)
    owner = first.rpartition(".")[0]
    names = [first, *(other.removeprefix(owner) for other in others)]
    return and_more(names[:SHOWN], len(names[SHOWN:]))


def survived(block: Block) -> int:
    """The bytes that scopes left with them: each survivor counts under one holder."""
    return sum(holder.survived_bytes for holder in block)


def goes(block: Block) -> int:
    """The bytes that go when they are cut. What several holders retain may overlap."""
    alone = len(block) == 1 and not block[0].together
    return block[0].retained_bytes if alone else survived(block)


def fix(block: Block) -> str:
    """One line for each place in the code, that lets go of all its attributes."""
    codes: dict[str, list[str]] = {}
    for line in dict.fromkeys(line for holder in block for line in holder.fix.splitlines()):
        place, colon, code = line.partition(": ")
        if place.startswith("in "):
            codes.setdefault(place + colon, []).append(code)
        else:
            codes[line] = [""]
    return "\n".join(place + _in_one(several) for place, several in codes.items())


def _in_one(codes: Sequence[str]) -> str:
    """Statements on one line: `del self.a, self.b`."""
    if all(code.startswith("del ") for code in codes):
        return "del " + ", ".join(code.removeprefix("del ") for code in codes)
    popped = [_POP.fullmatch(code) for code in codes]
    if len(codes) > 1 and all(popped):
        names = ", ".join(pop[1] for pop in popped if pop)
        return f"for name in ({names}): self.__dict__.pop(name, None)"
    return "; ".join(codes)


def _one_class(holder: Holder) -> tuple[str, ...]:
    """What holders of one block have in common. Where others hold the same as well, or it is at its
    bound, there is more to tell of the holder alone."""
    alone = holder.together or holder.bounded or holder.verdict not in ("growing", "once")
    if alone or not class_of(holder):
        return ()
    return holder.root, class_of(holder), holder.name.rpartition(".")[0]
