"""Reports as JSON, read back: the whole of them, and what is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reftrack.errors import RecordError
from reftrack.records import is_complete, load
from reftrack.reporters.json import dumps
from reports import MIB, holder, report

WHOLE = report(holder("CACHE", {"m.T.test_1": MIB}), notes=["a note"])
WHOLE.failed = ["a gate"]


def test_a_report_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(dumps(WHOLE))

    assert load(path) == WHOLE


@pytest.mark.parametrize("sort", [True, False])
def test_other_tools_may_have_put_it_in_another_form(tmp_path: Path, sort: bool) -> None:
    """Keys in another order, without blanks, with fields of a later version."""
    document = json.loads(dumps(WHOLE)) | {"later": 1}
    path = tmp_path / "run.json"
    path.write_text("\n " + json.dumps(document, sort_keys=sort, separators=(",", ":")))

    assert load(path) == WHOLE


@pytest.mark.parametrize("complete", [True, False])
def test_whether_it_is_complete_is_read_alone(tmp_path: Path, complete: bool) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(dumps(report(complete=complete)))

    assert is_complete(path) is complete


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "is not whole"),
        (dumps(WHOLE)[:-9], "is not whole"),
        (dumps(WHOLE).replace(b"unittest", b"unit\xffest"), "is not whole"),
        (b"{}", "is not a record of reftrack, nor a report of one as JSON"),
        (b'{"format": "x"}', "is not a record of reftrack, nor a report"),
        (b"[1, 2]", "is not a record of reftrack"),
        (b'{"format": 2, "all": "else differs"}', "is a report of format 2; .* reads format 1"),
        (b'{"format": 1, "complete": 3}', "is damaged: Expected `bool`, got `int`"),
        (dumps(WHOLE).replace(b'"growing"', b'"glowing"'), "is damaged: Invalid enum value"),
    ],
)
def test_what_is_no_report_is_refused_with_a_hint(
    tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(content)

    with pytest.raises(RecordError, match=words) as caught:
        load(path)

    assert caught.value.hint
