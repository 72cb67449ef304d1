"""The statements of the report, as specs/report/README.md lists them: their files and tests exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "specs/report"
ROW = re.compile(
    r"^\| (?P<section>[^|]+) \| (?P<statement>[^|]+) \| \[[^\]]+\]\((?P<file>[^)]+)\) \| `(?P<test>[^`]+)` \|$"
)


def statements(text: str) -> list[re.Match[str]]:
    """Return the rows of the table of statements."""
    table = text.partition("## Every statement, where it is kept")[2].partition("\nRead otherwise")[0]
    return [match for line in table.splitlines() if (match := ROW.match(line))]


def missing(statement: re.Match[str]) -> list[str]:
    """Return what a row names and the tree has not."""
    path, _, test = statement["test"].partition("::")
    gone = [] if (FOLDER / statement["file"]).resolve().exists() else [statement["file"]]
    source = ROOT / path
    if not source.exists() or not re.search(rf"^(?:    )?def {test}\(", source.read_text(encoding="utf-8"), re.M):
        gone.append(statement["test"])
    return gone


def test_every_statement_has_a_file_and_a_test_that_exist():
    rows = statements((FOLDER / "README.md").read_text(encoding="utf-8"))
    assert len(rows) >= 40
    assert {row["section"].partition(".")[0] for row in rows} >= {"2", "3", "4", "5"}
    assert [gone for row in rows for gone in missing(row)] == []


def test_every_line_of_the_table_is_read():
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    table = text.partition("## Every statement, where it is kept")[2].partition("\nRead otherwise")[0]
    assert len(statements(text)) == sum(line.startswith("| ") for line in table.splitlines()) - 1  # its head


@pytest.mark.parametrize(
    ("file", "test"),
    [("gone.py", "tests/repo/test_statements.py::test_every_line_of_the_table_is_read"),
     ("README.md", "tests/repo/test_statements.py::test_that_is_not_there"),
     ("README.md", "tests/repo/test_gone.py::test_every_line_of_the_table_is_read")],
)  # fmt: skip
def test_what_is_gone_is_named(file: str, test: str):
    row = ROW.match(f"| 2 | a statement | [words]({file}) | `{test}` |")
    assert missing(row) == [file if file == "gone.py" else test]
