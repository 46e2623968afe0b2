"""The documents are complete: what can be listed, named or switched on stands in them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from reftrack import config, model, rules
from test_layers import ROW

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
HOLDERS = (ROOT / "docs" / "holders.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
ROOMS = sorted(
    path.name for path in (ROOT / "src").glob("*.[ph]*") if path.suffix in (".pxi", ".h")
)
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.name)
def test_each_rule_is_in_the_table_of_holders(rule: rules.Rule) -> None:
    assert f"`{rule.name}`" in HOLDERS


@pytest.mark.parametrize("kind", get_args(model.HolderKind))
def test_each_kind_of_holder_is_in_the_table_of_holders(kind: str) -> None:
    assert f"`{kind}`" in HOLDERS


@pytest.mark.parametrize("option", config.TABLE.values(), ids=lambda option: option.key)
def test_each_option_is_in_the_readmes_table_under_all_of_its_names(option: config.Option) -> None:
    rows = [
        line
        for line in README.splitlines()
        if line.startswith("| `--") and f"| `{option.key}` |" in line
    ]

    assert len(rows) == 1
    assert re.match(rf"\| `{option.flag}[ `]", rows[0])
    assert f"| `{option.variable}` |" in rows[0]


@pytest.mark.parametrize("verdict", get_args(model.Verdict))
def test_each_verdict_is_explained(verdict: str) -> None:
    reading = (ROOT / "docs" / "reading-a-report.md").read_text(encoding="utf-8")

    assert f"| `{verdict.upper()}` |" in README
    assert f"| `{verdict.upper()}` |" in reading


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files_that_there_are(document: Path) -> None:
    targets = _LINK.findall(document.read_text(encoding="utf-8"))
    local = [target for target in targets if not target.startswith(("http:", "https:"))]

    assert [target for target in local if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("module", ROW)
def test_each_module_is_in_the_table_of_rows(module: str) -> None:
    named = [line for line in ARCHITECTURE.splitlines() if line.startswith(f"| {ROW[module]} |")]

    assert any(f"`{module}" in line for line in named)


@pytest.mark.parametrize("room", ROOMS)
def test_each_room_of_the_extension_is_told(room: str) -> None:
    assert f"`{room}`" in ARCHITECTURE
