"""`--dry-run` of every job: what would be read, made and skipped, and nothing is written."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from jobs.chain import chain
from neurograde.specs.catalogue import BY_NAME, JOBS
from neurograde.storage.store import Store
from tests.support.small import write_small


@pytest.fixture
def small(tmp_path: Path, memory_url: str) -> Path:
    return write_small(tmp_path / "specs", store=memory_url)


def run(small: Path, job: str, *options: str) -> int:
    path = small / f"{BY_NAME[job].spec_of or job}.yaml"
    code: int = getattr(importlib.import_module(f"jobs.{job}"), job).main([str(path), *options])
    return code


def objects(url: str) -> list[str]:
    return sorted(Store(url).list(""))


FIELDS: dict[str, str] = {
    "review": "source: {images: demo, pattern: '(?P<class>.)(?P<family>.)'}\nreviewer: r\nmin_tissue_share: 0\n",
    "export": "evaluation: demo\n",
    "baseline": "dataset: demo\nclasses: [PD, D]\npositive: D\nmethod: {kind: fractal}\nseed: 1\n",
    "predict": "evaluation: demo\nimages: none\n",
}


@pytest.mark.parametrize("job", [entry.name for entry in JOBS])
def test_every_job_says_what_it_would_do_in_an_empty_store_and_writes_nothing(
    small: Path, memory_url: str, job: str, capsys: pytest.CaptureFixture[str]
):
    path = small / f"{BY_NAME[job].spec_of or job}.yaml"
    if not path.exists():
        path.write_text(f"extends: common.yaml\njob: {job}\nname: demo\n{FIELDS[job]}")
    code = run(small, job, "--dry-run")
    lines = capsys.readouterr().out.splitlines()
    assert code == (0 if job in ("synthesise", "stage") else 66)
    assert job == "stage" or any(line.startswith("makes ") for line in lines)
    assert all(line.split()[0] in ("reads", "makes", "adds", "plans") for line in lines)
    assert objects(memory_url) == []


def test_what_is_there_is_skipped_and_another_spec_s_work_is_73_with_the_fields_unless_it_is_replaced(
    small: Path, memory_url: str, capsys: pytest.CaptureFixture[str]
):
    assert run(small, "synthesise") == 0
    assert run(small, "patch") == 0
    before, _ = objects(memory_url), capsys.readouterr()
    assert run(small, "patch", "--dry-run") == 0
    reads, makes = capsys.readouterr().out.splitlines()
    assert reads.startswith("reads  images/demo: digest ")
    assert makes.startswith("skips  patches/demo: ")
    assert run(small, "patch", "--dry-run", "--set", "patch_size_px=40") == 73
    assert "it was made by another spec: patch_size_px was 48, is 40" in capsys.readouterr().err
    assert run(small, "patch", "--dry-run", "--set", "patch_size_px=40", "--replace") == 0
    assert "makes  patches/demo again: " in capsys.readouterr().out
    assert run(small, "partition", "--dry-run") == 0
    assert "makes  partitions/demo" in capsys.readouterr().out
    assert objects(memory_url) == before


def test_a_grid_is_told_in_sessions_epochs_and_shards_with_the_command_that_plans_it(
    small: Path, capsys: pytest.CaptureFixture[str]
):
    assert run(small, "train", "--dry-run") == 66
    captured = capsys.readouterr()
    assert "makes  runs/demo: 2 sessions of 4 epochs in all, in 1 shards, 0 done" in captured.out
    assert f"plans  python -m jobs.grid {small}/train.yaml --plan" in captured.out
    assert f"make it with: python -m jobs.augment {small}/augment.yaml" in captured.err


def test_the_chain_says_what_each_step_would_make_and_skip(
    small: Path, memory_url: str, capsys: pytest.CaptureFixture[str]
):
    assert run(small, "synthesise") == 0
    before, _ = objects(memory_url), capsys.readouterr()
    assert chain.main([str(small), "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert "  skips  images/demo: " in out
    assert "  makes  patches/demo\n" in out
    assert "  makes  reports/demo\n" in out
    assert objects(memory_url) == before
