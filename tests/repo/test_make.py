"""The targets of the Makefile that remove something, run in a copy."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LEFTOVERS = ("build/lib/a.py", "bench.json", ".mypy_cache/a", ".pytest_cache/a", ".ruff_cache/a", ".hypothesis/a")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder with the Makefile, what tools leave behind, a study and the demo's store."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    for path in (*LEFTOVERS, "out/demo/patches/demo/manifest.json", "out/study/runs/grid/grid.json"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("{}")
    return tmp_path


def clean(folder: Path) -> str:
    return subprocess.run(["make", "clean"], cwd=folder, check=True, capture_output=True, text=True).stdout


def test_clean_removes_what_the_demo_and_the_tools_made_and_nothing_else(copy: Path):
    clean(copy)
    assert {str(path.relative_to(copy)) for path in copy.rglob("*") if path.is_file()} == {
        "Makefile",
        "out/study/runs/grid/grid.json",
    }


@pytest.mark.parametrize("record", ["reviews/first/0123456789abcdef/ada-000001.json", f"ledgers/{'a' * 64}/0001.json"])
def test_clean_keeps_a_store_with_reviews_or_an_opened_test_set_and_says_so(copy: Path, record: str):
    path = copy / "out/demo" / record
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    said = clean(copy)
    assert path.exists()
    assert (copy / "out/demo/patches/demo/manifest.json").exists()
    assert "out/demo is kept" in said
