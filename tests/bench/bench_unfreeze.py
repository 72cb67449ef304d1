"""A session-epoch of unfreezing from cached activations, against the ordinary loop with the same layers trained.

The study's sizes, 6,296 train and 1,164 valid samples; both are timed on a few samples and extrapolated, validation
included. The pass that fills the cache is shared by the sessions of a grid and left out. VGG19 with its best n = 6,
2 classifier and 4 convolutional layers; ResNet-18 with layer4. Weights are random: the time is the same.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn
from torchvision import transforms

from neurograde.learning.data.samples import Planned, Samples
from neurograde.learning.engines.protocol import TrainingContext
from neurograde.learning.engines.stacked.suffix import SuffixEngine
from neurograde.learning.networks.backbones import random_trunk
from neurograde.learning.networks.boundary import cut
from neurograde.learning.networks.session_network import freeze
from neurograde.learning.run.device import prepare_device
from neurograde.maths.dihedral import IDENTITY
from neurograde.runtime.machine import usable_cores
from neurograde.specs.grid import expand
from neurograde.specs.train import TrainSpec
from tests.bench.bench_grid import TRAIN, VALID
from tests.bench.bench_patch import entry
from tests.bench.ordinary import STATISTICS, seconds_a_sample, write_patches

IMAGES, ROUNDS, SIDE = 32, 3, 224


def unfreeze_vgg19_b8() -> dict[str, Any]:
    """VGG19, n = 6, batch 8."""
    return _compared("unfreeze_vgg19_b8", "vgg19", 6, 8, 3.4)


def unfreeze_vgg19_b32() -> dict[str, Any]:
    """VGG19, n = 6, batch 32."""
    return _compared("unfreeze_vgg19_b32", "vgg19", 6, 32, 4.0)


def unfreeze_resnet18() -> dict[str, Any]:
    """ResNet-18, layer4: four convolutions and the shortcut's, batch 8."""
    return _compared("unfreeze_resnet18", "resnet18", 5, 8, 2.3)


def _compared(name: str, backbone: str, layers: int, batch: int, target: float) -> dict[str, Any]:
    torch.set_num_threads(usable_cores())
    spec = _spec(backbone, layers, batch)
    trunk = random_trunk(backbone, SIDE, 0)
    freeze(trunk, spec.strategies[0])
    network = nn.Sequential(trunk.module.eval(), nn.Linear(trunk.width, 1))
    with tempfile.TemporaryDirectory() as folder:
        files = write_patches(Path(folder), IMAGES)
        plain = [_ordinary_seconds(network, files, batch) for _ in range(ROUNDS)]
        prepare_device("cpu", None)  # after the ordinary loop: it changes how the process keeps its memory
        pixels = np.stack([np.asarray(Image.open(path)) for path in files])
        samples = Samples(tuple(Planned(str(n), IDENTITY, n % 2) for n in range(IMAGES)), pixels, np.arange(IMAGES))
        engine = suffix_engine(backbone, layers, batch, samples, torch.device("cpu"))
        engine.run_epoch(1)  # fills the cache
        ours = [_seconds(engine, epoch) for epoch in range(2, ROUNDS + 2)]
    ratios = [theirs / own for theirs, own in zip(plain, ours, strict=True)]
    reference = (
        f"ordinary loop, {statistics.median(plain):,.0f} s a session-epoch; ours {statistics.median(ours):,.0f} s"
    )
    return entry(name, ratios, target, "times cheaper", reference) | {"threads": torch.get_num_threads()}


def suffix_engine(backbone: str, layers: int, batch: int, samples: Samples, device: torch.device) -> SuffixEngine:
    """Return the engine of one session that trains the last layers, with `samples` as train and as valid."""
    spec = _spec(backbone, layers, batch)
    sessions = [session for shard in expand(spec, ()).shards for session in shard.sessions]
    trunk = random_trunk(backbone, SIDE, 0)
    freeze(trunk, sessions[0].adaptation)
    data = {"train": samples, "valid": samples}
    context = TrainingContext(spec, trunk, data, dict.fromkeys(data, STATISTICS), device)
    return SuffixEngine(context, sessions, cut(trunk.module, SIDE))


def _spec(backbone: str, layers: int, batch: int) -> TrainSpec:
    fields: dict[str, Any] = {"job": "train", "name": "x", "store": "memory://x", "region": "FRA", "dataset": "set"}
    fields |= {"classes": ["PD", "D"], "positive": "D", "learning_rates": [1e-5], "batch_sizes": [batch], "seed": 0}
    fields |= {"repeats": 1, "epochs": 100, "crop": "center", "strategies": [{"kind": "unfreezing", "layers": layers}]}
    return TrainSpec.parse(fields | {"backbones": [{"name": backbone, "weights": "none"}]})


def _ordinary_seconds(network: nn.Module, files: list[Path], batch: int) -> float:
    train, valid = seconds_a_sample(network, files, batch, transforms.CenterCrop(SIDE))
    return TRAIN * train + VALID * valid


def _seconds(engine: SuffixEngine, epoch: int) -> float:
    (member,) = engine.members
    start = time.perf_counter()
    engine._train(member, epoch)
    middle = time.perf_counter()
    engine._evaluate(member, "valid")
    return (TRAIN * (middle - start) + VALID * (time.perf_counter() - middle)) / IMAGES


BENCHES = {
    "unfreeze_vgg19_b8": unfreeze_vgg19_b8,
    "unfreeze_vgg19_b32": unfreeze_vgg19_b32,
    "unfreeze_resnet18": unfreeze_resnet18,
}
