"""Test modules lend each other nothing: what several of them use is in tests/support/."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def borrowed(source: str) -> list[str]:
    """Return the test modules and conftests that the Python text imports from."""
    modules = [node.module or "" for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
    own = (name for name in modules if name.startswith("tests."))
    return [name for name in own if name.rpartition(".")[2].startswith(("test_", "conftest"))]


@pytest.mark.parametrize(
    "path", sorted((ROOT / "tests").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT / "tests"))
)
def test_a_module_borrows_from_no_test_module(path: Path):
    assert borrowed(path.read_text()) == []


def test_a_borrowed_function_is_noticed():
    assert borrowed("def f():\n    from tests.jobs.test_patch import opened") == ["tests.jobs.test_patch"]
    assert borrowed("from tests.jobs.conftest import paint") == ["tests.jobs.conftest"]
