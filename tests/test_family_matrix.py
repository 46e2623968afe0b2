"""Each runner of unittest's family, on the same planted leaks: the same holders, the same bytes."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest

import families
from families import LEAKS, OUTCOMES, PARALLEL, SERIAL, UNITTEST, Run, Runner

pytestmark = pytest.mark.slow

RUNNERS = SERIAL + PARALLEL
each = pytest.mark.parametrize("runner", RUNNERS, ids=lambda runner: runner.name)
each_serial = pytest.mark.parametrize("runner", SERIAL, ids=lambda runner: runner.name)


@cache
def run_of(runner: str, *options: str) -> Run:
    """The run of a runner, once for all tests here."""
    found = next(one for one in RUNNERS if one.name == runner)
    return families.under(found, Path(mkdtemp(prefix="reftrack-family-")), *options)


@each
def test_a_suite_ends_as_without_reftrack(runner: Runner, tmp_path: Path) -> None:
    expected = families.without(runner, tmp_path)

    done = run_of(runner.name).done

    assert done.returncode == expected.returncode == runner.status, done.stderr
    if not runner.is_parallel:  # its tests come in any order
        assert shown(runner, done) == shown(runner, expected)


def shown(runner: Runner, done: subprocess.CompletedProcess[str]) -> list[str]:
    """What is printed, but for times and folders."""
    if runner.is_binary:
        return re.findall(
            r"leaks\.\w+\.test_(?:one|two|three|fails|raises)|reason\w+|Error: \w+", done.stdout
        )
    text = re.sub(r"\d+\.\d+ ?s(?:econds)?\b|\b\d+\.\d{3,}", "...", done.stdout + done.stderr)
    text = re.sub(r"0x[0-9a-f]+|/tmp/[-\w/]+|20\d\d-[-:\d T]+", "...", text)
    return text.splitlines()


@each
def test_every_test_has_its_outcome_and_phases(runner: Runner) -> None:
    run = run_of(runner.name)

    outcomes = run.outcomes()
    assert len(outcomes) == run.report.totals.tests == 17
    for name, outcome in outcomes.items():
        name = name.replace("::", ".")
        expected = OUTCOMES.get(name) or OUTCOMES[name.partition(".")[0]]
        assert outcome == ("failed" if runner.is_pytest and expected == "error" else expected), name
    for scope in run.report.scopes:
        if scope.scope == "test":
            assert [phase.name for phase in scope.phases] == ["setup", "call", "teardown"]


@each
def test_it_keeps_what_unittest_keeps_or_what_the_matrix_says(runner: Runner) -> None:
    usual, run = run_of(UNITTEST.name), run_of(runner.name)

    for leak in LEAKS:
        expected = 0 if leak in runner.drops else runner.keeps.get(leak, usual.kept(leak))
        assert run.kept(leak) == pytest.approx(expected, rel=0.05), leak
    assert run.report.complete
    assert run.report.run.notes == []


@each
def test_a_holder_has_the_kind_the_verdict_and_the_fix_that_it_has_in_unittest(
    runner: Runner,
) -> None:
    usual, run = run_of(UNITTEST.name), run_of(runner.name)

    known = {holder.name: holder for holder in usual.report.holders}
    for holder in run.report.holders:
        if holder.name in LEAKS and holder.name in known:
            like = known[holder.name]
            assert (holder.kind, holder.owner) == (like.kind, like.owner)
            assert holder.verdict == like.verdict or runner.splits_classes  # one test in each
            assert holder.fix == like.fix or runner.is_pytest  # it has fixtures, and no self
            if like.proved_bytes is not None and holder.proved_bytes is not None:
                assert holder.proved_bytes == pytest.approx(like.proved_bytes, rel=0.05)


@each
def test_what_the_runner_notes_for_itself_is_its_bookkeeping(runner: Runner) -> None:
    for holder in run_of(runner.name).report.holders:
        if holder.name not in LEAKS and "rows in test_" not in "".join(holder.path[-1:]):
            assert holder.verdict in ("runner", "once", "unexplained"), holder
            assert holder.verdict == "runner" or holder.owner != "runner", holder


@each_serial
def test_release_and_repetitions_change_no_outcome(runner: Runner) -> None:
    usual, run = run_of(runner.name), run_of(runner.name, "--release", "--repeat", "2")

    assert run.done.returncode == runner.status
    assert shown(runner, run.done) == shown(runner, usual.done)
    assert run.outcomes() == usual.outcomes()
    assert not any(note.startswith("a fault") for note in run.report.run.notes)
    assert all(run.kept(leak) <= 1.05 * usual.kept(leak) for leak in LEAKS)
    repeated = [scope for scope in run.report.scopes if scope.repeats or scope.repeat_problem]
    assert repeated
    assert not [scope.repeat_problem for scope in repeated if scope.repeat_problem]


def test_the_table_of_the_docs_has_these_figures() -> None:
    written = families.RUNNERS_DOCUMENT.read_text(encoding="utf-8").splitlines()

    assert families.HEAD in written
    for runner in RUNNERS:
        measured = families.row(runner, run_of(runner.name))
        told = next((line for line in written if line.startswith(f"| {runner.name} |")), "none")
        assert figures(told) == pytest.approx(figures(measured), rel=0.05), measured


def figures(row: str) -> list[float]:
    return [0 if cell == "-" else float(cell) for cell in row.strip("| ").split(" | ")[1:]]
