"""The stage job: torchvision's weights are put into the store once, and pods of a cluster take them from there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torchvision import models

from jobs.stage import stage
from jobs.train import train
from neurograde.learning.networks import staged_weights
from neurograde.learning.networks.families.family import family_of
from neurograde.runtime.job import Job
from neurograde.specs.train import Backbone
from neurograde.storage.artefact import read_manifest
from neurograde.storage.run import read_run
from neurograde.storage.store import Store
from tests.support.material import train_spec, write_dataset

SQUEEZENET = Backbone(name="squeezenet1_1", weights="IMAGENET1K_V1")
STAGED = f"weights/{SQUEEZENET.staged_name}"


@pytest.fixture
def store(memory_url: str) -> Store:
    store = Store(memory_url)
    write_dataset(store)
    return store


@pytest.fixture
def run(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """Run a job by the grid's train spec, offline, in a home where nothing was ever downloaded."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("JOB_COMPLETION_INDEX", "0")
    spec = train_spec(backbones=[SQUEEZENET.model_dump()], epochs=1).model_dump(mode="json") | {"store": store.url}
    path = tmp_path / "train.yaml"
    path.write_text(json.dumps(spec))

    def run(job, *options: str) -> tuple[int, str]:
        code = job.main([str(path), *options])
        return code, " ".join(json.loads(line)["event"] for line in capsys.readouterr().err.splitlines())

    return run


def download(seed: int = 0) -> Path:
    """Stand in for torchvision's download: a state dict of the right network where it would lie."""
    path = family_of(SQUEEZENET.name).weight_file(SQUEEZENET)
    path.parent.mkdir(parents=True)
    torch.manual_seed(seed)
    torch.save(models.squeezenet1_1(weights=None).state_dict(), path)
    return path


def test_a_pod_downloads_no_weights_but_takes_the_staged_ones(run, store: Store):
    code, said = run(train)
    assert (code, "train.yaml: weights/squeezenet1_1-IMAGENET1K_V1 is not in" in said) == (66, True)
    assert "make it with: python -m jobs.stage" in said
    assert not store.exists("runs/grid/grid.json")

    downloaded = download()
    before = downloaded.read_bytes()
    assert run(stage)[0] == 0
    downloaded.unlink()
    assert run(train)[0] == 0
    assert read_run(store, "grid").unfinished == []
    assert downloaded.read_bytes() == before


def test_what_is_staged_says_where_it_came_from_and_is_staged_once(run, store: Store):
    download()
    assert run(stage)[0] == 0
    manifest = read_manifest(store, STAGED)
    source = json.loads(store.get(f"{STAGED}/source.json"))
    assert source["url"] == manifest.raw[0].path == models.get_weight("SqueezeNet1_1_Weights.IMAGENET1K_V1").url
    assert manifest.raw[0].sha256 in {each.sha256 for each in manifest.files.values()}
    code, said = run(stage)
    assert (code, "up to date" in said) == (0, True)


class BeatenStore(Store):
    """A store in which another job has staged the same weights just before each manifest."""

    def create(self, key: str, data: bytes) -> None:
        twin = Store(self.url)
        if not twin.exists(key):
            twin.create(key, data.replace(b'"wall_seconds":', b'"wall_seconds" :'))
        super().create(key, data)


def test_of_two_jobs_that_stage_the_same_weights_at_once_the_slower_leaves_it_at_that(run, store: Store):
    download()
    spec = train_spec(backbones=[SQUEEZENET.model_dump()])
    assert staged_weights.stage(Job(spec, BeatenStore(store.url)), SQUEEZENET) is False
    assert "up to date" in run(stage)[1]


def test_damage_is_noticed_and_mended_by_replacing(run, store: Store):
    path = download()
    assert run(stage)[0] == 0
    key = f"{STAGED}/{path.name}"
    store.delete(key)
    store.put(key, b"changed")
    whole = path.read_bytes()
    path.unlink()
    code, said = run(train)
    assert (code, f"{key} has sha256" in said) == (65, True)
    path.write_bytes(whole)
    assert run(stage, "--replace")[0] == 0
    assert store.get(key) == whole
