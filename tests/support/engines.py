"""The shared engine on painted samples, and its distance from another engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neurograde.learning.data.inputs import Inputs
from neurograde.learning.data.samples import Samples
from neurograde.learning.engines.stacked.engine import StackedEngine
from neurograde.learning.features.forward import run_module
from neurograde.learning.networks.backbones import Trunk
from neurograde.specs.records import Session
from neurograde.specs.train import TrainSpec
from tests.support.material import CPU, STATISTICS, sessions_of, subsets, train_spec, trunk

STRATEGIES = [
    {"kind": "straightforward"},
    {"kind": "extension", "non_linearities": 1},
    {"kind": "extension", "non_linearities": 4},
]


LABELS = ["straightforward", "extension1", "extension4"]


class InMemory:
    """Features without a store."""

    def __init__(self, spec: TrainSpec, frozen: Trunk, data: dict[str, Samples], device: torch.device = CPU) -> None:
        self.spec, self.frozen, self.data, self.device = spec, frozen, data, device
        self.kept: dict[tuple[str, int | None], Tensor] = {}

    def train(self, crop_slice: int | None) -> Tensor:
        return self._features("train", crop_slice)

    def valid(self) -> Tensor:
        return self._features("valid", None)

    def _features(self, subset: str, crop_slice: int | None) -> Tensor:
        key = (subset, crop_slice)
        if key not in self.kept:
            inputs = Inputs.of(self.spec, self.frozen.name, self.data[subset].patch_size_px)
            options = (self.data[subset], STATISTICS, crop_slice, self.device, self.spec.precision)
            rows = run_module(self.frozen.module, inputs, *options, fold=True)
            self.kept[key] = torch.cat([found for _, (found,) in rows])
        return self.kept[key]


def shared(
    spec: TrainSpec,
    sessions: Sequence[Session] | None = None,
    data: dict[str, Samples] | None = None,
    device: torch.device = CPU,
):
    """A shared engine of the spec's sessions (or those given) on the painted samples (or those given)."""
    torch.set_num_threads(1)
    data, frozen = data or subsets(), trunk(spec)
    labels = {name: each.labels for name, each in data.items()}
    features = InMemory(spec, frozen, data, device)
    options: dict[str, Any] = {"labels": labels, "device": device, "tick": lambda _samples: None}
    return StackedEngine(spec, sessions or sessions_of(spec), frozen, features, **options)


def spec_of(strategy: dict[str, Any], backbone: str = "leaknet", **changes: Any) -> TrainSpec:
    """24 train samples, in batches of 5 and 7 with shorter ones at the end."""
    fields: dict[str, Any] = {
        "learning_rates": [0.01, 0.002],
        "batch_sizes": [5, 7],
    }
    return train_spec(backbone, strategy, **(fields | changes))


def worst_difference(one: Any, other: Any, epochs: int) -> float:
    """The largest difference of a loss or an accuracy between two engines over some epochs."""
    found: list[float] = []
    for epoch in range(epochs + 1):
        ours, theirs = one.run_epoch(epoch), other.run_epoch(epoch)
        assert ours.keys() == theirs.keys()
        for session in ours:
            pairs = zip(ours[session].model_dump().values(), theirs[session].model_dump().values(), strict=True)
            differences = [abs(a - b) for a, b in pairs if isinstance(a, float)]
            assert len(differences) == 4
            found += differences
    return float(np.max(found))  # not a number, if any of them is
