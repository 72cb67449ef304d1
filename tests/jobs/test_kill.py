"""kill -9 at any moment of a job, then the same command again: the end is that of the undisturbed run."""

from __future__ import annotations

import importlib
import json
import os
import signal
from pathlib import Path

import pytest

from neurograde.runtime.job import Job
from neurograde.storage.artefact import read_manifest
from neurograde.storage.store import Store
from tests.support.images import PATTERN
from tests.support.kills import DyingStore, outcome

CHAIN = {
    "patch": ("patches", {"patch_size_px": 32, "min_tissue_share": 0.05}),
    "partition": ("partitions", {"patches": "demo", "strategy": "ifpo"}),
    "augment": ("datasets", {"partition": "demo", "balance": "ngca", "materialise": True}),
}
DEATHS = [("", 1, False), ("", 2, True), ("manifest.json", 1, False), ("manifest.json", 1, True)]


@pytest.mark.parametrize("job", CHAIN)
def test_a_killed_job_leaves_no_artefact_and_its_rerun_the_undisturbed_one(images: Path, tmp_path: Path, job: str):
    quiet, rough = (Store(f"file://{tmp_path}/{name}") for name in ("quiet", "rough"))
    for name, (kind, fields) in CHAIN.items():
        source = {"source": {"url": str(images), "pattern": PATTERN}} if name == "patch" else {}
        path = tmp_path / f"{name}.yaml"
        path.write_text(json.dumps({"job": name, "name": "demo", "store": "x", "region": "FRA"} | fields | source))
        entry = getattr(importlib.import_module(f"jobs.{name}"), name)
        assert entry.main([str(path), "--store", quiet.url]) == 0
        if name != job:
            assert entry.main([str(path), "--store", rough.url]) == 0
            continue
        folder = f"{kind}/demo"
        for where, n, after in DEATHS:
            child = os.fork()
            if not child:
                spec = entry.model.parse(json.loads(path.read_text()))
                entry.body(Job(spec, DyingStore(rough.url, where, n, after=after)))
                os._exit(0)
            assert outcome(child) == -signal.SIGKILL
            assert (read_manifest(rough, folder) is not None) == ((where, after) == ("manifest.json", True))
        assert entry.main([str(path), "--store", rough.url]) == 0
        expected, found = read_manifest(quiet, folder), read_manifest(rough, folder)
        assert found is not None
        assert expected is not None
        assert found.digest == expected.digest
        assert rough.list("claims") == rough.list("drafts") == {}
        assert set(rough.list(folder)) == {f"{folder}/{file}" for file in [*found.files, "manifest.json"]}
        break
