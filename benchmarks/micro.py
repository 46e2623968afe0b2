"""Four small programs that allocate in different ways; the argument names one of `PROGRAMS`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable


class Tree:
    def __init__(self, depth: int) -> None:
        self.children = [Tree(depth - 1) for _ in range(2)] if depth else []
        self.label = f"depth {depth}"


def trees() -> None:
    """Trees of ordinary instances, the previous one dropped when the next is there."""
    kept = []
    for _ in range(36):
        kept = [Tree(14)]
    assert kept


def churn() -> None:
    """Lists, dicts and strings that grow and go."""
    for _ in range(300):
        words = [f"word {i}" for i in range(10_000)]
        places = {word: [i] for i, word in enumerate(words)}
        for word in words[::2]:
            places[word].append(len(word))
            del places[word]
        assert len(",".join(places)) > 10_000


def json_round_trips() -> None:
    rows = [{"id": i, "name": f"name {i}", "tags": ["a", "b"], "score": i / 7} for i in range(5000)]
    for _ in range(100):
        rows = json.loads(json.dumps(rows))


def integers() -> None:
    """Arithmetic on integers too large to be cached."""
    state = 1
    for _ in range(12_000_000):
        state = (state * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
    assert state


PROGRAMS: dict[str, Callable[[], None]] = {
    "trees": trees,
    "churn": churn,
    "json": json_round_trips,
    "integers": integers,
}

if __name__ == "__main__":
    PROGRAMS[sys.argv[1]]()
    print(f"{sys.argv[1]}: done")
