"""What an earlier revision made is kept, with a warning, until it is replaced; `verify` lists it."""

from __future__ import annotations

import importlib
import json
import shutil
from pathlib import Path

import pytest

from jobs.verify import verify
from neurograde.specs.revisions import REVISIONS, Revision
from neurograde.storage.artefact import read_manifest
from neurograde.storage.run import read_run
from neurograde.storage.store import Store

GOLDEN = Path(__file__).parents[1] / "golden"
CHANGE = "classes are dealt by their digests"
KEPT = f"was made by revision 1: {CHANGE}. It is kept; --replace makes it again"


@pytest.fixture(autouse=True)
def no_other_change(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(REVISIONS):
        monkeypatch.delitem(REVISIONS, name)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    shutil.copytree(GOLDEN / "store", tmp_path / "store")
    return Store(f"file://{tmp_path}/store")


@pytest.fixture(params=["partition", "train"])
def job(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A job whose results have changed since the golden store was written."""
    monkeypatch.setitem(REVISIONS, request.param, (Revision(CHANGE),))
    return str(request.param)


@pytest.fixture
def run(store: Store, capsys: pytest.CaptureFixture[str]):
    def run(job: str, *options: str) -> tuple[int, list[tuple[str, str]]]:
        """Return the exit code, and level and text of what is logged."""
        entry = getattr(importlib.import_module(f"jobs.{job}"), job)
        code = entry.main([str(GOLDEN / f"{job}.yaml"), "--store", store.url, *options])
        lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
        return code, [(line["level"], line["event"]) for line in lines]

    return run


def made_by(store: Store, job: str) -> tuple[int, str]:
    """Return revision and digest of the golden artefact of the job."""
    if job == "train":
        run = read_run(store, "golden")
        assert {shard.manifest.revision for shard in run.shards.values()} == {run.grid.revision}
        return run.grid.revision, run.artefact().manifest.digest
    manifest = read_manifest(store, "partitions/golden")
    assert manifest is not None
    return manifest.revision, manifest.digest


def test_an_artefact_of_an_earlier_revision_is_kept_with_a_warning_that_says_what_changed(store: Store, job: str, run):
    before = made_by(store, job)
    code, lines = run(job)
    assert code == 0
    (warning,) = [event for level, event in lines if level == "warning"]
    assert warning.endswith(KEPT)
    assert "is up to date" in lines[-1][1]
    assert made_by(store, job) == before


def test_replace_makes_it_again_by_today_s_revision(store: Store, job: str, run):
    revision, digest = made_by(store, job)
    code, lines = run(job, "--replace")
    assert code == 0
    assert f"made by revision 1: {CHANGE}. It is made again" in str(lines)
    assert made_by(store, job)[0] == revision + 1 == 2
    assert made_by(store, job)[1] != digest
    assert run(job)[1][-1][0] == "info"
    assert len(run(job)[1]) == 1  # up to date, with nothing to warn of


def test_verify_lists_it_without_calling_it_broken(
    store: Store, job: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert verify.main([store.url, "--json", "--specs", str(GOLDEN)]) == 0
    found = json.loads(capsys.readouterr().out)
    folder = {"partition": "partitions/golden", "train": "runs/golden"}[job]
    command = f"python -m jobs.{job} {GOLDEN / f'{job}.yaml'} --store {found['store']} --replace"
    assert found["outdated"] == [{"where": folder, "what": f"was made by revision 1: {CHANGE}", "mend": command}]
    assert (found["broken"], found["mend"]) == ([], [])
    assert verify.main([store.url]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"outdated\t{folder}\twas made by revision 1: {CHANGE}"
    assert lines[-1].endswith("0 broken, 0 unfinished, 0 unreferenced, 0 unknown, 1 outdated")


def test_without_a_change_nothing_is_outdated(store: Store, capsys: pytest.CaptureFixture[str]):
    assert verify.main([store.url, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["outdated"] == []
