"""Every name that a file imports from this tree exists: a module that moved, or a function, is missed by nobody."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(path for folder in ("jobs", "lib", "tests") for path in (ROOT / folder).rglob("*.py"))


def unknown(source: str) -> list[str]:
    """Return what the Python text imports from this tree, wherever in it, and cannot find there."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom) and node.module]
    ours = [node for node in nodes if (node.module or "").split(".")[0] in ("jobs", "neurograde", "tests")]
    return [
        f"{node.module}.{alias.name}" for node in ours for alias in node.names if not exists(node.module, alias.name)
    ]


def exists(module: str | None, name: str) -> bool:
    """Return True if the module has a top-level name or a submodule of that name."""
    path = (ROOT / "lib" if str(module).startswith("neurograde") else ROOT).joinpath(*str(module).split("."))
    if any((path / f"{name}{suffix}").exists() for suffix in ("", ".py")):
        return True
    files = [file for file in (path.with_suffix(".py"), path / "__init__.py") if file.exists()]
    return any(name in names_of(file) or "__getattr__" in names_of(file) for file in files)


@cache
def names_of(file: Path) -> frozenset[str]:
    """Return the names that the file binds outside functions and classes."""
    names: set[str] = set()
    waiting = list(ast.parse(file.read_text()).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        else:
            names |= {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
            waiting += [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)]
    return frozenset(names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_name_that_is_imported_from_this_tree_exists(path: Path):
    assert unknown(path.read_text()) == []


def test_a_module_and_a_name_that_do_not_exist_are_noticed():
    assert unknown("from neurograde.errors import SpecError, Sepcerror") == ["neurograde.errors.Sepcerror"]
    assert unknown("def f():\n    from tests.learning.gone import trunk") == ["tests.learning.gone.trunk"]
    assert unknown("from neurograde import errors\nfrom jobs.patch import patch\nimport numpy") == []
