"""The features job: what a grid needs before it begins, from the grid's own spec."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from jobs.features import features as job
from neurograde.specs.grid import expand
from neurograde.specs.records import Manifest
from neurograde.specs.train import TrainSpec
from neurograde.storage.artefact import Artefact, read_manifest
from neurograde.storage.store import Store
from tests.support.material import train_spec, write_dataset

GRID = train_spec("leaknet", engine="shared", crop="center").model_dump(mode="json", exclude={"store"})


@pytest.fixture
def store(memory_url: str) -> Store:
    store = Store(memory_url)
    write_dataset(store)
    return store


@pytest.fixture
def features(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Run `features` by the grid's train spec, with whatever a test changes: exit code and what was said."""

    def run(*options: str, **fields: object) -> tuple[int, str]:
        path = tmp_path / "train.yaml"
        path.write_text(json.dumps(GRID | {"store": store.url} | fields))
        code = job.main([str(path), *options])
        return code, " ".join(json.loads(line)["event"] for line in capsys.readouterr().err.splitlines())

    return run


def arrays(store: Store) -> set[str]:
    return {key.split("/")[1] for key in store.list("features")}


def test_a_grid_s_features_stand_before_it_begins_with_what_they_cost(features, store: Store):
    code, said = features()
    assert (code, len(arrays(store))) == (0, 2)
    assert "published 2 arrays" in said
    for name in arrays(store):
        manifest = read_manifest(store, f"features/{name}")
        assert (manifest.job, manifest.name, manifest.spec["name"]) == ("features", name, "grid")
        assert manifest.carbon["wall_seconds"] > 0


def test_what_stands_is_up_to_date_and_replace_looks_at_every_byte(features, store: Store):
    features()
    before = {key: store.get(key) for key in store.list("features")}
    assert "up to date" in features()[1]
    assert "up to date" in features("--replace")[1]
    broken = next(key for key in before if key.endswith(".safetensors"))
    store.put(broken, before[broken][:-1])
    assert "up to date" in features()[1]
    code, said = features("--replace")
    assert code == 0
    assert "is damaged and made again" in said
    assert store.get(broken) == before[broken]


def test_a_grid_that_is_trained_needs_no_features_again(features, store: Store):
    features()
    grid = expand(
        TrainSpec.parse(GRID | {"store": store.url}), (Artefact(store, "datasets/set", dataset(store)).as_input(),)
    )
    store.put("runs/grid/grid.json", grid.encode())
    [shard] = grid.shards
    published = dataset(store).model_copy(
        update={"kind": "runs", "name": f"grid/{shard.name}", "spec_digest": grid.spec_digest, "inputs": grid.inputs}
    )
    store.clear("features")
    assert "published 2 arrays" in features()[1]  # its shard is not done
    store.put(f"runs/grid/{shard.name}/manifest.json", published.encode())
    store.clear("features")
    code, said = features()
    assert (code, arrays(store)) == (0, set())
    assert "runs/grid is trained" in said
    assert "published 2 arrays" in features("--replace")[1]


def dataset(store: Store) -> Manifest:
    manifest = read_manifest(store, "datasets/set")
    assert manifest is not None
    return manifest


def test_another_grid_of_the_same_trunk_finds_them(features, store: Store):
    features()
    assert "up to date" in features(name="another", strategies=[{"kind": "extension", "non_linearities": 1}])[1]


def test_random_crops_are_one_array_a_slice(features, store: Store):
    features(crop="random", crop_slices=3)
    assert len(arrays(store)) == 2 + 3


@pytest.mark.parametrize("fields", [{"engine": "plain"}, {"strategies": [{"kind": "whole"}]}])
def test_a_grid_that_reads_no_features_has_nothing_to_do(features, store: Store, fields: dict[str, object]):
    code, said = features(**fields)
    assert (code, arrays(store)) == (0, set())
    assert "nothing to do" in said


def test_weights_of_another_architecture_are_refused_before_anything_is_written(features, store: Store, tmp_path: Path):
    torch.save({"features.0.weight": torch.zeros(96, 3, 7, 7)}, tmp_path / "other.pth")
    code, said = features(backbones=[{"name": "leaknet", "weights": (tmp_path / "other.pth").as_uri()}])
    assert (code, arrays(store)) == (65, set())
    assert "is no state dict of leaknet" in said


def test_without_the_data_set_the_command_that_makes_it_is_named(features, store: Store):
    code, said = features(dataset="elsewhere")
    assert code == 66
    assert "python -m jobs.augment" in said
