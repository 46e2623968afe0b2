"""The ledger and the graph under valgrind's memcheck: `python tests/memcheck.py`.

Without an argument it starts itself under valgrind, with malloc in pymalloc's place so that each
block is known, and fails where an error has the extension among its innermost frames, or where
memory that the extension itself had from malloc is lost at the end. What the interpreter does wrong
by itself is counted and no more.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tempfile
import threading
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

INNERMOST = 8
"""Frames of an error in which the extension is looked for: it calls C functions and traverse
functions, which call it back."""

EXCUSED = {
    # 3.11's int.from_bytes(b"") reads a digit that was never written (maybe_small_long() in
    # Objects/longobject.c), and takes the address of its 0 by it.
    "_PyLong_FromByteArray": "where the value is from",
    # Reads all of an object's block, what is unused too (src/lost.pxi), and follows nothing there.
    "__pyx_f_8reftrack_9_reftrack_survey_scan": "the innermost frame",
}


def main() -> int:
    if sys.argv[1:] == ["here"]:
        exercise()
        return 0
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder, "errors.xml")
        options = (
            "--xml=yes",
            f"--xml-file={told}",
            "--leak-check=full",
            "--track-origins=yes",
            "--error-limit=no",
        )
        status = subprocess.call(
            ["valgrind", *options, sys.executable, __file__, "here"],
            env={**os.environ, "PYTHONMALLOC": "malloc"},
        )
        errors = ElementTree.parse(told).getroot().findall("error")
    ours = [error for error in errors if is_ours(error)]
    for error in ours:
        print(words(error), file=sys.stderr)
    others = len(errors) - len(ours)
    print(f"{len(ours)} errors in the extension; {others} excused, or the interpreter's")
    return 1 if status or ours else 0


def is_ours(error: ElementTree.Element) -> bool:
    frames = [is_extensions(frame) for frame in error.findall("stack[1]/frame")]
    kind = error.findtext("kind", "")
    if kind.startswith("Leak_"):
        # A pointer to an object is one into the middle of its block: only certain losses count.
        return kind == "Leak_DefinitelyLost" and frames[1]
    stacks = [functions(stack) for stack in error.findall("stack")]
    excused = stacks[0][0] in EXCUSED or any(
        name in EXCUSED for stack in stacks[1:] for name in stack
    )
    return any(frames[:INNERMOST]) and not excused


def functions(stack: ElementTree.Element) -> list[str]:
    return [frame.findtext("fn", "?") for frame in stack.findall("frame")]


def is_extensions(frame: ElementTree.Element) -> bool:
    return "_reftrack" in frame.findtext("obj", "")


def words(error: ElementTree.Element) -> str:
    lines = [error.findtext("what") or error.findtext("xwhat/text") or "?"]
    for frame in error.findall("stack[1]/frame")[:INNERMOST]:
        where = f"{frame.findtext('file', '?')}:{frame.findtext('line', '?')}"
        lines.append(f"  {frame.findtext('fn', '?')} ({where})")
    return "\n".join(lines)


# ---- under valgrind ----


class Node:
    one: object
    two: object


class Slotted:
    __slots__ = ("one", "two")


def exercise() -> None:
    """Each room of the extension once, and the tables beyond the size that they begin with."""
    from reftrack import _reftrack

    for frames in (1, 16):
        _reftrack.start(frames)
        scopes = [_reftrack.new_scope() for _ in range(4)]
        fill(_reftrack, scopes)
        ask(_reftrack, scopes)
        _reftrack.stop()
        ask_without_a_ledger(_reftrack)


def fill(ledger: Any, scopes: list[int]) -> None:
    kept: list[Any] = []
    for number, scope in enumerate(scopes):
        outer = ledger.enter_scope(scope)
        kept += [bytes(size) for size in range(0, 3000, 3)]
        kept += [bytearray(700) for _ in range(2000)]
        kept.append(graph(number))
        kept[0:0] = [None] * 50  # grows in each scope
        for line in range(200):
            exec(compile("\n" * line + "made = bytes(9)", f"<{number}>", "exec"), {})
        thread = threading.Thread(target=add_a_graph, args=(kept,))
        thread.start()
        thread.join()
        inner, around = ledger.enter_within()
        kept.append(bytearray(5000))
        ledger.leave_within(inner)
        ledger.move_scope(inner, around)
        del kept[::3]
        ledger.end_scope(scope)
        ledger.enter_scope(outer)
    sys.modules["memcheck_holds"] = type(sys)("memcheck_holds")
    sys.modules["memcheck_holds"].kept = kept  # type: ignore[attr-defined]  # a root of what is in it


def graph(seed: int) -> list[Any]:
    nodes: list[Any] = [(Node, Slotted, dict, list)[k % 4]() for k in range(200)]
    for number, node in enumerate(nodes):
        one, two = nodes[(number * 7 + seed) % 200], nodes[number - 1]
        if isinstance(node, list):
            node += [one, two, f"text {number}", 2.5 * number]
        elif isinstance(node, dict):
            node.update({number: one, f"key {number}": two})
        else:
            node.one, node.two = one, (two, closure(node))
    return nodes


def closure(o: object) -> object:
    return lambda: o


def add_a_graph(kept: list[Any]) -> None:
    kept.append(graph(7))


def ask(ledger: Any, scopes: list[int]) -> None:
    for scope in scopes:
        found, _ = ledger.blocks(scope)
        assert all(ledger.stack_frames(stack, 16) is not None for _, stack in found[:100])
    wanted = bytearray(max(scopes) + 1)
    for scope in scopes:
        wanted[scope] = 1
    seen = ledger.explain(bytes(wanted), "/nowhere", 1000, False)
    assert seen.groups
    last = [group[3] for group in seen.groups]
    count = len(seen.groups)
    seen.sums(list(range(1, count + 1)), bytes(count), [10] * (count + 1), 10)
    seen.cut([step for step in last if seen.steps[step][0]][:20], range(count))
    seen.close()
    ledger.collect()
    ledger.memory(), ledger.footprint(), ledger.idle_bytes(), ledger.import_scopes()


def ask_without_a_ledger(ledger: Any) -> None:
    held = graph(3)
    ledger.retained(held, "/nowhere")
    ledger.instances((Node, Slotted))
    seen, _ = ledger.explain_objects((held[0], held[1]), None, "/nowhere", True, False)
    seen.close()
    del sys.modules["memcheck_holds"]
    gc.collect()


if __name__ == "__main__":
    sys.exit(main())
