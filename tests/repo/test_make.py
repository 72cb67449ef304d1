"""The targets of the Makefile that remove something, run in a copy; what the others install."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.repo.lock import DEVELOPMENT, LOCK

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


@pytest.mark.parametrize(
    ("target", "whole"),
    [("demo", False), ("chain SPECS=specs/demo", False), ("install", False), ("test", True), ("check", True)],
)
def test_what_runs_jobs_installs_the_upper_part_of_the_lock_and_tests_the_rest(
    tmp_path: Path, target: str, whole: bool
):
    for name in ("Makefile", "requirements.lock", "pyproject.toml", "setup.py"):
        shutil.copy(ROOT / name, tmp_path)
    shown = subprocess.run(["make", "-n", *target.split()], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert "--require-hashes -r .venv/jobs.lock" in shown.stdout
    assert ("--require-hashes -r requirements.lock" in shown.stdout) == whole


def test_the_upper_part_is_cut_at_the_line_that_the_lock_has(tmp_path: Path):
    cut = re.search(r"sed '(.*)' requirements\.lock", (ROOT / "Makefile").read_text())
    upper = subprocess.run(
        ["sed", cut[1].replace("$$", "$"), "requirements.lock"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    assert upper == LOCK.read_text().partition(DEVELOPMENT)[0]
    assert cut[1].replace("$$", "$") in (ROOT / "Dockerfile").read_text()
