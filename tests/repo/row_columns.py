"""The columns of the notebook's tables, for lib/neurograde/notebook/README.md, from the docstrings of the rows."""

from __future__ import annotations

import ast
import inspect
from typing import Any

from neurograde.evaluation.session_table import SessionRow
from neurograde.notebook.rows import ArtefactRow, EpochRow, OpeningRow, RunRow

TABLES: tuple[tuple[str, Any], ...] = (
    ("sessions", SessionRow), ("history", EpochRow), ("runs", RunRow), ("ledger", OpeningRow),
    ("artefacts", ArtefactRow),
)  # fmt: skip


def columns() -> str:
    """Return a table per table of the API: its columns and what they hold."""
    parts = []
    for name, row in TABLES:
        lines = [f"| `{field}` | {meaning} |" for field, meaning in documented(row)]
        summary = (inspect.getdoc(row) or "").replace("\n", " ")
        parts += [f"\n<details><summary><b>{name}()</b>: {summary}</summary>\n", "| column | |", "|---|---|", *lines]
        parts += ["\n</details>"]
    return "\n".join(parts).strip("\n")


def documented(row: Any) -> list[tuple[str, str]]:
    """Return the fields of the NamedTuple, each with the docstring below it; ValueError for one without."""
    [definition] = ast.parse(inspect.getsource(row)).body
    assert isinstance(definition, ast.ClassDef)
    meanings = dict(zip(definition.body, definition.body[1:], strict=False))
    found = [
        (field.target.id, meaning.value.value)
        for field, meaning in meanings.items()
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(meaning, ast.Expr)
        and isinstance(meaning.value, ast.Constant)
    ]
    if [name for name, _ in found] != list(row._fields):
        raise ValueError(f"{row.__name__}: a field has no docstring")
    return [(name, " ".join(str(meaning).split())) for name, meaning in found]
