"""A run that pytest itself starts, ends and reports: `pytest --reftrack`.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from reftrack import outlet, timers
from reftrack.errors import no_report
from reftrack.runners import pytest_options
from reftrack.untouched import BUILTINS

if TYPE_CHECKING:
    from reftrack.config import Options
    from reftrack.model import Report
    from reftrack.reporters.layout import Line
    from reftrack.session import Session

__builtins__ = BUILTINS

_MARKUP = {"dim": "light", "magenta": "purple", "reverse": "invert"}
"""What pytest's terminal writer calls the styles of the report, where the words differ."""


class OwnRun:
    """A session that pytest itself starts, ends and reports."""

    def __init__(self, session: Session, options: Options) -> None:
        self.session, self.options = session, options
        self.here = os.getcwd()  # the suite may leave it
        self.report: Report | None = None
        self.passed = True

    @classmethod
    def start(cls, config: pytest.Config, arguments: Any) -> OwnRun:
        from reftrack import dependencies

        dependencies.load()
        from reftrack import config as own
        from reftrack import gates
        from reftrack.errors import ReftrackError
        from reftrack.session import Session

        try:
            options = gates.checked(pytest_options.load(config, arguments))
            if options.json is not None:
                own.writable(options.json, "--reftrack-json")
            words = [str(word) for word in config.invocation_params.args]
            session = Session(options, ["-m", "pytest", *words])
            session.start()
        except ReftrackError as error:
            raise pytest.UsageError(str(error)) from None
        return cls(session, options)

    def pytest_report_header(self) -> str:
        from reftrack.reporters.words import size

        options = self.options
        record = os.path.relpath(self.session.path, self.here)
        facts = [
            f"{self.session.backend.name} backend",
            f"{options.frames} frames",
            f"record {record}",
        ]
        if options.fail_over is not None:
            facts.append(f"fails tests over {size(options.fail_over)}")
        if options.baseline is not None:
            facts.append(f"baseline {os.path.relpath(options.baseline, self.here)}")
        if options.memory_limit is not None:
            facts.append(f"memory limit {size(options.memory_limit)}")
        return "reftrack: " + ", ".join(facts)

    @pytest.hookimpl(hookwrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Iterator[None]:
        """Around nothing but other plugins' plain hooks: they have torn down all fixtures and
        ended xdist's workers, and the terminal's wrapper has not begun its summary."""
        yield
        self._finish(int(session.exitstatus))
        if not self.passed and session.exitstatus == 0:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        self._tell(
            functools.partial(self._to_terminal, terminalreporter), terminalreporter.write_line
        )

    def end(self) -> None:
        """The process goes on without pytest: report what was not reported."""
        self._finish(None)
        self._tell(self._to_stderr, _say)

    def _finish(self, status: int | None) -> None:
        """End the session. What goes wrong in it does not change pytest's status."""
        from reftrack import signals
        from reftrack.errors import ReftrackError

        try:
            self.passed = not self.session.is_gated
            report = self.session.finish(status, self._failures)
            self.passed = report is None or not report.failed
            if report is None:
                return
            self.report = report
            if self.options.json is not None:
                from reftrack.reporters import json

                json.write(report, os.path.join(self.here, self.options.json))
        except ReftrackError as error:
            _say(f"reftrack: error: {error}")
            if self.report is None and not self.passed:
                _say("reftrack: failed: without a report its gates cannot tell")
        finally:
            signals.restore()

    def _failures(self, report: Report) -> list[str]:
        from reftrack import gates

        return gates.failures(report, self.options, self.here)

    # ---- the report ----

    @timers.resting()
    def _tell(self, tell: Callable[[Report], None], say: Callable[[str], object]) -> None:
        """Once, by whoever comes first; what goes wrong is said, and no more than that."""
        report, self.report = self.report, None
        if report is None:
            return
        try:
            tell(report)
        except Exception as error:
            say(no_report(error, self.session.path))

    def _to_terminal(self, terminal: Any, report: Report) -> None:
        lines = self._lines(report, terminal._tw.fullwidth, is_short=terminal.verbosity < -1)
        if lines:
            terminal.write_sep("=", "reftrack")
        for line in lines:
            for text, style in line:
                terminal._tw.write(text, **markup(style))
            terminal._tw.line()
        for text in self._annotations(report):
            terminal._tw.line(text)

    def _to_stderr(self, report: Report) -> None:
        from reftrack.reporters import console

        def lines(width: int) -> list[Line]:
            return self._lines(report, width, is_short=False)

        if sys.stderr is not None:
            with outlet.beside(sys.stderr) as out:
                console.write(lines, out)
        for text in self._annotations(report):
            _say(text)

    def _lines(self, report: Report, width: int, *, is_short: bool) -> list[Line]:
        """With `-qq`, and where no report is wanted, only what fails the run; the former says where
        the rest is."""
        from reftrack.reporters import console, terminal

        lines = terminal.lines(
            report,
            self.options.holders,
            self.here,
            self.session.path,
            max(console.NARROWEST, width),
        )
        if not self.options.report:
            lines = [line for line in lines if line[0][1] == "failed"]
        elif is_short:
            own = ("reftrack", "record")
            lines = [line for line in lines if line[0][1] == "failed" or line[0][0].startswith(own)]
        return [
            [(console.printable(text, "utf-8"), style) for text, style in line] for line in lines
        ]

    def _annotations(self, report: Report) -> list[str]:
        from reftrack.reporters import github

        if not github.is_on(os.environ):
            return []
        return github.commands(report, self.options.holders, directory=self.here)


def _printable(line: Line) -> Line:
    from reftrack.reporters.console import printable

    return [(printable(text, "utf-8"), style) for text, style in line]


def markup(style: str) -> dict[str, bool]:
    from reftrack.reporters.console import STYLES

    words = STYLES[style].split()
    return {_MARKUP.get(word, word): True for word in words if word != "none"}


def _say(text: str) -> None:
    outlet.tell(text, sys.stderr)
