"""Small blocks are found again, whatever allocator hands them out."""

from __future__ import annotations

import gc
from pathlib import Path
from textwrap import dedent

import pytest

from reftrack import _reftrack
from scoped import Within
from support import plain

RANDOM_WALK = """
    import ctypes, random
    from reftrack import _reftrack

    api = ctypes.pythonapi
    for name, result, arguments in (
        ("PyObject_Malloc", ctypes.c_size_t, [ctypes.c_size_t]),
        ("PyObject_Realloc", ctypes.c_size_t, [ctypes.c_size_t, ctypes.c_size_t]),
        ("PyObject_Free", None, [ctypes.c_size_t]),
    ):
        function = getattr(api, name)
        function.restype, function.argtypes = result, arguments

    _reftrack.start(4)
    dice = random.Random(7)
    scopes = [_reftrack.new_scope() for _ in range(5)]
    live = {}

    def size():
        return dice.choice((0, 1, 16, 17, 31, 48, 64, 100, 256, 511, 512, 513, 700, 5000))

    def check(address):
        charge = _reftrack.block_charge(address)
        assert charge and charge[:2] == live[address], (hex(address), charge, live[address])

    for step in range(60_000):
        scope = dice.choice(scopes)
        _reftrack.enter_scope(scope)
        action = dice.random()
        if action < 0.5 or not live:
            wanted = size()
            address = api.PyObject_Malloc(wanted)
            assert address not in live
            live[address] = (wanted, scope)
        elif action < 0.9:
            address = dice.choice(keys) if step % 50 else max(live)
            if address not in live:
                continue
            api.PyObject_Free(address)
            del live[address]
            continue
        else:
            old = next(iter(live))
            was, owner = live.pop(old)
            address = api.PyObject_Realloc(old, was // 2)
            live[address] = (was // 2, owner)
        check(address)
        if step % 50 == 0:
            keys = list(live)
    for address in live:
        check(address)
    _reftrack.enter_scope(0)
    for address in live:
        api.PyObject_Free(address)
    live.clear()
    keys.clear()
    left = [_reftrack.counters(scope)[1] for scope in scopes]
    print("blocks left:", left)
    """


@pytest.mark.parametrize("allocator", ["pymalloc", "malloc", "debug", "pymalloc_debug"])
def test_each_block_has_the_charge_of_its_last_allocation(allocator: str, tmp_path: Path) -> None:
    """Given blocks of all sizes made, shrunk and freed at random, when one that lives is asked for,
    then the ledger has its size and scope; when all are freed, then nothing is left of them."""
    script = tmp_path / "script.py"
    script.write_text(dedent(RANDOM_WALK))
    done = plain(script, cwd=tmp_path, env={"PYTHONMALLOC": allocator})
    assert done.returncode == 0, done.stderr
    # Of some 12,000 blocks; a free list keeps 2,000 of the script's own tuples.
    left = [int(word.strip("[],")) for word in done.stdout.split()[2:]]
    assert len(left) == 5
    assert sum(left) < 2500, done.stdout


def test_a_small_block_costs_few_bytes() -> None:
    """Stated in docs/performance.md: about 10 bytes per live block."""
    _reftrack.start(1)
    try:
        before = _reftrack.memory()
        with Within():
            kept = [object() for _ in range(300_000)]
        after = _reftrack.memory()
        blocks = after["blocks"] - before["blocks"]
        assert blocks >= len(kept)
        assert (after["entry_bytes"] - before["entry_bytes"]) / blocks < 16
    finally:
        _reftrack.stop()


def test_a_pool_that_changes_its_size_of_block_loses_nothing() -> None:
    """Given pools that are filled and emptied with blocks of one size after another, then each
    time all bytes are there, and gone when the blocks are."""
    _reftrack.start(1)
    try:
        for length in (0, 1, 4, 10, 30, 50, 3, 0, 60):
            with Within() as scope:
                kept = [(None,) * (length + 21) for _ in range(5000)]
                live = scope.live
            assert live >= 5000 * 8 * length
            del kept
            assert scope.live < 10_000
    finally:
        _reftrack.stop()


def test_pools_that_a_block_here_and_there_has_kept_are_given_up_when_it_goes() -> None:
    """Given a peak of which one block in a hundred outlasts the next scope, when these go, too,
    then the ledger is small again."""
    gc.collect()  # empties the free lists, of which other tests may have left thousands of blocks
    _reftrack.start(1)
    try:
        with Within():
            made = [bytes(100) for _ in range(500_000)]
            pins = made[::100]
            del made
        pinned = _reftrack.memory()["entry_bytes"]
        assert pinned > 4 << 20
        with Within():
            del pins
        assert _reftrack.memory()["entry_bytes"] < pinned / 2
    finally:
        _reftrack.stop()


def test_after_a_peak_the_ledger_is_small_again_and_has_what_is_left() -> None:
    """Given many blocks of all sizes of which few are left, when the next scope begins, then the
    ledger takes no third of what it took, and has each of those with its size and scope."""
    _reftrack.start(1)
    try:
        with Within() as scope:
            made = [bytes(length) for _ in range(300) for length in range(2, 1000)]
            at_peak = _reftrack.memory()["entry_bytes"]
            kept = made[::997]
            del made
        assert _reftrack.memory()["entry_bytes"] < at_peak / 3
        for block in kept:
            charge = _reftrack.block_charge(id(block))
            assert charge is not None
            assert charge[:2] == (block.__sizeof__(), scope.id)
    finally:
        _reftrack.stop()
