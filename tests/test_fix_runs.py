"""What is to be typed, as runs tell it: what was there before the tests stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from suites import PYTEST, UNITTEST, run_suite

CONTAINERS = """
    import array, collections, io, unittest

    class Stack(list):
        pass
    class Limited(dict):
        def __init__(self, size): self.size = size
    class Client:
        def __init__(self): self.log = []
    class Bare:
        pass

    SET = set(range(3))
    QUEUE = collections.deque(["first"])
    STACK = Stack(["first"])
    USER = collections.UserDict(a=1)
    BYTES = bytearray(b"first")
    STREAM = io.BytesIO(b"first")
    ARRAY = array.array("i", [1])
    EMPTY_QUEUE = collections.deque(maxlen=500)
    EMPTY_LIMITED = Limited(size=3)
    EMPTY_ARRAY = array.array("i")
    INNER = {"a": [], "b": []}
    CLIENTS = [Client(), Client()]
    BARES = [Bare(), Bare()]
    DEEP = {"x": [Client()]}

    class T(unittest.TestCase):
        def test_set(self): SET.add(bytes(100_000))
        def test_queue(self): QUEUE.append(bytearray(100_000))
        def test_stack(self): STACK.append(bytearray(100_000))
        def test_user(self): USER["b"] = bytearray(100_000)
        def test_bytes(self): BYTES.extend(bytes(100_000))
        def test_stream(self): STREAM.write(bytes(100_000))
        def test_array(self): ARRAY.extend([1] * 30_000)
        def test_empty_queue(self): EMPTY_QUEUE.append(bytearray(100_000))
        def test_empty_limited(self): EMPTY_LIMITED["a"] = bytearray(100_000)
        def test_empty_array(self): EMPTY_ARRAY.extend([1] * 30_000)
        def test_inner_a(self): INNER["a"].append(bytearray(100_000))
        def test_inner_b(self): INNER["b"].append(bytearray(100_000))
        def test_clients(self): CLIENTS[1].log.append(bytearray(100_000))
        def test_bares(self): BARES[1].log = [bytearray(100_000)]
        def test_deep(self): DEEP["x"][0].log.append(bytearray(100_000))
    """


def test_what_a_container_had_before_the_tests_stays_in_it(tmp_path: Path) -> None:
    run = run_suite(tmp_path, CONTAINERS, runner=UNITTEST)

    fixes = {holder.name.removeprefix("suite."): holder.fix for holder in run.report.holders}
    patched = 'mock.patch.object(suite, "{0}", {1}(suite.{0}))'.format
    assert patched("SET", "set") in fixes["SET"]
    assert patched("QUEUE", "copy.copy") in fixes["QUEUE"]
    assert patched("STACK", "copy.copy") in fixes["STACK"]
    assert "mock.patch.dict(suite.USER)" in fixes["USER"]
    assert patched("BYTES", "bytearray") in fixes["BYTES"]
    assert fixes["STREAM"] == "after each test: take out of suite.STREAM what the test put in"
    assert patched("ARRAY", "copy.copy") in fixes["ARRAY"]
    assert "suite.EMPTY_QUEUE.clear()" in fixes["EMPTY_QUEUE"]
    assert "suite.EMPTY_LIMITED.clear()" in fixes["EMPTY_LIMITED"]
    assert "del suite.EMPTY_ARRAY[:]" in fixes["EMPTY_ARRAY"]
    assert "mock.patch.dict(suite.INNER, copy.deepcopy(suite.INNER))" in fixes["INNER"]
    assert "for each in suite.CLIENTS: each.log.clear()" in fixes["CLIENTS"]
    assert 'for each in suite.BARES: vars(each).pop("log", None)' in fixes["BARES"]
    assert "suite.DEEP['x'][0].log.clear()" in fixes["DEEP"]


FIXTURES = """
    import pytest

    class Server:
        def __init__(self): self.log = {"get": [], "post": []}
    class Recorder:
        def __init__(self): self.seen = {}

    @pytest.fixture(scope="session")
    def rows(): return []
    @pytest.fixture(scope="session")
    def store(): return {"rows": []}
    @pytest.fixture(scope="session")
    def server(): return Server()
    @pytest.fixture(scope="session")
    def recorder(): return Recorder()

    @pytest.mark.parametrize("n", range(4))
    def test_all(rows, store, server, recorder, n):
        rows.append(bytearray(100_000))
        store["rows"].append(bytearray(100_000))
        server.log["get"].append(bytearray(100_000))
        recorder.seen[n] = bytearray(100_000)
    def test_none(): pass
    """


@pytest.mark.parametrize(
    ("fixture", "code"),
    [
        ("rows", "rows.clear()"),
        ("store", 'store["rows"].clear()'),
        ("server", 'server.log["get"].clear()'),
        ("recorder", "recorder.seen.clear()"),
    ],
)
def test_what_a_fixtures_value_has_itself_stays_in_it(
    tmp_path: Path, fixture: str, code: str
) -> None:
    run = run_suite(tmp_path, FIXTURES, runner=PYTEST)

    holders = [h for h in run.report.holders if h.name == f"fixture {fixture} (session)"]
    fix, narrow = max(holders, key=lambda h: h.survived_bytes).fix.split(", or ")
    assert narrow == 'give the fixture scope="function"'
    # Of a small dict or list it is not always known who made it: no code is better than too much.
    vague = ["take out what the test put in"] if fixture == "server" else []
    assert fix in [f"take out what the test put in ({code})", *vague]


CACHED = """
    import functools, unittest

    class Route:
        @functools.cached_property
        def table(self): return {n: bytearray(1000) for n in range(100)}

    ROUTES = [Route() for _ in range(3)]

    class T(unittest.TestCase):
        def test_1(self): self.assertEqual(len(ROUTES[0].table), 100)
        def test_2(self): self.assertEqual(len(ROUTES[1].table), 100)
    """


def test_a_cached_property_of_several_objects_is_taken_from_each(tmp_path: Path) -> None:
    run = run_suite(tmp_path, CACHED, runner=UNITTEST)

    [fix] = [holder.fix for holder in run.report.holders if holder.name == "suite.ROUTES"]
    assert 'for each in suite.ROUTES: vars(each).pop("table", None)' in fix


def test_nobody_is_told_to_let_go_of_a_call_that_goes_on(tmp_path: Path) -> None:
    suite = """
        import sys, unittest
        class T(unittest.TestCase):
            def test(self):
                frame = sys._getframe()
                while frame: frame = frame.f_back
        """
    run = run_suite(tmp_path, suite, runner=UNITTEST)

    assert [holder.fix for holder in run.report.holders if holder.name.endswith("()")] != []
    assert [h.fix for h in run.report.holders if h.name.endswith("()") and h.fix] == []
