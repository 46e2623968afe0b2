"""Questions to the ledger make objects, and those must not move what is being read."""

from __future__ import annotations

from pathlib import Path

from support import run


def test_the_blocks_of_a_scope_are_told_while_another_thread_has_a_pause(tmp_path: Path) -> None:
    """Given a thread that has paused the ledger for itself, when another asks for 50,000 blocks,
    whose answer takes more than the ledger's arrays have room for, then all of them are told."""
    out = run(
        tmp_path,
        """
        import threading

        _reftrack.start(16)
        paused, done = threading.Event(), threading.Event()

        def hold():
            _reftrack.pause()
            paused.set()
            done.wait()
            _reftrack.resume()

        holder = threading.Thread(target=hold)
        holder.start()
        paused.wait()
        scope = _reftrack.new_scope()
        outer = _reftrack.enter_scope(scope)
        kept = [bytearray(8) for _ in range(40_000)] + [bytearray(600) for _ in range(8_000)]
        _reftrack.enter_scope(outer)
        before = _reftrack.memory()["blocks"]
        found, _ = _reftrack.blocks(scope)
        assert _reftrack.memory()["blocks"] - before < 100  # the answer is charged to no one
        print(len(found), sum(size for size, _ in found) == _reftrack.counters(scope)[0])
        done.set()
        holder.join()
        assert not _reftrack.pausing()
        """,
    )
    count, agrees = out.split()
    assert int(count) >= 96_000
    assert agrees == "True"


def test_a_stack_is_told_from_ever_new_stacks(tmp_path: Path) -> None:
    """Given a program that asks for lines without a pause, each time from code that was never there
    before, so that the answer's strings would have new stacks, then the lines stay right."""
    run(
        tmp_path,
        """
        _reftrack.start(64)
        kept = []

        def tree(depth):
            if depth == 0:
                kept.append(bytearray(9))
            else:
                tree(depth - 1)
                tree(depth - 1)

        tree(13)
        wanted = {}
        for k in range(6_000):
            stack = _reftrack.block_charge(id(kept[k % 2000]))[2]
            source = "def ask():\\n" + "\\n" * (k % 50) + "    return frames(stack, 16)\\n"
            names = {"frames": _reftrack.stack_frames, "stack": stack}
            exec(compile(source, f"<{k}>", "exec"), names)
            told = names["ask"]()
            assert wanted.setdefault(k % 2000, told) == told
            assert _reftrack.block_charge(id(told[0][0])) is None  # the answer is charged to no one
        """,
    )
