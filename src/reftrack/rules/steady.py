"""What runners keep by themselves: bookkeeping that does not grow by anybody's mistake."""

from __future__ import annotations

from reftrack.model import HolderKind
from reftrack.rules.rule import Rule


def _steady(
    name: str, owners: tuple[str, ...], attributes: tuple[str, ...], why: str, fix: str = ""
) -> Rule:
    """Bookkeeping of a runner; `fix` is for what the user's own lines have put there."""
    kind: HolderKind = "result" if "result" in name else "instance-attribute"
    return Rule(name, owners, attributes, kind, why, fix=fix, verdict="runner")


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
        "testcase-clients",
        ("django.test.testcases.SimpleTestCase",),
        ("client", "async_client"),
        "Django makes the clients of each test on the class: the last test's stay with it",
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
