"""What the tests of this room are made of: a small data set, specs and sessions of small networks."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from neurograde.learning.data.inputs import Inputs
from neurograde.learning.data.samples import Planned, Samples, Statistics
from neurograde.learning.engines.plain.engine import PlainEngine
from neurograde.learning.engines.protocol import TrainingContext
from neurograde.learning.networks.backbones import Trunk, random_trunk
from neurograde.maths.dihedral import IDENTITY
from neurograde.specs.grid import expand
from neurograde.specs.records import Session
from neurograde.specs.results.standardisation import Standardisation
from neurograde.specs.train import TrainSpec
from neurograde.storage.draft import Draft
from neurograde.storage.store import Store
from tests.support.artefacts import png, publish

STATISTICS = Statistics((0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
CPU = torch.device("cpu")


def train_spec(backbone: str = "leaknet", strategy: dict[str, Any] | None = None, **changes: Any) -> TrainSpec:
    """A grid of one session; the crop is one pixel smaller each way than the 48 px patches."""
    fields = {
        "job": "train",
        "name": "grid",
        "store": "memory://nowhere",
        "region": "FRA",
        "dataset": "set",
        "classes": ["PD", "D"],
        "positive": "D",
        "backbones": [{"name": backbone, "weights": "none"}],
        "strategies": [strategy or {"kind": "straightforward"}],
        "learning_rates": [0.01],
        "batch_sizes": [5],
        "repeats": 1,
        "epochs": 2,
        "input_size_px": 46,
        "seed": 3,
        "device": "cpu",
        "workers": 1,
    }
    return TrainSpec.parse(fields | changes)


def sessions_of(spec: TrainSpec) -> list[Session]:
    """Every session of the spec."""
    return [session for shard in expand(spec, ()).shards for session in shard.sessions]


def paint(classes: int = 2, each: int = 6, size_px: int = 48, seed: int = 0) -> dict[str, tuple[int, np.ndarray]]:
    """Noisy patches by name, brighter from class to class: (label, pixels)."""
    rng = np.random.default_rng(seed)
    return {
        f"{label}/family{number}/patch.png": (
            label,
            rng.normal(90 + 60 * label, 40, (size_px, size_px, 3)).clip(0, 255).astype(np.uint8),
        )
        for label in range(classes)
        for number in range(each)
    }


def samples(classes: int = 2, each: int = 6, size_px: int = 48, transforms: tuple[str, ...] = (IDENTITY,)) -> Samples:
    """Painted patches, each under every transform."""
    painted = paint(classes, each, size_px)
    plan = [(place, Planned(name, t, painted[name][0])) for place, name in enumerate(painted) for t in transforms]
    return Samples(
        tuple(sample for _, sample in plan),
        np.stack([pixels for _, pixels in painted.values()]),
        np.array([place for place, _ in plan], np.intp),
    )


def subsets(**options: Any) -> dict[str, Samples]:
    """Train with one transform more than valid: 24 and 12 samples unless asked otherwise."""
    return {"train": samples(transforms=(IDENTITY, "flip"), **options), "valid": samples(**options)}


def engine(
    spec: TrainSpec,
    sessions: list[Session] | None = None,
    data: dict[str, Samples] | None = None,
    device: torch.device = CPU,
) -> PlainEngine:
    """A plain engine of the spec's sessions (or those given) on the painted samples (or those given)."""
    torch.set_num_threads(1)
    statistics = {"train": STATISTICS, "valid": STATISTICS}
    return PlainEngine(
        TrainingContext(spec, trunk(spec), data or subsets(), statistics, device), sessions or sessions_of(spec)
    )


def trunk(spec: TrainSpec) -> Trunk:
    """The random trunk of the spec's only backbone."""
    return random_trunk(spec.backbones[0].name, spec.input_size_px or 224, spec.seed)


def images(spec: TrainSpec, data: Samples, numbers: np.ndarray) -> torch.Tensor:
    """Centre crops of the samples as the spec's backbone takes them."""
    return Inputs.of(spec, spec.backbones[0].name, data.patch_size_px).batch(data, numbers, STATISTICS, CPU)


def write_dataset(store: Store, classes: tuple[str, ...] = ("PD", "D"), each: int = 6, size_px: int = 48) -> None:
    """patches/set and datasets/set: the painted patches for train and others for valid and test, by hand."""
    painted = {
        subset: {f"{subset}/{name}": each_ for name, each_ in paint(len(classes), each, size_px, seed).items()}
        for seed, subset in enumerate(("train", "valid", "test"))
    }
    patches = Draft(store, "patches/set")
    for members in painted.values():
        patches.write_many((name, png(pixels)) for name, (_, pixels) in members.items())
    made = publish(store, "patches", "set", job="patch", marks=("synthetic",), draft=patches)
    dataset = Draft(store, "datasets/set")
    rows = [
        (name, transform, subset, classes[label])
        for subset, members in painted.items()
        for name, (label, _) in members.items()
        for transform in ((IDENTITY, "flip") if subset == "train" else (IDENTITY,))
    ]
    dataset.write_csv("samples.csv", ("patch", "transform", "subset", "label"), rows)
    statistics = {"mean": list(STATISTICS.mean), "std": list(STATISTICS.std)}
    standardisation = Standardisation.of({"mode": "train", "subsets": dict.fromkeys(painted, statistics)})
    publish(
        store,
        "datasets",
        "set",
        {"standardisation.json": standardisation},
        inputs=(made.as_input(),),
        job="augment",
        marks=("synthetic",),
        draft=dataset,
    )
