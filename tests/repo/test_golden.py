"""A small store that version 0.1.0 wrote, and the specs it was made from, stay readable for good.

What lies in `tests/golden/` is never changed: what fails here would fail in a laboratory's store of last year.
"""

from __future__ import annotations

import importlib
import json
import re
import shutil
from pathlib import Path

import pytest

from neurograde.errors import DataError, SpecError
from neurograde.runtime.specfile import load, validate
from neurograde.specs.base import Record
from neurograde.specs.records import Attempt, Commit, Grid, Manifest, Opening, Status
from neurograde.storage.artefact import Artefact, parse_record, read_manifest
from neurograde.storage.journal import Journal
from neurograde.storage.run import read_run
from neurograde.storage.series import SERIES
from neurograde.storage.store import Store
from neurograde.storage.survey import RECORDS as RECORDS_OF
from neurograde.storage.survey import SHARD as SHARD_OF

GOLDEN = Path(__file__).parents[1] / "golden"
JOBS = {
    "synthesise": "images",
    "patch": "patches",
    "partition": "partitions",
    "augment": "datasets",
    "evaluate": "evaluations",
}
DIGESTS = {
    "images": "ee736942f2394620df77e54f10a36f34189167cf908d0c77c496ae097d8f582c",
    "patches": "dc0c71ae73334ff713351cccfb2a7578cfbccb5c5ed0e599d54d7e2e837f283b",
    "partitions": "3c209068d4ead88c23a71fd43214b51c469c67977b36be5bda0127b42c4dc673",
    "datasets": "f00027697ba2ca9fe5b14c620f47d36ba0451270243ed7d12be889c539c19fb8",
    "evaluations": "99ec2393d00ada0b98627e810e2084b706f3f97010907affea2ce3b99b6db3ac",
}
SHARD = "runs/golden/squeezenet1_1-straightforward"
RECORDS = [
    (Manifest, "patches/golden/manifest.json"),
    (Grid, "runs/golden/grid.json"),
    (Commit, f"{SHARD}/commits/e0002.json"),
    (Attempt, f"{SHARD}/attempts/1.json"),
    (Status, f"{SHARD}/status/a01.json"),
]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A copy, so that nothing that a test does reaches the original."""
    shutil.copytree(GOLDEN / "store", tmp_path / "store")
    return Store(f"file://{tmp_path}/store")


@pytest.mark.parametrize("kind", DIGESTS)
def test_an_artefact_is_read_verified_and_has_its_digest_of_then(store: Store, kind: str):
    manifest = read_manifest(store, f"{kind}/golden")
    assert manifest is not None
    Artefact(store, f"{kind}/golden", manifest).verify()
    assert manifest.digest == DIGESTS[kind]


@pytest.mark.parametrize("job", [*JOBS, "train"])
def test_a_job_finds_its_work_of_then_up_to_date(store: Store, job: str, capsys: pytest.CaptureFixture[str]):
    entry = getattr(importlib.import_module(f"jobs.{job}"), job)
    assert entry.main([str(GOLDEN / f"{job}.yaml"), "--store", store.url]) == 0
    assert "up to date" in capsys.readouterr().err


def test_the_run_of_then_is_read_with_its_history_and_its_last_checkpoint(store: Store):
    run = read_run(store, "golden")
    assert run.unfinished == []
    assert [len(history) for history in run.histories().values()] == [3]
    latest = Journal(store, SHARD).latest()
    assert latest is not None
    assert latest[0].epoch == 2


@pytest.mark.parametrize(("model", "key"), RECORDS)
def test_a_record_is_read_and_a_newer_one_is_refused_by_name(store: Store, model, key: str):
    data = json.loads(store.get(key))
    assert data["format"] == 1
    parse_record(model, store.get(key), key)
    with pytest.raises(DataError, match=f"{key}: format: format 2 is newer"):
        parse_record(model, json.dumps(data | {"format": 2}).encode(), key)


def written_by_records() -> list[tuple[type[Record], Path]]:
    """Return the records of `training/`, the latest that version 0.1.0 wrote, with their models."""
    folder = GOLDEN / "training"
    keys = {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*.json"))}
    patterns = [*RECORDS_OF, *((rf"{SHARD_OF}/{series.folder}/[^/]+", series.model) for series in SERIES)]
    fitting = {key: next((model for pattern, model in patterns if re.fullmatch(pattern, key)), None) for key in keys}
    return [(model, keys[key]) for key, model in fitting.items() if model is not None]


def test_a_record_of_then_is_written_with_the_same_bytes_so_that_new_fields_are_left_out_at_their_default():
    records = written_by_records()
    assert {model for model, _ in records} == {Manifest, Grid, Commit, Attempt, Status}
    for model, path in records:
        assert model.parse(path.read_bytes()).encode() == path.read_bytes(), (
            f"{path}: does a new field lack exclude_if?"
        )


def test_an_opening_in_a_ledger_is_read(store: Store):
    keys = list(store.list("ledgers"))
    assert len(keys) == 1
    assert parse_record(Opening, store.get(keys[0]), keys[0]).evaluation == "golden"


def test_a_newer_spec_is_refused_by_name():
    from neurograde.specs.patch import PatchSpec

    with pytest.raises(SpecError, match="format 2 is newer"):
        validate(PatchSpec, load(str(GOLDEN / "patch.yaml")) | {"format": 2}, "patch.yaml")
