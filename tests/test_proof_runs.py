"""Whatever the freed objects do in the copy, the run itself goes as it would without a proof."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent

import msgspec
import pytest

from reftrack.model import Holder, Report
from support import FOR_LINUX, plain, reftrack

SIZE = 400_000
pytestmark = pytest.mark.skipif(not FOR_LINUX, reason="proofs need Linux")

SUITE = """
import atexit, os, signal, socket, subprocess, sys, tempfile, threading, time, unittest, weakref

KEPT = []
PARENT = os.getpid()

class Thing:
    def __init__(self):
        self.data = bytearray(400_000)
        self.start()
    def start(self):
        pass

{body}

class T(unittest.TestCase):
    def test_1(self):
        KEPT.append(Thing())
    def test_2(self):
        KEPT.append(Thing())
    def test_3(self):
        KEPT.append(Thing())

{after}
"""


class Run:
    """A suite that keeps three things, plain and under reftrack."""

    def __init__(
        self,
        folder: Path,
        body: str,
        *options: str,
        after: str = "",
        env: dict[str, str] | None = None,
    ) -> None:
        suite = SUITE.format(body=dedent(body), after=dedent(after))
        (folder / "suite.py").write_text(suite)
        json = folder / "out.json"
        command = ("-m", "unittest", "suite")
        self.plain = plain(*command, cwd=folder, env=env)
        self.actual = reftrack("run", *options, "--json", json, *command, cwd=folder, env=env)
        assert self.actual.returncode == self.plain.returncode, self.actual.stderr
        assert self.actual.stdout == self.plain.stdout
        report = msgspec.json.decode(json.read_bytes(), type=Report)
        assert report.run.notes == []
        self.holder: Holder = next(h for h in report.holders if h.name == "suite.KEPT")
        assert self.holder.survived_bytes == pytest.approx(3 * SIZE, rel=0.05)
        assert self.holder.retained_bytes >= 3 * SIZE

    def assert_proved(self) -> None:
        assert self.holder.not_proved == ""
        assert self.holder.proved_bytes == pytest.approx(self.holder.retained_bytes, rel=0.02)
        assert "proved    cutting suite.KEPT freed 1." in self.actual.stderr


def finalizer(*lines: str) -> str:
    return "class Thing(Thing):\n    def __del__(self):\n" + indent("\n".join(lines), " " * 8)


# ---- what finalizers do in the copy reaches nothing ----


def test_files_that_finalizers_delete_stay(tmp_path: Path) -> None:
    body = """
        class Thing(Thing):
            def start(self):
                self.folder = tempfile.TemporaryDirectory(dir=".")
                self.file = os.path.join(self.folder.name, "precious")
                open(self.file, "w").close()
                if not KEPT:
                    atexit.register(check)  # called before the folders' own finalizers
            def __del__(self):
                os.unlink(self.file)

        def check():
            print([os.path.exists(thing.file) for thing in KEPT])
    """

    run = Run(tmp_path, body)

    run.assert_proved()
    assert run.actual.stdout == "[True, True, True]\n"


def test_a_file_is_not_written_to(tmp_path: Path) -> None:
    body = """
        class Thing(Thing):
            def start(self):
                self.file = open("log.txt", "a", 8192)  # 128 KiB in 3.14, unless told
            def __del__(self):
                self.file.write("bye")
                self.file.flush()
                os.write(self.file.fileno(), b"bye")
                open("other.txt", "w").close()

        @atexit.register
        def check():
            print(os.path.getsize("log.txt"), os.path.exists("other.txt"))
            os.unlink("log.txt")
    """

    run = Run(tmp_path, body)

    run.assert_proved()
    assert run.actual.stdout.startswith("0 ")


def test_a_socket_is_not_written_to(tmp_path: Path) -> None:
    body = """
        HERE, THERE = socket.socketpair()
        THERE.setblocking(False)

        class Thing(Thing):
            def __del__(self):
                HERE.send(b"x")
                HERE.shutdown(socket.SHUT_RDWR)

        @atexit.register
        def check():
            try:
                print(THERE.recv(10))
            except BlockingIOError:
                print("nothing came")
    """

    run = Run(tmp_path, body)

    run.assert_proved()
    assert run.actual.stdout == "nothing came\n"


def test_shared_memory_is_not_written_to(tmp_path: Path) -> None:
    body = """
        import mmap
        SHARED = mmap.mmap(-1, 4096)

        class Thing(Thing):
            def __del__(self):
                SHARED[0] = 1

        @atexit.register
        def check():
            print(SHARED[0])
    """

    run = Run(tmp_path, body)

    assert run.holder.proved_bytes is None
    assert run.holder.not_proved == "the copy of the process crashed (SIGSEGV)"
    assert run.actual.stdout == "0\n"


def test_processes_are_not_killed(tmp_path: Path) -> None:
    body = """
        CHILD = subprocess.Popen(["sleep", "60"])

        class Thing(Thing):
            def __del__(self):
                os.kill(PARENT, signal.SIGKILL)
                CHILD.kill()

        @atexit.register
        def check():
            global PARENT
            print(CHILD.poll())
            CHILD.kill()
            CHILD.wait()
            PARENT = 0
            Thing.__del__ = lambda self: None
    """

    run = Run(tmp_path, body)

    run.assert_proved()
    assert run.actual.stdout == "None\n"


def test_nothing_is_printed(tmp_path: Path) -> None:
    body = """
        class Thing(Thing):
            def __del__(self):
                if os.getpid() != PARENT:
                    print("from the copy", flush=True)
                    print("from the copy", file=sys.stderr, flush=True)
                    os.write(1, b"from the copy")
                    raise ValueError("from the copy")
    """

    run = Run(tmp_path, body)

    run.assert_proved()
    assert "from the copy" not in run.actual.stderr


def test_programs_threads_and_connections_are_not_started(tmp_path: Path) -> None:
    body = """
        class Thing(Thing):
            def __del__(self):
                if os.getpid() != PARENT:
                    for deed in (
                        lambda: subprocess.run(["touch", "made"]),
                        lambda: os.system("touch made"),
                        lambda: os.fork(),
                        lambda: os.mkdir("made"),
                        lambda: socket.create_connection(("127.0.0.1", 9)),
                        lambda: threading.Thread(target=print).start(),
                    ):
                        try:
                            deed()
                        except Exception:
                            pass

        @atexit.register
        def check():
            print(os.path.exists("made"))
    """

    run = Run(tmp_path, body)

    run.assert_proved()
    assert run.actual.stdout == "False\n"


# ---- copies that do not come to their end ----


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["while os.getpid() != PARENT: pass"], "was not done within 2.0 s"),
        (["while os.getpid() != PARENT: time.sleep(1)"], "was not done within 2.0 s"),
        (["if os.getpid() != PARENT: os._exit(3)"], "ended early"),
        (["if os.getpid() != PARENT: os.abort()"], "crashed (SIGABRT)"),
        (
            ["if os.getpid() != PARENT:", "    import ctypes; ctypes.string_at(0)"],
            "",
        ),
    ],
    ids=["spins", "sleeps", "exits", "aborts", "imports"],
)
def test_a_finalizer_that_never_returns(tmp_path: Path, lines: list[str], reason: str) -> None:
    run = Run(tmp_path, finalizer(*lines))

    if reason:
        assert run.holder.proved_bytes is None
        assert reason in run.holder.not_proved
        assert f"unproved  {run.holder.not_proved}" in run.actual.stderr
    else:
        run.assert_proved()


def test_a_crash_in_a_destructor_leaves_no_trace(tmp_path: Path) -> None:
    body = "import ctypes, faulthandler\nfaulthandler.enable()\n" + finalizer(
        "if os.getpid() != PARENT: ctypes.string_at(0)"
    )

    run = Run(tmp_path, body)

    assert run.holder.not_proved == "the copy of the process crashed (SIGSEGV)"
    assert "Fatal Python error" not in run.actual.stderr
    assert not list(tmp_path.glob("core*"))


# ---- the process itself is not touched ----


def test_handlers_of_signals_and_forks_are_not_called(tmp_path: Path) -> None:
    body = """
        CALLED = []
        signal.signal(signal.SIGCHLD, lambda *_: CALLED.append("SIGCHLD"))
        os.register_at_fork(
            before=lambda: CALLED.append("before"),
            after_in_parent=lambda: CALLED.append("parent"),
            after_in_child=lambda: os.kill(PARENT, signal.SIGKILL),
        )

        @atexit.register
        def check():
            print(CALLED, len(os.listdir("/proc/self/fd")))
    """

    run = Run(tmp_path, body)

    run.assert_proved()
    assert run.actual.stdout.startswith("[] ")


def test_waiting_for_any_child_finds_none(tmp_path: Path) -> None:
    body = """
        FOUND = []

        def wait():
            while True:
                try:
                    FOUND.append(os.wait())
                except ChildProcessError:
                    time.sleep(0.001)

        threading.Thread(target=wait, daemon=True).start()

        @atexit.register
        def check():
            with open(f"/proc/self/task/{PARENT}/children") as children:
                print(FOUND, children.read())
    """

    run = Run(tmp_path, body)

    run.assert_proved()
    assert run.actual.stdout == "[] \n"


def test_many_threads_at_work(tmp_path: Path) -> None:
    body = """
        STOP = []

        def work():
            made = []
            while not STOP:
                made = [bytes(1000) for _ in range(100)]
                made.append(sorted(range(1000)))

        THREADS = [threading.Thread(target=work, daemon=True) for _ in range(20)]
        for thread in THREADS:
            thread.start()

        def tearDownModule():
            STOP.append(1)
            for thread in THREADS:
                thread.join()
    """

    run = Run(tmp_path, body)

    run.assert_proved()


def test_what_a_thread_keeps_for_itself_can_be_proved(tmp_path: Path) -> None:
    body = """
        LOCAL = threading.local()
        GO = threading.Event()
        READY = threading.Event()

        def work():
            LOCAL.thing = bytearray(500_000)
            READY.set()
            GO.wait()

        class Thing(Thing):
            def start(self):
                if not READY.is_set():
                    threading.Thread(target=work, daemon=True).start()
                    READY.wait()
    """

    run = Run(tmp_path, body)

    run.assert_proved()


# ---- ways to run ----


def test_no_prove_proves_nothing(tmp_path: Path) -> None:
    run = Run(tmp_path, "", "--no-prove")

    assert run.holder.proved_bytes is None
    assert run.holder.not_proved == ""
    assert "proved" not in run.actual.stderr


@pytest.mark.parametrize(
    "env",
    [{"PYTHONMALLOC": "debug"}, {"PYTHONMALLOC": "malloc"}, {"PYTHONDEVMODE": "1"}],
    ids=lambda env: next(iter(env.values())),
)
def test_other_allocators(tmp_path: Path, env: dict[str, str]) -> None:
    Run(tmp_path, "", env=env).assert_proved()


def test_under_tracemalloc(tmp_path: Path) -> None:
    Run(tmp_path, "", "--backend", "tracemalloc").assert_proved()


def test_little_memory(tmp_path: Path) -> None:
    body = """
        import resource
        resource.setrlimit(resource.RLIMIT_AS, (600 << 20, 600 << 20))
    """

    Run(tmp_path, body).assert_proved()


def test_the_collector_left_off(tmp_path: Path) -> None:
    Run(tmp_path, "import gc\ngc.disable()\n").assert_proved()


def test_a_tracer_and_an_audit_hook_of_the_suites(tmp_path: Path) -> None:
    body = """
        EVENTS = []
        sys.settrace(lambda *args: None)
        sys.addaudithook(lambda event, args: EVENTS.append(event) if "fork" in event else None)
        @atexit.register
        def check():
            print(EVENTS)

        class Thing(Thing):
            def __del__(self):
                self.data.clear()
    """

    run = Run(tmp_path, body)

    assert run.actual.stdout == "[]\n"
    assert run.holder.proved_bytes is not None


def test_started_by_pytest_itself(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "KEPT = []\nclass TestIt:\n"
        "    def test_1(self): KEPT.append(bytearray(400_000))\n"
        "    def test_2(self): KEPT.append(bytearray(400_000))\n"
        "    def test_3(self): KEPT.append(open(__file__, 'r', 512))\n"  # 3.14: 128 KiB
    )
    options = ("-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest")
    for more, proved in ((), True), (("--reftrack-no-prove",), False):
        done = plain("-m", "pytest", *options, "--reftrack", *more, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert ("proved    cutting test_it.KEPT freed 78" in done.stdout) is proved
    refused = plain("-m", "pytest", *options, "--reftrack-no-prove", cwd=tmp_path)
    assert "--reftrack-no-prove needs --reftrack" in refused.stderr
