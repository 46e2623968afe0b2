"""When a `unittest.TestCase` and its class are over, and which frames a result keeps of it."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from types import FrameType, MethodType, TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

from reftrack import owners, release
from reftrack.guard import Apart, this_frame
from reftrack.holding import Known, Weak, is_any_held
from reftrack.release import Before
from reftrack.runners.releasing import Classes, Plan
from reftrack.untouched import BUILTINS

if TYPE_CHECKING:
    from reftrack.curing import Cure

__builtins__ = BUILTINS

# unittest leaves frames whose globals have this name out of the tracebacks that it prints.
__unittest = True

_PROGRAMS = (  # they run one suite, and nothing after it
    "django.test.runner",
    "nose.core",
    "nose2.main",
    "stestr.subunit_runner.program",
    "testtools.run",
    "unittest.main",
    "zope.testrunner.runner",
)
_SUSPENDED = 0x20 | 0x80 | 0x200  # CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR


class Suites:
    """What the outermost suite of a run, and its tests, hold."""

    def __init__(self, cure: Cure, note: Callable[[str], None]) -> None:
        self._cure, self._note = cure, note
        self._classes = Classes(cure)
        self._plan: Plan | None = None
        self._class: type | None = None
        self._told: dict[str, int] = {}
        self._suite: Callable[[], object] = _nothing
        self._runs_again = False  # the program may do so with the outermost suite

    def begin(self, suite: object) -> None:
        """The outermost suite begins."""
        with Apart(self._note):
            classes = classes_in(suite)
            self._plan = None if classes is None else Plan(classes)
            self._told = {}
            self._runs_again = _keeps_its_tests(suite) and _is_programs(suite)

    def next_test(self, suite: object, cls: type) -> None:
        """A test of this class is next, and has nothing set up; what was set up for others, and is
        not for it, is torn down. `suite` is the innermost one that it is in, if that is known."""
        with Apart(self._note):
            self._cure.flush()
            self._suite = _nothing if suite is None else Weak(suite)
            if cls is not self._class:
                self._next_class(cls)

    def _next_class(self, cls: type) -> None:
        if self._plan is not None:
            self._plan.go_to(cls)
        if self._class is None or not _awaits_teardown(self._class, cls):
            is_over = self._plan.is_over if self._plan else _not_among(release.bases(cls))
            self._classes.let_go(is_over, to_come=True)
        self._classes.begin(cls)
        self._class = cls

    def test_begins(self, test: object) -> Before | None:
        """What its instance has of its own before the test; None where that cannot be told."""
        with Apart(self._note):
            self._cure.flush()
            return release.before(test)
        return None

    def test_over(self, test: object, before: Before, result: object) -> None:
        """A test is over, and its result told."""
        with Apart(self._note):
            news = self._news_of(result)
            kept = _Kept(_nothing if self._runs_again else self._suite, _weak(result), news)
            self._cure.wait(Weak(test), before, kept.known)
            for name, tracebacks in _kept_tracebacks(result, news):
                self._cure.let_go_of_frames(name, partial(clear, tracebacks))

    def over(self) -> None:
        """The outermost suite is over, its last class and module torn down.

        Another suite may go on with the same result: where that begins with the class that was
        last, unittest does not set the class up again (`_handleClassSetUp`). A TextTestRunner's
        result is its own.
        """
        with Apart(self._note):
            self._cure.flush()
            if _is_run_by("unittest.runner"):
                self._class = None
            last = () if self._class is None else release.bases(self._class)
            to_come = not _is_run_by(*_PROGRAMS)
            self._classes.let_go(_not_among(last), to_come=to_come)

    def _news_of(self, result: object) -> dict[str, slice]:
        """Where in the lists of a result the entries are that it has got since the last test."""
        news = {}
        for name, entries in release.attributes(result):
            if type(entries) is list:
                told, self._told[name] = self._told.get(name, 0), len(entries)
                if told < len(entries):
                    news[name] = slice(told, len(entries))
        return news


class _Kept(NamedTuple):
    """What of unittest keeps a test that is over: a suite that does not clean up, and a result, in
    whose lists the test had `news`."""

    suite: Callable[[], object]
    result: Callable[[], object]
    news: dict[str, slice]

    def known(self, test: object) -> Known:
        suite, result = self.suite(), self.result()
        tests = dict(release.attributes(suite)).get("_tests")
        held = [test] if _keeps_its_tests(suite) and type(tests) is list else []
        owners = [suite, tests, result]
        for name, value in release.attributes(result):
            owners.append(value)
            if type(value) is list:
                held += value[self.news[name]] if name in self.news else ()
            elif type(value) is dict:
                held += [part for pair in value.items() for part in pair if part is test]
                lists = [entries for entries in value.values() if type(entries) is list]
                held += [part for entries in lists for part in entries if part is test]
                owners += lists  # testtools has skipped tests by their reason
            elif value is test:
                held.append(value)
        return Known(held, owners, [])


def _keeps_its_tests(suite: object) -> bool:
    """Where it does not, a test that is still in it is to run once more."""
    spaces = [release.namespace_of(base) for base in release.mro_of(type(suite))]
    own = dict(release.attributes(suite))
    cleanup = next((space["_cleanup"] for space in (own, *spaces) if "_cleanup" in space), True)
    return release.is_exactly(cleanup, bool, int, type(None)) and not cleanup


def _is_programs(suite: object) -> bool:
    """Does the program have a suite otherwise than in a frame that runs? Who has is not told where
    objects are frozen."""
    if release.is_heap_frozen():
        return True
    for referrer in gc.get_referrers(suite):
        if not release.is_exactly(referrer, FrameType, MethodType):
            whose = owners.of_module(release.module_of(type(referrer)))
            if whose != "runner":  # `unittest.main` has it
                return True
    return False


def _nothing() -> None:
    return None


def _weak(result: object) -> Callable[[], object]:
    try:
        return Weak(result)
    except TypeError:
        return _nothing


def _kept_tracebacks(
    result: object, news: dict[str, slice]
) -> Iterable[tuple[str, list[TracebackType]]]:
    """Those that a result has got in its lists, and nobody else refers to; a result that shows the
    locals of frames in its texts may still make them."""
    own = dict(release.attributes(result))
    shows_locals = own.get("tb_locals")
    if shows_locals is not None and shows_locals is not False:
        return
    for name, where in news.items():
        entries: Any = own[name]
        found = [
            traceback
            for index in range(where.start, where.stop)
            if not _is_read_elsewhere(entries, index)
            for traceback in _tracebacks(entries[index])
        ]
        if found:
            yield f"frames in {release.name_of(type(result))}.{name}", found


def _is_read_elsewhere(entries: list[object], index: int) -> bool:
    """Does anybody but the result refer to one of the exceptions of its entry, or to a traceback or
    frame of theirs?"""

    def parts() -> list[object]:
        links = list(_links(_tracebacks(entries[index])))
        return [*_errors(entries[index]), *links, *_over(links)]

    return is_any_held(parts, lambda: Known([entries[index]], [entries], []))


def classes_in(suite: Any) -> list[type] | None:
    """The classes of a suite's tests in their order; None where they cannot be told without asking
    the suite, which may make its tests only as it runs them."""
    found: list[type] = []
    pending = [suite]
    base = sys.modules["unittest.suite"].BaseTestSuite
    while pending:
        test = pending.pop()
        if test is None:  # a test that is over
            continue
        if not issubclass(type(test), base):
            found.append(type(test))
            continue
        tests = dict(release.attributes(test)).get("_tests")
        order = release.mro_of(type(test))
        iterates = next(cls for cls in order if "__iter__" in release.namespace_of(cls))
        if type(tests) is not list or iterates is not base:
            return None
        pending += reversed(tests)
    return found


def _awaits_teardown(cls: type, next_class: type) -> bool:
    """Does what tears down the module come later, and could want what is on the class?"""
    name = release.module_of(cls)
    if name != release.module_of(next_class):
        return False
    cleanups = vars(sys.modules["unittest.case"]).get("_module_cleanups")
    return bool(cleanups) or "tearDownModule" in release.module_namespace(sys.modules.get(name))


def _is_run_by(*modules: str) -> bool:
    frame: FrameType | None = this_frame()
    while frame is not None and frame.f_globals.get("__name__") not in modules:
        frame = frame.f_back
    return frame is not None


def _not_among(classes: Iterable[type]) -> Callable[[type], bool]:
    among = set(map(id, classes))
    return lambda cls: id(cls) not in among


def _tracebacks(entry: Any) -> list[TracebackType]:
    """Those in a result's entry, and of its exceptions."""
    found = [_traceback_of(error) for error in _errors(entry)]
    for part in _parts(entry):
        found += part if type(part) is tuple else ()  # `sys.exc_info()`
    return [part for part in found if type(part) is TracebackType]


def _errors(entry: Any) -> list[BaseException]:
    """The exceptions in a result's entry, and those that led to them."""
    links: list[Any] = []
    for part in _parts(entry):
        links += part if type(part) is tuple else (part,)
    links = [link for link in links if issubclass(type(link), BaseException)]
    known = set(map(id, links))
    for link in links:
        for part in (_cause_of(link), _context_of(link)):
            if part is not None and id(part) not in known:
                known.add(id(part))
                links.append(part)
    return links


def _parts(entry: Any) -> tuple[Any, ...]:
    """An entry is most often a pair of a test and `sys.exc_info()`."""
    return tuple(entry) if release.is_exactly(entry, tuple, list) else (entry,)


# Past properties that an exception may have under these names.
_traceback_of = vars(BaseException)["__traceback__"].__get__
_cause_of = vars(BaseException)["__cause__"].__get__
_context_of = vars(BaseException)["__context__"].__get__


def clear(tracebacks: Iterable[TracebackType]) -> None:
    """Take the locals from the frames of tracebacks, whose texts stay as they are: as
    `traceback.clear_frames` does, but not from generators."""
    for frame in _over(_links(tracebacks)):
        with suppress(RuntimeError):  # another thread runs it
            frame.clear()


def _links(tracebacks: Iterable[TracebackType]) -> Iterator[TracebackType]:
    """Each traceback with those within it."""
    known: set[int] = set()
    for first in tracebacks:
        traceback: TracebackType | None = first
        while traceback is not None and id(traceback) not in known:
            known.add(id(traceback))
            yield traceback
            traceback = traceback.tb_next


def _over(links: Iterable[TracebackType]) -> Iterator[FrameType]:
    """The frames of tracebacks that do not run any more. A generator's may be suspended, which a
    frame's `clear` would end (`frame_clear`, Objects/frameobject.c, 3.11 and 3.12)."""
    running = set()
    frame: FrameType | None = this_frame()
    while frame is not None:
        running.add(id(frame))
        frame = frame.f_back
    for traceback in links:
        is_generators = traceback.tb_frame.f_code.co_flags & _SUSPENDED
        if not is_generators and id(traceback.tb_frame) not in running:
            yield traceback.tb_frame
