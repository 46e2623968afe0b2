"""reftrack.track() without a run: in scripts, in a prompt, in services; and what misuse says."""

from __future__ import annotations

import gc
import inspect
import os
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

import reftrack
import support
from reftrack import _reftrack

KEPT: list[object] = []

pytestmark = pytest.mark.skipif(
    _reftrack.recording_now(), reason="this suite runs under reftrack itself"
)


@pytest.fixture(autouse=True, params=["native", "tracemalloc"])
def backend(request: pytest.FixtureRequest) -> Iterator[str]:
    """Lines come from tracemalloc where the process traces already."""
    if request.param == "tracemalloc":
        tracemalloc.start(8)
    yield request.param
    tracemalloc.stop()
    KEPT.clear()
    gc.collect()


def names(t: reftrack.Tracker) -> list[str]:
    return [holder.name.removeprefix(f"{__name__}.") for holder in t.holders]


def test_figures_of_the_body() -> None:
    with reftrack.track() as t:
        KEPT.append(bytearray(300_000))
        gone = bytearray(1_000_000)
        del gone
    assert 1_300_000 < t.allocated_bytes < 1_310_000
    assert 1_300_000 < t.peak_bytes < 1_310_000
    assert 300_000 < t.survived_bytes < 301_000


def test_survivors_have_lines_biggest_first() -> None:
    with reftrack.track() as t:
        KEPT.append(bytearray(10_000))
        KEPT.append([bytearray(1000) for _ in range(300)])
    first, second = t.survivors[:2]
    assert first.bytes > 300_000
    assert first.objects >= 600
    assert second.bytes > 10_000
    assert first.traceback[-1].file == __file__
    assert first.traceback[-1].source == "KEPT.append([bytearray(1000) for _ in range(300)])"
    assert second.traceback[-1].source == "KEPT.append(bytearray(10_000))"
    assert sum(site.bytes for site in t.survivors) <= t.survived_bytes


def test_holders_are_named_and_none_of_them_is_the_tracker() -> None:
    with reftrack.track() as t:
        mine = bytearray(200_000)
        KEPT.append(bytearray(100_000))
    assert names(t)[:2] == [
        "mine in test_holders_are_named_and_none_of_them_is_the_tracker()",
        "KEPT",
    ]
    assert t.holders[0].kind == "frame"
    assert t.holders[1].survived_bytes > 100_000
    assert t.holders is t.holders
    assert not any("reftrack" in holder.name for holder in t.holders)
    assert mine


def test_garbage_is_no_survivor() -> None:
    with reftrack.track() as t:
        cycle: list[object] = [bytearray(100_000)]
        cycle.append(cycle)
        del cycle
    assert t.survived_bytes < 2000
    assert t.peak_bytes > 100_000


def test_snapshot_is_one_of_tracemallocs() -> None:
    with reftrack.track() as t:
        KEPT.append([bytearray(2000) for _ in range(100)])
    snapshot = t.snapshot()
    assert isinstance(snapshot, tracemalloc.Snapshot)
    top = snapshot.statistics("lineno")[0]
    assert top.size > 200_000
    assert top.traceback[0].filename == __file__
    assert sum(trace.size for trace in snapshot.traces) <= t.survived_bytes
    # An object from a free list is there, of which tracemalloc may know nothing.
    others = snapshot.filter_traces([tracemalloc.Filter(False, __file__)]).statistics("lineno")
    assert {stat.traceback[0].filename for stat in others} <= {"<unknown>"}
    assert sum(stat.size for stat in others) < 100
    with reftrack.track() as then:
        KEPT.append([bytearray(2000) for _ in range(200)])
    differences = then.snapshot().compare_to(snapshot, "filename")
    assert differences[0].size_diff > 0


def test_in_the_body_it_tells_of_what_is_alive_so_far() -> None:
    with reftrack.track() as t:
        KEPT.append(bytearray(100_000))
        assert 100_000 < t.survived_bytes < 102_000
        assert t.survivors[0].bytes > 100_000
        assert names(t)[0] == "KEPT"
        assert t.snapshot().statistics("lineno")[0].size > 100_000
        assert t.allocated_bytes < 110_000
        KEPT.append(bytearray(200_000))
    assert t.survived_bytes > 300_000
    assert t.survivors[0].bytes > 200_000


def test_reading_does_not_count() -> None:
    with reftrack.track() as t:
        before = t.allocated_bytes
        for _ in range(10):
            assert t.survivors is not None
            assert t.holders is not None
        assert t.allocated_bytes - before < 5000


def test_what_goes_later_is_left_out_and_what_comes_is_not_counted() -> None:
    with reftrack.track() as t:
        KEPT.append(bytearray(100_000))
        KEPT.append(bytearray(200_000))
    KEPT.pop()
    later = [bytearray(100_000) for _ in range(20)]
    assert 100_000 < sum(site.bytes for site in t.survivors) < 101_000
    assert t.survived_bytes > 300_000
    assert later


def test_what_grows_later_keeps_what_it_had() -> None:
    with reftrack.track() as t:
        grown = bytearray(100_000)
    grown += bytes(900_000)
    assert 100_000 <= t.survivors[0].bytes < 101_000


def test_two_trackers_one_after_the_other_can_both_be_read() -> None:
    with reftrack.track() as first:
        KEPT.append(bytearray(100_000))
    with reftrack.track() as second:
        KEPT.append(bytearray(200_000))
    assert 100_000 < sum(site.bytes for site in first.survivors) < 101_000
    assert 200_000 < sum(site.bytes for site in second.survivors) < 201_000
    assert names(first)[0] == names(second)[0] == "KEPT"


def test_the_ledger_ends_with_the_last_tracker() -> None:
    with reftrack.track() as first:
        pass
    with reftrack.track() as second:
        pass
    assert _reftrack.recording_now()
    del first
    gc.collect()
    assert _reftrack.recording_now()
    second.close()
    assert not _reftrack.recording_now()


def test_an_error_in_the_body_passes_and_the_tracker_can_be_read() -> None:
    def fails() -> None:
        KEPT.append(bytearray(100_000))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), reftrack.track() as t:
        fails()
    assert t.survived_bytes > 100_000


def test_other_threads_allocations_count() -> None:
    def work() -> None:
        KEPT.append(bytearray(250_000))

    with reftrack.track() as t:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert t.survived_bytes > 250_000
    assert t.survivors[0].traceback[-1].function == "work"


def test_numpy_data_counts() -> None:
    numpy = pytest.importorskip("numpy")
    with reftrack.track() as t:
        KEPT.append(numpy.zeros(500_000, dtype="u1"))
    assert t.survived_bytes > 500_000
    assert names(t)[0] == "KEPT"


def test_report_is_as_a_runs() -> None:
    with reftrack.track() as t:
        KEPT.append(bytearray(100_000))
    found = reftrack.report()
    assert found.complete
    assert found.totals.tests == 0
    assert found.totals.survived_bytes == t.survived_bytes
    assert found.holders == t.holders
    assert [scope.peak_bytes for scope in found.scopes] == [t.peak_bytes]


# ---- misuse ----


def test_trackers_do_not_nest() -> None:
    with reftrack.track() as t:
        line = inspect.currentframe().f_lineno - 1  # type: ignore[union-attr]
        KEPT.append(bytearray(100_000))
        nested = rf"do not nest, and the one of .*test_api_track\.py:{line} is open"
        with pytest.raises(reftrack.UsageError, match=nested), reftrack.track():
            pass
    assert t.survived_bytes > 100_000


def test_one_that_was_closed_in_its_body_has_ended() -> None:
    t = reftrack.track()
    t.__enter__()
    KEPT.append(bytearray(100_000))
    t.close()
    KEPT.append(bytearray(300_000))
    assert 100_000 < t.survived_bytes < 300_000
    with reftrack.track():
        pass


def test_close_in_the_body_is_its_end() -> None:
    with reftrack.track() as t:
        KEPT.append(bytearray(100_000))
        t.close()
        KEPT.append(bytearray(300_000))
    assert 100_000 < t.survived_bytes < 300_000


def test_one_that_was_dropped_in_its_body_has_ended() -> None:
    reftrack.track().__enter__()
    with reftrack.track() as t:
        KEPT.append(bytearray(100_000))
    assert t.survived_bytes > 100_000


def test_a_tracker_is_used_once() -> None:
    with reftrack.track() as t:
        pass
    with pytest.raises(reftrack.UsageError, match="used already"), t:
        pass


def test_a_tracker_that_has_not_begun_tells_nothing() -> None:
    t = reftrack.track()
    for read in ("survivors", "holders", "allocated_bytes", "peak_bytes", "survived_bytes"):
        with pytest.raises(reftrack.UsageError, match=r"not begun\n.*with reftrack.track"):
            getattr(t, read)
    with pytest.raises(reftrack.UsageError, match="not begun"):
        t.snapshot()


def test_left_in_another_thread() -> None:
    t = reftrack.track()
    t.__enter__()
    errors: list[reftrack.UsageError] = []

    def leave() -> None:
        try:
            t.__exit__(None, None, None)
        except reftrack.UsageError as error:
            errors.append(error)

    thread = threading.Thread(target=leave)
    thread.start()
    thread.join()
    assert "another thread" in str(errors[0])
    with reftrack.track():
        pass  # the first is closed all the same


def test_closed_or_replaced() -> None:
    with reftrack.track() as t:
        KEPT.append(bytearray(100_000))
    kept = t.survivors
    t.close()
    assert t.survivors is kept
    assert t.survived_bytes > 100_000
    with pytest.raises(reftrack.UsageError, match="closed"):
        t.holders  # noqa: B018
    with reftrack.track() as replaced:
        pass
    with reftrack.track(frames=3):
        pass
    with pytest.raises(reftrack.UsageError, match="another one has been started"):
        replaced.snapshot()


@pytest.mark.parametrize("frames", [0, 257, -1, True, 1.5, "4", None])
def test_frames_that_make_no_sense(frames: object) -> None:
    with pytest.raises(reftrack.UsageError, match="1 to 256 frames"):
        reftrack.track(frames=frames)  # type: ignore[arg-type]


def test_a_forked_child_leaves_the_parents_tracker_alone() -> None:
    t = reftrack.track()
    with t:
        pid = os.fork()
        if pid == 0:
            try:
                t.__exit__(None, None, None)
                t.survivors  # noqa: B018
            except reftrack.UsageError as error:
                with reftrack.track() as own:
                    KEPT.append(bytearray(100_000))
                os._exit(
                    7 if "another process" in str(error) and own.survived_bytes > 100_000 else 1
                )
            finally:
                os._exit(2)
        _, status = os.waitpid(pid, 0)
        KEPT.append(bytearray(100_000))
    assert os.waitstatus_to_exitcode(status) == 7
    assert t.survived_bytes > 100_000


def test_nothing_to_report(tmp_path: Path) -> None:
    code = "import reftrack; reftrack.report()"
    done = support.plain("-c", code, cwd=tmp_path)
    assert done.returncode == 1
    assert "nothing to report" in done.stderr
    assert "with reftrack.track() as t" in done.stderr


# ---- where it is used ----

SCRIPT = """
import reftrack
CACHE = {}
def work():
    for number in range(10):
        CACHE[number] = bytearray(10_000)
with reftrack.track() as t:
    work()
print([(h.name, h.kind, h.survived_bytes // 10_000) for h in t.holders][:1])
print(t.survivors[0].traceback[-1].line)
print(reftrack.report().totals.survived_bytes // 10_000)
"""
EXPECTED = ["[('__main__.CACHE', 'module-global', 10)]", "6", "10"]


def test_in_a_plain_script(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    done = support.plain("script.py", cwd=tmp_path)
    assert done.stderr == ""
    assert done.stdout.splitlines() == EXPECTED


PROMPTS = {
    "-i": (["-i"], "__main__.{}"),
    "code.interact": (["-c", "import code; code.interact(banner='')"], "{} in <module>()"),
}


@pytest.mark.parametrize("prompt", PROMPTS)
def test_at_a_prompt(tmp_path: Path, prompt: str) -> None:
    way, variable = PROMPTS[prompt]
    typed = """import reftrack
KEPT = []
with reftrack.track() as t:
    KEPT.append(bytearray(100_000))

print([h.name for h in t.holders][:1], t.survived_bytes // 1000)
order = [bytearray(1000)]
print([h.name for h in reftrack.holders(order[0])])
OTHER = {'x': order[0]}
print([h.name for h in reftrack.holders(order[0])])
"""
    done = support.plain(*way, cwd=tmp_path, input=typed)
    shown = [line for line in done.stdout.splitlines() if "[" in line]
    assert [line[line.index("[") :] for line in shown] == [
        f"['{variable.format('KEPT')}'] 100",
        f"['{variable.format('order')}']",
        f"['{variable.format('order')}', '{variable.format('OTHER')}']",
    ]


def test_in_a_service_with_a_pool_of_threads(tmp_path: Path) -> None:
    (tmp_path / "service.py").write_text(
        """
import threading
from concurrent.futures import ThreadPoolExecutor
import reftrack
SESSIONS = {}
def request(number):
    junk = [bytearray(1000) for _ in range(50)]
    SESSIONS[number] = bytearray(5_000)
    return len(junk)
with ThreadPoolExecutor(8) as pool:
    for round in range(3):
        with reftrack.track() as t:
            list(pool.map(request, range(round * 100, round * 100 + 100)))
        top = t.holders[0]
        print(top.name, top.survived_bytes // 50_000, t.allocated_bytes > 5_000_000)
    found = reftrack.holders(SESSIONS[7])
    print([h.name for h in found])
"""
    )
    done = support.plain("service.py", cwd=tmp_path)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        *["__main__.SESSIONS 10 True"] * 3,
        "['__main__.SESSIONS']",
    ]


def test_in_a_notebook(tmp_path: Path) -> None:
    pytest.importorskip("IPython")
    cells = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_cell("import reftrack")
shell.run_cell("class Order:\\n    def __init__(self): self.data = bytearray(100_000)")
shell.run_cell("order = Order(); order", store_history=True)
shell.run_cell("print([h.name for h in reftrack.holders(order)])", store_history=True)
shell.run_cell("with reftrack.track() as t:\\n    KEPT = [Order()]\\nprint(t.holders[0].name)")
"""
    done = subprocess.run(
        [sys.executable, "-c", cells], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith(("[", "__main__"))]
    assert any("Out" in line or "_oh" in line for line in lines), done.stdout + done.stderr
    assert any("KEPT" in line for line in lines), done.stdout + done.stderr
