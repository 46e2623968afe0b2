"""The command line: `run`, `report`, `json`, `diff`, `combine` and `rules`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from reftrack import __version__, config, launch, outlet, timers
from reftrack.errors import ReftrackError, UsageError, no_report

if TYPE_CHECKING:
    from reftrack.model import Report
    from reftrack.session import Session

USAGE = """\
reftrack run [options] (-m MODULE | -c CODE | SCRIPT) [its arguments ...]
       reftrack report [options] [RUN]
       reftrack json   [options] [RUN] [-o FILE]
       reftrack diff   [options] OLD [NEW]
       reftrack combine [options] RUN [RUN ...] [-o FILE]
       reftrack rules"""

_RUN_OPTIONS = tuple(config.TABLE)
_VERBS = ("run", "report", "json", "diff", "combine", "rules")


def main(argv: Sequence[str]) -> int:
    """Do what `argv`, the words after `reftrack`, ask for; the result is the exit status.

    Raises KeyboardInterrupt where the wrapped program ended by one: python then dies by SIGINT.
    """
    try:
        words, target = split(argv)
        parsed, unknown = _parser().parse_known_args(words)
        if unknown:
            hint = f"See reftrack {words[0]} --help"
            raise UsageError(f"unknown option or argument {unknown[0]}", hint=hint)
        given = vars(parsed)
        verb = given.pop("verb")
        its_own = {key: given.pop(key) for key in [*given] if key not in config.TABLE}
        options = config.load(given)
        if verb != "run":
            from reftrack import verbs

            deed: Callable[..., int] = getattr(verbs, verb)
            return deed(options, **its_own)
        if target is None:
            raise UsageError("nothing to run", hint=_RUN_HINT)
        status = _run(options, target)
    except ReftrackError as error:
        _complain(error, sys.stderr)
        return error.exit_status
    if status == launch.INTERRUPTED:
        launch.interrupt()
    return status


# Words

_RUN_HINT = "For example: reftrack run -m pytest tests/   (see reftrack run --help)"


def split(argv: Sequence[str]) -> tuple[list[str], launch.Target | None]:
    """reftrack's own words, a verb first, and the target that they stand before, if any.

    Everything behind the target is the program's, whatever it looks like.
    """
    words = list(argv)
    if not words:
        raise UsageError("what is there to do?", hint=_RUN_HINT)
    if words[0] in _VERBS[1:] or words[0] in ("-h", "--help", "--version"):
        return words, None
    if words[0] != "run":
        _check_implied(words)
        words.insert(0, "run")
    place = 1
    while place < len(words) and _is_option(words[place]):
        place += 2 if words[place] in _VALUED else 1
    if words[place : place + 1] == ["--"]:
        return words[:place], _target(words[place + 1 :])
    return words[:place], _target(words[place:])


_VALUED = {option.flag for option in config.TABLE.values() if not option.is_switch}


def _is_option(word: str) -> bool:
    """Is it reftrack's own, or at least not where a target starts?"""
    return word.startswith("-") and word not in ("-", "--") and not word.startswith(("-m", "-c"))


def _check_implied(words: list[str]) -> None:
    word = words[0]
    if word.startswith(("-m", "-c")) or word.endswith(".py") or os.path.exists(word):
        return
    if word.startswith("-"):
        raise UsageError(
            f"unknown option {word}",
            hint="Options stand behind the verb: reftrack run [options] ...",
        )
    meant = launch.as_module(words) or _as_verb(words)
    raise UsageError(
        f"{word} is neither a command ({', '.join(_VERBS)}) nor a file",
        hint=f"Did you mean: {meant}" if meant else _RUN_HINT,
    )


def _as_verb(words: Sequence[str]) -> str:
    """The command line with the verb that a word is close to, if it is to one."""
    from difflib import get_close_matches
    from shlex import join

    close = get_close_matches(words[0], _VERBS, n=1)
    return join(["reftrack", *close, *words[1:]]) if close else ""


def _target(words: list[str]) -> launch.Target | None:
    if not words:
        return None
    first, rest = words[0], words[1:]
    for flag, kind in (("-m", "module"), ("-c", "code")):
        if first.startswith(flag):
            joined = [first[2:]] if first[2:] else []  # -mpytest
            if not joined and not rest:
                raise UsageError(f"argument expected for the {flag} option", hint=_RUN_HINT)
            name, *arguments = joined + rest
            return launch.Target("module" if kind == "module" else "code", name, arguments)
    if first == "-":
        raise UsageError("a program on standard input cannot be run", hint="Give it as a file.")
    return launch.Target("path", first, rest)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        verb = self.prog.partition(" ")[2]
        raise UsageError(message, hint=f"See {' '.join(['reftrack', verb]).strip()} --help")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="reftrack",
        usage=USAGE,
        description="Which test keeps which memory alive, what holds it, where it was allocated.",
        epilog="RUN is a record's file, its name or the start of it; by default the newest record. "
        "Settings are also read from [tool.reftrack] in pyproject.toml and from the environment.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"reftrack {__version__}")
    verbs = parser.add_subparsers(prog="reftrack", dest="verb", required=True, title="commands")
    run = verbs.add_parser(
        "run",
        usage="reftrack run [options] (-m MODULE | -c CODE | SCRIPT) [its arguments ...]",
        help="run a program, usually a test suite, and report what it keeps alive",
        description="Run a program as python does and report what its tests keep alive.",
        allow_abbrev=False,
    )
    report = verbs.add_parser("report", help="show the report of a run again", allow_abbrev=False)
    json = verbs.add_parser("json", help="write the record of a run as JSON", allow_abbrev=False)
    diff = verbs.add_parser(
        "diff",
        help="compare two runs: which holders are new, have grown, are gone",
        description="Compare two runs, each a record or a report as JSON: which holders are new, "
        "have grown, are gone or have shrunk.",
        allow_abbrev=False,
    )
    combine = verbs.add_parser(
        "combine",
        help="make one report of several runs, such as the shards of a CI job",
        description="Make one report of several runs, each a record or a report as JSON. It is "
        "written as JSON, by default to where records are kept, and shown.",
        allow_abbrev=False,
    )
    verbs.add_parser("rules", help="list what is known of frameworks", allow_abbrev=False)
    for verb, keys in (
        (run, _RUN_OPTIONS),
        (report, ("directory", "holders")),
        (json, ("directory",)),
        (diff, ("directory", "holders")),
        (combine, ("directory", "holders")),
    ):
        for key in keys:
            _add_option(verb, config.TABLE[key])
    for verb in (report, json):
        verb.add_argument("run", nargs="?", metavar="RUN", help="a record; by default the newest")
    json.add_argument("-o", dest="output", metavar="FILE", help="write to FILE, not to stdout")
    diff.add_argument("old", metavar="OLD", help="the record or report of the earlier run")
    diff.add_argument("new", nargs="?", metavar="NEW", help="the later one; by default the newest")
    diff.add_argument(
        "--exit-code", action="store_true", help="end with 1 where a holder is new or has grown"
    )
    diff.add_argument("--json", dest="output", metavar="FILE", help="write it as JSON to FILE, too")
    combine.add_argument("runs", nargs="+", metavar="RUN", help="a record, or a report as JSON")
    combine.add_argument("-o", dest="output", metavar="FILE", help="write the report to FILE")
    return parser


_METAVARS = {
    "frames": "N",
    "holders": "N",
    "repeat": "N",
    "directory": "DIR",
    "json": "FILE",
    "backend": "NAME",
    "release_only": "NAMES",
    "without_rules": "NAMES",
    "ignore": "NAMES",
    "fail_over": "SIZE",
    "baseline": "FILE",
    "memory_limit": "SIZE",
}


def _add_option(parser: argparse.ArgumentParser, option: config.Option) -> None:
    keywords: dict[str, Any] = {"dest": option.key, "default": argparse.SUPPRESS}
    if option.is_switch:
        help = f"do not {option.help}" if option.default else option.help
        keywords |= {"action": "store_const", "const": not option.default}
        parser.add_argument(option.flag, help=help, **keywords)
        return
    default = "" if option.default in (None, ()) else f"; by default {option.default}"
    help = f"{option.help} ({option.accepts}{default})"
    parser.add_argument(option.flag, metavar=_METAVARS[option.key], help=help, **keywords)


# Deeds


def _run(options: config.Options, target: launch.Target) -> int:
    from reftrack import signals
    from reftrack.reporters import github
    from reftrack.runners import unittest_hooks
    from reftrack.session import Session

    own_path, here, stream = list(sys.path), os.getcwd(), sys.stderr
    in_workflow = github.is_on(os.environ)  # which the program may change
    options, judge = _gates(options, here)
    json = None if options.json is None else config.writable(options.json, "--json")
    launch.prepare(target)
    if not launch.exists(target):
        status = launch.run(target)  # python's own words for it, and nothing to record
        if target.kind == "path" and (meant := launch.as_module(target.command)):
            outlet.tell(f"reftrack: did you mean: {meant}", stream)
        return status
    session = Session(options, target.command)
    session.start()
    signals.install(own_path)
    unittest_hooks.install()
    status = launch.run(target)
    if status == launch.INTERRUPTED:
        session.interrupted()
    # What the reporters import is found where reftrack is, wherever the program is.
    its_path, sys.path[:] = list(sys.path), own_path
    try:
        passed = _finish(session, status, options, judge, json, here, stream, in_workflow)
    except KeyboardInterrupt:
        outlet.tell("reftrack: interrupted before the report was complete", stream)
        return launch.INTERRUPTED
    finally:
        sys.path[:] = its_path
        signals.restore()
    return status or int(not passed)


Judge = Callable[["Report"], list[str]]


def _gates(options: config.Options, here: str) -> tuple[config.Options, Judge | None]:
    """What says for which gates a run is failed, where there are any; the baseline's whole path is
    in the options then. Raises UsageError where it cannot serve."""
    if not options.has_gates:
        return options, None
    from reftrack import gates

    options = gates.checked(options)
    return options, lambda report: gates.failures(report, options, here)


@timers.resting()
def _finish(
    session: Session,
    status: int,
    options: config.Options,
    judge: Judge | None,
    json: str | None,
    here: str,
    stream: TextIO | None,
    in_workflow: bool,
) -> bool:
    """End the session and report; did the run pass its gates? Nothing that goes wrong here is a
    failure of the program's."""
    _flush_output()  # the program's last words come before the report, as far as it is in python
    report, passed = None, not session.is_gated  # a gate that cannot tell was not passed
    try:
        report = session.finish(status, judge)
        passed = report is None or not report.failed
        if report is not None and json is not None:
            _write_json(report, json, stream)
        if report is not None and options.report and stream is not None:
            from reftrack.reporters import terminal

            with outlet.beside(stream) as out:
                terminal.render(
                    report, out, holders=options.holders, directory=here, record=session.path
                )
        elif report is not None:
            for reason in report.failed:  # a status without a word would be no help
                outlet.tell(f"reftrack: failed: {reason}", stream)
        if report is not None and in_workflow:
            from reftrack.reporters import github

            for command in github.commands(report, options.holders, directory=here):
                outlet.tell(command, stream)
    except ReftrackError as error:
        _complain(error, stream)
    except Exception as error:
        outlet.tell(no_report(error, session.path), stream)
    if report is None and not passed:
        outlet.tell("reftrack: failed: without a report its gates cannot tell", stream)
    return passed


def _write_json(report: Report, path: str, stream: TextIO | None) -> None:
    from reftrack.reporters.json import write

    try:
        write(report, path)
    except ReftrackError as error:
        _complain(error, stream)


def _flush_output() -> None:
    with suppress(Exception):  # closed, replaced by something odd, or nobody reads it any more
        sys.stdout.flush()


def _complain(error: ReftrackError, stream: TextIO | None) -> None:
    outlet.tell(f"reftrack: error: {error}", stream)
