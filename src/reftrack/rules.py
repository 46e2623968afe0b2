"""What is known of frameworks: one table of small pure rules.

A rule says how a place is recognised, by whose attribute it is; what the holder is then called, and
what helps. Where no rule fits, the plain path names the holder (see `choosing`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from reftrack import naming
from reftrack.errors import UsageError
from reftrack.model import HolderKind, Verdict
from reftrack.naming import Bases, Place


class Rule(NamedTuple):
    """`owners`: classes (those that derive from them, too), modules or functions, in full;
    `attributes`: theirs, any where it is empty. `title` and `fix` are made with the place's {text}
    and {attribute}, {called} for what its owner is called, and the text of the place {before} it.
    `verdict` is that of each holder which the rule recognises: "runner" for a runner's steady
    bookkeeping, "once" for what stays within bounds; None where the figures decide."""

    name: str
    owners: tuple[str, ...]
    attributes: tuple[str, ...]
    kind: HolderKind
    why: str
    title: str = "{text}"
    fix: str = ""
    verdict: Verdict | None = None
    keys: str = ""  # only what has a key that begins so
    put_there: bool = (
        False  # by the tests themselves: a library's registry, and no cache of its own
    )
    root: str = ""  # where a reader's interest begins, whatever leads there
    whoever: bool = False  # bookkeeping also of what the user's own lines have made


def _steady(
    name: str, owners: tuple[str, ...], attributes: tuple[str, ...], why: str, fix: str = ""
) -> Rule:
    """Bookkeeping of a runner; `fix` is for what the user's own lines have put there."""
    kind: HolderKind = "result" if "result" in name else "instance-attribute"
    return Rule(name, owners, attributes, kind, why, fix=fix, verdict="runner")


def _bounded(
    name: str, owners: tuple[str, ...], attributes: tuple[str, ...], why: str, title: str = "{text}"
) -> Rule:
    return Rule(name, owners, attributes, "cache", why, title=title, verdict="once")


END_THREAD = "tell the thread to end before the test does, then wait for it: thread.join()"

STEADY = (
    _steady(
        "pytest-reports",
        ("_pytest.terminal.TerminalReporter",),
        ("stats",),
        "pytest keeps the reports of every test for its summary: 2.5 kB for a test that passes",
    ),
    _steady(
        "pytest-items",
        ("_pytest.nodes.Node", "_pytest.main.Session"),
        (),
        "pytest keeps every collected item to the end; running it fills its caches and its stash",
    ),
    _steady(
        "pytest-warnings",
        ("pluggy._caller.HookCaller", "pluggy._hooks.HookCaller"),
        ("_call_history",),
        "pytest keeps each warning, with its text, for its summary and for later plugins",
    )._replace(whoever=True),
    _steady(
        "pytest-fixtures",
        ("_pytest.fixtures.FixtureDef", "_pytest.fixtures.FixtureManager"),
        ("_finalizers", "_arg2finish", "_arg2fixturedefs", "_nodeid_autousenames", "cached_param"),
        "pytest keeps the definitions of fixtures; their values are shown as holders",
    ),
    _steady(
        "pytest-plugins",
        ("_pytest.config.Config", "_pytest.config.PytestPluginManager"),
        (),
        "pytest's configuration and its plugins note outcomes: last failures, durations",
    ),
    Rule(
        "pytest-current-test",
        ("posix", "os._Environ"),
        ("environ", "_data"),
        "module-global",
        "pytest notes in the environment which test runs, and in which phase",
        title="os.environ['PYTEST_CURRENT_TEST']",
        verdict="runner",
        keys="PYTEST_CURRENT_TEST",
        root="module os",
    ),
    _steady(
        "pytest-stashes",
        ("_pytest.stash.Stash",),
        (),
        "plugins note what they need in the stashes of the configuration and of items",
        fix="del config.stash[key] after the test",
    ),
    _steady(
        "unittest-results",
        ("unittest.result.TestResult",),
        (),
        "a result keeps the texts of failures and, from 3.12 on, the duration of every test",
    ),
    _steady(
        "unittest-suites",
        ("unittest.suite.BaseTestSuite", "unittest.loader.TestLoader"),
        (),
        "a suite counts its tests and puts None where a test was",
    ),
    _steady(
        "pynose-contexts",
        ("nose.suite.ContextSuiteFactory",),
        (),
        "pynose keeps the suites of classes and modules, and these their tests: passed ones, too",
    )._replace(root="pynose ContextSuiteFactory.context"),
    _steady(
        "testcase-internals",
        ("unittest.case.TestCase",),
        (
            "_class_cleanups",
            "tearDown_exceptions",
            "atomics",
            "cls_atomics",
            "databases",
            "_cls_overridden_context",
            "_overridden_settings",
            "_pre_setup_ran_eagerly",
        ),
        "unittest and Django note on the class which clean-ups, transactions and databases it uses",
    ),
    _steady(
        "testtools-internals",
        ("testtools.testcase.TestCase",),
        (
            "_TestCase__details",
            "_TestCase__exception_handlers",
            "_traceback_id_gens",
            "_unique_id_gen",
            "exception_handlers",
        ),
        "testtools notes on each test the texts of its errors, and how it is to be run",
    ),
    _steady(
        "trial-internals",
        ("twisted.trial._synctest._Assertions",),
        ("_installObserver", "_observer", "_passed", "_reactorMethods", "_warnings"),
        "trial notes on each test the warnings and logged errors that it caused",
    ),
    _steady(
        "runner-internals",
        (),
        (),
        "anything else that belongs to a module of a test runner: unittest, pytest, Django's, "
        "trial, zope.testrunner, testtools, stestr, nose2, pynose, unittest-xml-reporting",
    ),
)

BOUNDED = (
    Rule(
        "linecache-generated",
        ("linecache",),
        ("cache",),
        "module-global",
        "attrs, and others that generate code, put the source of each class's methods there, "
        "under a name in angle brackets; it stays when the class is gone",
        title="linecache.cache (generated source)",
        fix="make the class once, at module level; or after the test: linecache.clearcache()",
        keys="<",
        put_there=True,
    ),
    _bounded("linecache", ("linecache",), ("cache",), "the lines of source files, for tracebacks"),
    _bounded("re-cache", ("re",), ("_cache", "_cache2"), "compiled patterns, 512 at most"),
    _bounded("tokenizer", ("tokenize", "inspect", "ast"), (), "source code that was looked at"),
    _bounded(
        "sqlite-connections",
        ("sqlite3.Connection",),
        ("cached_statements", "cursors"),
        "a connection keeps its last 128 statements, and drops its dead cursors by the 200",
    ),
    _bounded(
        "patched-dicts",
        ("unittest.mock._patch_dict",),
        ("_original",),
        "mock.patch.dict() keeps its copy of the dict when it has put that back, one per patch",
        title="copies in mock.patch.dict()",
    ),
    _bounded(
        "urls-django",
        ("django.urls.resolvers.URLResolver",),
        ("_reverse_dict", "_namespace_dict", "_app_dict", "_callback_strs", "__dict__"),
        "the tables of a URL configuration: one for each language in which it was asked",
    ),
    _bounded(
        "events-sqlalchemy-none",
        ("sqlalchemy.event.base._Dispatch",),
        ("_empty_listener_reg", "_empty_listeners"),
        "for each class with events an empty collection per event",
    ),
    _bounded(
        "mappers-sqlalchemy",
        ("sqlalchemy.orm.mapper.Mapper",),
        ("_compiled_cache",),
        "a mapper keeps its last 100 or so compiled statements",
    ),
    _bounded("codecs", ("encodings",), ("_cache",), "codecs that were looked up"),
    _bounded(
        "import-caches",
        ("sys", "importlib._bootstrap_external", "_frozen_importlib_external"),
        ("path_importer_cache", "FileFinder", "_path_cache"),
        "what the import system knows of directories",
    ),
    Rule(
        "typing",
        ("typing",),
        ("_cleanups", "_caches"),
        "cache",
        "typing remembers what generic types were subscripted with, 128 of each at most",
        title="typing (caches of subscripted types)",
        verdict="once",
    ),
    Rule(
        "subclasses",
        (),
        ("__subclasses__()",),
        "c-reference",
        "the interpreter's registry of a class's subclasses: it has weak references to them, and "
        "room for as many as were alive at once",
        verdict="once",
        root="the interpreter",
    ),
    Rule(
        "interned-strings",
        (),
        (),
        "c-reference",
        "the interpreter's table of interned strings: it has room for as many as were alive at "
        "once, and is made anew, and larger, in whatever test that room runs out",
        verdict="once",
    ),
)

FRAMEWORKS = (
    Rule(
        "environment",
        ("posix", "os._Environ"),
        ("environ", "_data"),
        "module-global",
        "the environment of the process is that of all tests",
        title="os.environ",
        fix='monkeypatch.setenv("NAME", value) in pytest, else '
        "self.enterContext(mock.patch.dict(os.environ, NAME=value)): both put it back",
        put_there=True,
        root="module os",
    ),
    Rule(
        "warnings",
        (),
        ("__warningregistry__",),
        "cache",
        "each module notes the texts of the warnings that were shown, once per line",
        fix="{text}.clear() after the test, or warnings whose text does not differ each time",
    ),
    Rule(
        "sub-tests",
        ("unittest.case._SubTest",),
        ("params", "_message"),
        "result",
        "a result keeps a sub-test that failed, with what it was given",
        fix="give subTest() something small: self.subTest(name=name)",
    ),
    Rule(
        "class-cleanups",
        ("unittest.case.TestCase",),
        ("_class_cleanups",),
        "class-attribute",
        "a class's clean-ups run after its own tests: those of a base class without tests never do",
        fix="cls.addClassCleanup(...) on the class whose tests run, or call doClassCleanups()",
    ),
    Rule(
        "monkeypatches",
        ("_pytest.monkeypatch.MonkeyPatch",),
        ("_setattr", "_setitem"),
        "callback",
        "a MonkeyPatch of one's own keeps what it has replaced until undo()",
        fix="{before}.undo() after the test, or use the fixture monkeypatch",
    ),
    Rule(
        "pytest-finalizers",
        ("_pytest.runner.SetupState",),
        ("stack",),
        "callback",
        "what addfinalizer() of the session or a module was given is called when that is over",
        fix="request.addfinalizer(...) in the fixture, not request.session's or another node's",
    ),
    Rule(
        "sys-last",
        ("sys",),
        ("last_value", "last_exc", "last_traceback"),
        "exception",
        "the interpreter keeps the last error that was shown, for pdb.pm()",
        title="sys.{attribute}",
        fix="del sys.{attribute}",
        verdict="once",
    ),
    Rule(
        "logging-handlers",
        ("logging.Logger",),
        ("handlers",),
        "callback",
        "a logger keeps its handlers, and they what they hold",
        title="logging.getLogger({called}).handlers",
        fix="self.addCleanup(logging.getLogger({called}).removeHandler, handler)",
    ),
    Rule(
        "logging-filters",
        ("logging.Logger",),
        ("filters",),
        "callback",
        "loggers and handlers keep their filters",
        title="logging.getLogger({called}).filters",
        fix="self.addCleanup(logging.getLogger({called}).removeFilter, filter)",
    ),
    Rule(
        "handler-filters",
        ("logging.Handler",),
        ("filters",),
        "callback",
        "loggers and handlers keep their filters",
        fix="self.addCleanup(handler.removeFilter, filter)",
    ),
    Rule(
        "logging-records",
        ("logging.handlers.BufferingHandler",),
        ("buffer",),
        "callback",
        "the handler keeps records, and they their arguments, until it is flushed",
        fix="handler.close() after the test, and removeHandler(handler)",
    ),
    Rule(
        "loggers",
        ("logging.Manager",),
        ("loggerDict",),
        "module-global",
        "loggers are never removed: one name for each test adds up",
        title="logging.Logger.manager.loggerDict",
        fix="use one logger's name, as logging.getLogger(__name__)",
        put_there=True,
        root="module logging",
    ),
    Rule(
        "finalizers",
        ("weakref.finalize",),
        ("_registry",),
        "callback",
        "what weakref.finalize() was given as function and arguments stays until it is called",
        title="weakref.finalize._registry",
        fix="give weakref.finalize() nothing that refers to the object; or after the test: "
        "finalizer.detach()",
    ),
    Rule(
        "timers",
        ("threading.Timer",),
        ("function", "args", "kwargs"),
        "thread",
        "a timer keeps its function and arguments until it has fired or is cancelled",
        fix="timer.cancel() after the test, as by self.addCleanup(timer.cancel)",
    ),
    Rule(
        "threads",
        ("threading.Thread",),
        ("_target", "_args", "_kwargs", "function", "args", "kwargs"),
        "thread",
        "a thread keeps its target and arguments until it ends",
        fix=END_THREAD,
    ),
    Rule(
        "threads-running",
        ("threading",),
        ("_active", "_limbo", "_dangling"),
        "thread",
        "a thread that runs",
        fix=END_THREAD,
    ),
    Rule(
        "executors",
        ("concurrent.futures.thread",),
        ("_threads_queues",),
        "callback",
        "an executor keeps what was submitted until a thread of its own has run it",
        fix="executor.shutdown(cancel_futures=True) after the test, as by "
        "self.addCleanup(executor.shutdown, cancel_futures=True)",
    ),
    Rule(
        "gc-callbacks",
        ("gc",),
        ("callbacks",),
        "callback",
        "the collector's callbacks stay until they are removed",
        fix="self.addCleanup(gc.callbacks.remove, callback)",
        put_there=True,
        root="module gc",
    ),
    Rule(
        "event-loops",
        ("asyncio.base_events.BaseEventLoop",),
        ("_ready", "_scheduled"),
        "callback",
        "an event loop keeps what waits to be run",
        fix="task.cancel() or handle.cancel(), then loop.close(), before the test ends",
    ),
    Rule(
        "signals-django",
        ("django.dispatch.dispatcher.Signal",),
        ("receivers", "sender_receivers_cache"),
        "callback",
        "a signal keeps receivers that were connected with weak=False",
        title="{before}.receivers",
        fix="{before}.disconnect(receiver) after the test, or connect it without weak=False",
    ),
    Rule(
        "queries-django",
        ("django.db.backends.base.base.BaseDatabaseWrapper",),
        ("queries_log",),
        "cache",
        "with DEBUG or force_debug_cursor the connection logs its last 9000 queries",
        title="connection.queries_log",
        fix="django.db.reset_queries(), or DEBUG = False",
    ),
    Rule(
        "wrappers-django",
        ("django.db.backends.base.base.BaseDatabaseWrapper",),
        ("execute_wrappers",),
        "callback",
        "wrappers around the execution of queries stay until their block is left",
        title="connection.execute_wrappers",
        fix="connection.execute_wrappers.clear(), or use `with connection.execute_wrapper(...)`",
    ),
    Rule(
        "sqlite-callbacks",
        ("sqlite3.Connection",),
        ("callbacks",),
        "callback",
        "a connection keeps the functions that it calls: to trace, to authorize, for progress",
        fix="{before}.set_trace_callback(None) after the test, or what else it was set by",
    ),
    Rule(
        "querysets-django",
        ("django.db.models.query.QuerySet",),
        ("_result_cache", "_prefetch_related_lookups"),
        "cache",
        "a queryset keeps its results once it has been read",
        fix="use {before}.all(): a new queryset has no results yet",
    ),
    Rule(
        "locmem-django",
        ("django.core.cache.backends.locmem",),
        ("_caches",),
        "cache",
        "the local-memory cache lives as long as the process",
        title="django.core.cache.cache (in local memory)",
        fix="self.addCleanup(django.core.cache.cache.clear)",
    ),
    Rule(
        "mail-django",
        ("django.core.mail",),
        ("outbox",),
        "module-global",
        "the test runner's outbox; Django empties it before each test",
        fix="django.core.mail.outbox.clear()",
    ),
    Rule(
        "models-django",
        ("django.apps.registry.Apps",),
        ("all_models", "app_configs", "_pending_operations"),
        "module-global",
        "each model class is registered for good",
        title="apps.{attribute}",
        fix="decorate the test with django.test.utils.isolate_apps(...)",
    ),
    Rule(
        "settings-django",
        ("django.conf.LazySettings", "django.conf.UserSettingsHolder"),
        (),
        "module-global",
        "settings that were overridden and not put back",
        title="settings.{attribute}",
        fix="override_settings({attribute}=...) as a decorator; or, where it was enabled: "
        "self.addCleanup(overridden.disable)",
    ),
    Rule(
        "content-types-django",
        ("django.contrib.contenttypes.models.ContentTypeManager",),
        ("_cache",),
        "cache",
        "content types are cached by model: one for each, and no more",
        fix="ContentType.objects.clear_cache()",
        verdict="once",
    ),
    Rule(
        "classes-sqlalchemy",
        ("sqlalchemy.orm.decl_api.registry",),
        ("_class_registry", "_managers", "_dependents", "_dependencies"),
        "module-global",
        "a registry keeps the mapped classes that were declared with it",
        title="{before}",
        fix="declare mapped classes once, at module level; or {before}.dispose() after the test",
    ),
    Rule(
        "tables-sqlalchemy",
        ("sqlalchemy.sql.schema.MetaData",),
        ("tables",),
        "module-global",
        "a MetaData keeps the tables that were made with it",
        fix="metadata.clear() after the test",
    ),
    Rule(
        "events-sqlalchemy",
        ("sqlalchemy.event.registry",),
        ("_key_to_collection", "_collection_to_key"),
        "callback",
        "listeners stay until they are removed",
        title="event listeners (sqlalchemy)",
        fix="sqlalchemy.event.remove(target, name, listener) after the test",
    ),
    Rule(
        "events-sqlalchemy-targets",
        (
            "sqlalchemy.event.attr.RefCollection",
            "sqlalchemy.event.attr._ListenerCollection",
        ),
        (),
        "callback",
        "listeners stay until they are removed",
        title="event listeners (sqlalchemy)",
        fix="sqlalchemy.event.remove(target, name, listener) after the test",
    ),
    Rule(
        "events-sqlalchemy-first",
        (
            "sqlalchemy.engine.base.Engine",
            "sqlalchemy.orm.mapper.Mapper",
            "sqlalchemy.orm.session.Session",
            "sqlalchemy.orm.session.sessionmaker",
            "sqlalchemy.pool.base.Pool",
            "sqlalchemy.sql.schema.MetaData",
        ),
        ("dispatch",),
        "callback",
        "listeners stay until they are removed",
        title="event listeners (sqlalchemy)",
        fix="sqlalchemy.event.remove(target, name, listener) after the test",
    ),
    Rule(
        "compiled-sqlalchemy",
        ("sqlalchemy.engine.base.Engine",),
        ("_compiled_cache",),
        "cache",
        "an engine keeps its last 500 compiled statements, with their parameters",
        fix="{before}.clear_compiled_cache() after the test",
    ),
    Rule(
        "sessions-sqlalchemy",
        ("sqlalchemy.orm.session.Session",),
        ("identity_map", "_new", "_deleted"),
        "instance-attribute",
        "a session keeps new and changed objects until it is closed",
        title="Session.{attribute}",
        fix="session.close() after the test",
    ),
)

ANY = "..."
"""Stands for what an owner is called, where that differs from one to the next."""

RULES = (*FRAMEWORKS, *BOUNDED, *STEADY)
OF_KEYS = tuple(rule for rule in STEADY if rule.keys)
"""A runner's part of a place that another rule is about."""

KEYS = tuple({rule.keys for rule in RULES if rule.keys})
WITH_ROOTS = tuple(rule for rule in RULES if rule.root)
RUNNER_INTERNALS = STEADY[-1]
INTERNED_STRINGS = BOUNDED[-1]


def named(names: Collection[str]) -> frozenset[str]:
    """Rules that give a verdict, by their names; "all" stands for every one. Raises UsageError."""
    known = frozenset(rule.name for rule in RULES if rule.verdict)
    if "all" in names:
        return known
    for name in names:
        if name not in known:
            raise UsageError(
                f"there is no rule {name} that keeps something quiet",
                hint="The first two lists of reftrack rules have those.",
            )
    return frozenset(names)


def rule_for(place: Place, bases: Bases, rules: Iterable[Rule] = RULES) -> Rule | None:
    """The first rule that recognises a place."""
    return next(
        (
            rule
            for rule in rules
            if (not rule.attributes or place.attribute in rule.attributes)
            and naming.first_key(place.text).removeprefix("b").strip("'").startswith(rule.keys)
            and _fits(rule, place, bases)
        ),
        None,
    )


def known_key(label: object) -> str:
    """Which `Rule.keys` a key begins with; empty where it does with none."""
    text = label.decode(errors="replace") if type(label) is bytes else label
    return next((keys for keys in KEYS if type(text) is str and text.startswith(keys)), "")


def root_of(place: Place, bases: Bases) -> str:
    """Where a path that leads through this place begins for its reader; empty where it does at its
    own root."""
    rule = rule_for(place, bases, WITH_ROOTS)
    return rule.root if rule is not None else ""


def last_match(
    places: Sequence[Place], bases: Bases, rules: Iterable[Rule] = OF_KEYS + FRAMEWORKS + BOUNDED
) -> tuple[int, Rule] | None:
    """The last of the places that a rule recognises, and the rule."""
    rules = tuple(rules)
    for k in range(len(places) - 1, -1, -1):
        rule = rule_for(places[k], bases, rules)
        if rule is not None:
            return k, rule
    return None


def _fits(rule: Rule, place: Place, bases: Bases) -> bool:
    if not rule.owners:
        return bool(rule.attributes)
    return any(naming.is_a(place.owner, o, bases) for o in rule.owners)


def words(template: str, places: Sequence[Place], at: int) -> str:
    """A rule's title or fix for the place `at`."""
    place = places[at]
    before = places[at - 1] if at > 0 else None
    return template.format(
        text=naming.without_subscripts(place.text),
        attribute=place.attribute,
        called=ANY,
        before=naming.without_subscripts(before.text) if before else place.owner.rsplit(".", 1)[-1],
    )
