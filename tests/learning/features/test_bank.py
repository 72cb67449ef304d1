"""The bank of features: computed once, found by anyone, never taken for another's, and whole after any interruption."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save
from torch import Tensor, nn

from neurograde.errors import DataError, Stopped
from neurograde.learning.data.inputs import Inputs
from neurograde.learning.data.samples import Planned, Statistics
from neurograde.learning.engines.protocol import TrainingContext
from neurograde.learning.features.bank import Features
from neurograde.learning.networks.backbones import Trunk
from neurograde.maths.digest import sha256_hex
from neurograde.runtime.job import Job
from neurograde.specs.train import TrainSpec
from neurograde.storage.artefact import read_manifest
from neurograde.storage.store import Store
from tests.support.material import CPU, STATISTICS, subsets, train_spec


class Mixer(nn.Module):
    """A trunk of a millisecond: each image against random images, so that every pixel counts; it counts its passes."""

    def __init__(self, scale: float = 1.0, stop_at: int | None = None) -> None:
        super().__init__()
        weight = torch.randn(5, 3 * 46 * 46, generator=torch.Generator().manual_seed(0)) / 80
        self.weight = nn.Parameter(weight * scale, requires_grad=False)
        self.passes: list[int] = []
        self.stop_at = stop_at

    def __deepcopy__(self, memo: object) -> Mixer:
        twin = Mixer(stop_at=self.stop_at)
        twin.weight = nn.Parameter(self.weight.clone(), requires_grad=False)
        twin.passes = self.passes  # the copy's passes count too
        return twin

    def forward(self, images: Tensor) -> Tensor:
        self.passes.append(len(images))
        if len(self.passes) == self.stop_at:
            raise Stopped("SIGTERM")
        return images.flatten(1) @ self.weight.T


@pytest.fixture
def bank(memory_url: str) -> Callable[..., Features]:
    def bank(module: nn.Module | None = None, *, options: dict[str, Any] | None = None, **changes: Any) -> Features:
        torch.set_num_threads(1)
        job = Job(TrainSpec.parse(train_spec(store=memory_url, **changes).model_dump(mode="json")), Store(memory_url))
        fields = {"samples": subsets(), "statistics": {"train": STATISTICS, "valid": STATISTICS}} | (options or {})
        trunk = Trunk("leaknet", module or Mixer(), 5, 0.0, "classifier.3")
        charged = bool(fields.pop("charged", False))
        return Features(job, TrainingContext(job.spec, trunk, device=CPU, **fields), charged=charged)

    return bank


@pytest.fixture
def other_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], None]:
    """From the call on, the local cache is empty."""
    return lambda: monkeypatch.setenv("NEUROGRADE_CACHE", str(tmp_path / "another"))


def passes(features: Features) -> int:
    return len(features.trunk.module.passes)


def test_what_one_bank_computes_any_other_finds_bit_for_bit(bank):
    first = bank(crop="center")
    assert (first.make(), first.make()) == (2, 0)
    second = bank(crop="center")
    assert second.make() == 0
    assert torch.equal(first.train(None), second.train(None))
    assert torch.equal(first.valid(), second.valid())
    assert (first.train(None).shape, first.valid().shape, passes(second)) == ((24, 5), (12, 5), 0)
    assert first.records() == second.records() != ()


def test_a_pass_that_training_waits_for_is_said(bank, caplog: pytest.LogCaptureFixture):
    caplog.set_level("INFO")
    features = bank(crop="random", epochs=2)
    features.train(1)
    features.valid()
    assert [each.message for each in caplog.records if each.message.startswith("features of")] == [
        f"features of 24 train samples by {features.trunk.name}, slice 1 of random crops, once for all",
        f"features of 12 valid samples by {features.trunk.name}, the centre crop, once for all",
    ]


def test_features_are_those_of_the_samples_in_the_order_of_the_plan(bank):
    found = bank(crop="center")
    images = Inputs(46, resize=False, seed=3).batch(found.samples["train"], np.arange(24), STATISTICS, CPU)
    torch.testing.assert_close(found.train(None), Mixer()(images), rtol=1e-5, atol=1e-5)


def test_random_crops_are_a_bank_of_slices_that_grids_of_other_lengths_share(bank):
    found = bank(crop="random", epochs=3)
    assert found.make() == 2 + 3
    slices = [found.train(number) for number in range(3)]
    assert len({tuple(each.flatten().tolist()) for each in [*slices, found.train(None)]}) == 4
    assert bank(crop="random", epochs=4).make() == 1
    assert bank(crop="random", epochs=9, crop_slices=2).make() == 0
    images = Inputs(46, resize=False, seed=3).batch(found.samples["train"], np.arange(24), STATISTICS, CPU, 2)
    torch.testing.assert_close(slices[2], Mixer()(images), rtol=1e-5, atol=1e-5)


def test_a_patch_without_a_pixel_to_spare_has_one_crop(bank):
    found = bank(nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 5)), crop="random", input_size_px=48)
    assert found.make() == 2
    assert torch.equal(found.train(1), found.train(None))


@pytest.mark.parametrize(
    "other",
    [
        {"module": Mixer(scale=1.0001)},
        {"precision": "fp64"},
        {"seed": 4, "crop": "random"},
        {"options": {"statistics": dict.fromkeys(("train", "valid"), Statistics((0.5, 0.5, 0.4), (0.25, 0.25, 0.25)))}},
    ],
    ids=["weights", "precision", "seed of the crops", "statistics"],
)
def test_features_of_anything_else_are_never_used(bank, other: dict[str, Any]):
    for crop in ("random", "center"):
        bank(crop=crop).make()
    found = bank(**({"crop": "center"} | other))
    assert found.make() == 2


def test_a_changed_pixel_transform_or_order_makes_other_features(bank):
    data = subsets()
    bank(crop="center", options={"samples": data}).make()
    patches = data["train"].patches.copy()
    patches[3, 20, 20, 1] ^= 1
    plan = data["train"].plan
    turned = (plan[0]._replace(transform="rot90"), *plan[1:])
    for train in (
        replace(data["train"], patches=patches),
        replace(data["train"], plan=turned),
        replace(data["train"], places=data["train"].places[::-1]),
    ):
        assert bank(crop="center", options={"samples": data | {"train": train}}).make() == 1


def test_names_of_patches_count_only_where_random_crops_go_by_them(bank):
    data = subsets()
    bank(crop="random", epochs=1, options={"samples": data}).make()
    plan = tuple(Planned(f"other/{each.patch}", each.transform, each.label) for each in data["train"].plan)
    assert (
        bank(crop="random", epochs=1, options={"samples": data | {"train": replace(data["train"], plan=plan)}}).make()
        == 1
    )


def test_a_build_that_was_cut_off_goes_on_with_the_array_that_it_was_at(bank, memory_url: str):
    whole = bank(crop="random", epochs=2)
    whole.make()
    expected = [whole.train(None), whole.train(0), whole.train(1), whole.valid()]
    Store(memory_url).clear("features")
    with pytest.raises(Stopped):
        bank(Mixer(stop_at=4), crop="random", epochs=2).make()  # 24 samples are two batches, 12 one
    resumed = bank(crop="random", epochs=2)
    assert resumed.make() == 2
    for got, wanted in zip(
        [resumed.train(None), resumed.train(0), resumed.train(1), resumed.valid()], expected, strict=True
    ):
        assert torch.equal(got, wanted)


def test_a_file_without_a_manifest_is_no_features(bank, memory_url: str):
    bank(crop="center").make()
    store = Store(memory_url)
    for key in store.list("features"):
        if key.endswith("manifest.json"):
            store.delete(key)
    assert bank(crop="center").make() == 2


def put_with_digest(store: Store, key: str, data: bytes) -> None:
    """Replace a file of an artefact, and its record in the manifest."""
    folder, _, path = key.rpartition("/")
    store.put(key, data)
    record = json.loads(store.get(f"{folder}/manifest.json"))
    record["files"][path] = {"sha256": sha256_hex(data), "size": len(data)}
    store.put(f"{folder}/manifest.json", json.dumps(record).encode())


@pytest.mark.parametrize("damage", ["a flipped byte", "a lost file", "no tensors", "another tensor", "another shape"])
def test_damaged_features_are_said_and_made_again(bank, memory_url: str, damage: str, caplog, other_machine):
    before = bank(crop="center")
    before.make()
    expected = before.train(None)
    store = Store(memory_url)
    for key in [key for key in store.list("features") if key.endswith(".safetensors")]:
        if damage == "a lost file":
            store.delete(key)
        elif damage == "no tensors":
            put_with_digest(store, key, b"no tensors")
        elif damage == "another tensor":
            put_with_digest(store, key, save({"x": torch.zeros(2, 2)}))
        elif damage == "another shape":
            put_with_digest(store, key, save({"features": torch.zeros(2)}))
        else:
            data = store.get(key)
            store.put(key, data[:-1] + bytes([data[-1] ^ 1]))
    other_machine()
    found = bank(crop="center")
    with caplog.at_level(logging.WARNING):
        assert torch.equal(found.train(None), expected)
    assert "is damaged and made again" in caplog.text
    assert found.job.store.list("features")
    found.job.replace = True
    # The valid samples', which nobody has read yet; their digest tells if they are damaged, and no more.
    assert found.make() == (1 if damage.startswith("a ") else 0)


def test_of_two_builds_whose_bits_differ_the_first_manifest_holds_for_both(bank, memory_url: str):
    first, second = bank(crop="center"), bank(crop="center")
    kept = second.trunk.module.weight
    second.trunk.module.weight = nn.Parameter(kept + 1e-6, requires_grad=False)  # the recipe is of the weights before
    second.make()
    standing = Store(memory_url).list("features")
    late = bank(crop="center")
    for part in late.parts:
        late._compute(part, lambda _samples: None)
    assert Store(memory_url).list("features") == standing
    assert torch.equal(first.train(None), second.train(None))
    assert torch.equal(late.train(None), second.train(None))


@pytest.mark.parametrize("cache_gib", [0, 1e-6])
def test_what_does_not_fit_into_the_local_cache_is_fetched_again(bank, cache_gib: float):
    roomy, narrow = bank(crop="random", epochs=4), bank(crop="random", epochs=4, cache_gib=cache_gib)
    roomy.make()
    for _ in range(2):
        for number in range(4):
            assert torch.equal(narrow.train(number), roomy.train(number))
    assert (len(roomy._open), len(narrow._open)) == (4, max(1, int(cache_gib * 2**30) // roomy.train(0).nbytes))


def test_features_beyond_the_numbers_of_half_precision_are_refused_by_name(bank):
    with pytest.raises(DataError, match="under fp16 the features of 24 train samples by leaknet are not finite"):
        bank(Mixer(scale=1e6), crop="center", precision="fp16").make()


def test_the_cost_is_in_the_manifests_of_the_job_and_else_in_the_record_of_who_computed(bank):
    found = bank(crop="center", options={"charged": True})
    found.make()
    found.train(None)
    (record,) = found.records()
    manifest = read_manifest(found.job.store, f"{record.kind}/{record.name}")
    assert manifest.carbon is not None
    assert manifest.digest == record.digest
    other = bank(crop="center", precision="fp64")
    other.make()
    other.train(None)
    assert read_manifest(other.job.store, f"features/{other.records()[0].name}").carbon is None
