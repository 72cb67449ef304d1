"""The trunk pass in half precision, against the forward pass of the ordinary loop.

`trunk_bf16`: samples a second from PNG files to Inception v3's features. The ordinary loop is torchvision's network in
fp32 and eval mode, frozen by requires_grad, a DataLoader over the files, batch 8. Random weights: the time is the same.
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
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from neurograde.learning.data.inputs import Inputs
from neurograde.learning.data.samples import Planned, Samples
from neurograde.learning.features.forward import run_module
from neurograde.learning.networks.backbones import Trunk, random_trunk
from neurograde.learning.run.device import prepare_device
from neurograde.maths.dihedral import IDENTITY
from neurograde.runtime.machine import usable_cores
from tests.bench.bench_patch import entry
from tests.bench.ordinary import STATISTICS, write_patches

SAMPLES, INPUT_SIZE_PX, BATCH = 64, 299, 8
ROUNDS = 3


def trunk_bf16() -> dict[str, Any]:
    """Samples a second of the pass in bf16 over those of the ordinary loop."""
    torch.set_num_threads(usable_cores())
    trunk = random_trunk("inception_v3", INPUT_SIZE_PX, 0)
    with tempfile.TemporaryDirectory() as folder:
        files = write_patches(Path(folder), SAMPLES)
        ordinary = [_timed(_ordinary, trunk, files) for _ in range(ROUNDS)]
        prepare_device("cpu", None)  # after the ordinary loop: it changes how the process keeps its memory
        ours = [_timed(_ours, trunk, files) for _ in range(ROUNDS)]
    ratios = [theirs / own for (_, theirs), (_, own) in zip(ordinary, ours, strict=True)]
    rates = [SAMPLES / seconds for _, seconds in ours]
    expected, found = ordinary[0][0], ours[0][0]
    error = float(torch.linalg.norm(found - expected) / torch.linalg.norm(expected))
    assert error < 0.1, f"features are off by {error:.1%}"
    reference = f"ordinary loop in fp32, {statistics.median(rates) / statistics.median(ratios):.1f} samples/s"
    return entry("trunk_bf16", ratios, 2.2, "times the samples/s", reference) | {
        "samples": SAMPLES,
        "samples_per_s": round(statistics.median(rates), 1),
        "relative_error": round(error, 4),
        "threads": torch.get_num_threads(),
    }


def _timed(measured: Any, trunk: Trunk, files: list[Path]) -> tuple[Tensor, float]:
    start = time.perf_counter()
    features = measured(trunk, files)
    return features, time.perf_counter() - start


def _ours(trunk: Trunk, files: list[Path]) -> Tensor:
    patches = np.stack([np.asarray(Image.open(path)) for path in files])
    plan = tuple(Planned(path.name, IDENTITY, 0) for path in files)
    samples = Samples(plan, patches, np.arange(len(files)))
    inputs = Inputs(INPUT_SIZE_PX, resize=True, seed=0)
    rows = run_module(trunk.module, inputs, samples, STATISTICS, None, torch.device("cpu"), "bf16")
    return torch.cat([features for _, (features,) in rows])


class _Files(Dataset[Tensor]):
    """PNG files as a tutorial reads them."""

    def __init__(self, files: list[Path]) -> None:
        self.files = files
        side = (INPUT_SIZE_PX, INPUT_SIZE_PX)
        self.prepare = transforms.Compose(
            [transforms.Resize(side), transforms.ToTensor(), transforms.Normalize(*STATISTICS)]
        )

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, number: int) -> Tensor:
        image: Tensor = self.prepare(Image.open(self.files[number]).convert("RGB"))
        return image


def _ordinary(trunk: Trunk, files: list[Path]) -> Tensor:
    network = trunk.module.eval().requires_grad_(requires_grad=False)
    return torch.cat([network(images) for images in DataLoader(_Files(files), BATCH)])


BENCHES = {"trunk_bf16": trunk_bf16}
