"""A whole grid on the shared engine, against the ordinary loop: one session at a time, all of the network every time.

The study's grid: 5 learning rates x 5 batch sizes x 10 repeats, 100 epochs, on 6,296 train and 1,164 valid samples,
Inception v3. Compared is the time of one epoch of one session, validation included. Measured in rounds: the
ordinary loop and the trunk pass on a few samples, an epoch of heads of every batch size. Extrapolated: samples to
their full number (what a pass needs to begin, about a second, is left out), and for the deep head to all its 50
members; the trunk pass is spread over the grid. Weights are random, and features drawn: neither changes the time.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torchvision import transforms

from neurograde.learning.data.inputs import Inputs
from neurograde.learning.data.samples import Planned, Samples
from neurograde.learning.engines.stacked import products
from neurograde.learning.engines.stacked.engine import StackedEngine
from neurograde.learning.features.forward import BATCH, run_module
from neurograde.learning.networks.backbones import Trunk, random_trunk
from neurograde.learning.run.device import prepare_device
from neurograde.maths.dihedral import IDENTITY
from neurograde.runtime.machine import usable_cores
from neurograde.specs.grid import expand
from neurograde.specs.train import TrainSpec
from tests.bench.bench_patch import entry
from tests.bench.ordinary import PATCH_SIZE_PX, STATISTICS, seconds_a_sample, write_patches

TRAIN, VALID, EPOCHS = 6_296, 1_164, 100
LEARNING_RATES, BATCH_SIZES, REPEATS = [1e-5, 3e-5, 1e-4, 3e-4, 1e-3], [8, 16, 32, 64, 128], 10
SESSIONS = len(LEARNING_RATES) * len(BATCH_SIZES) * REPEATS
WIDTH, INPUT_SIZE_PX = 2_048, 299
IMAGES, ROUNDS = 32, 3
STRAIGHTFORWARD = {"kind": "straightforward"}
EXTENSION = {"kind": "extension", "non_linearities": 4}
CPU = torch.device("cpu")


class DrawnFeatures:
    """As many features as the study has, from a random generator."""

    def __init__(self, train: int, valid: int) -> None:
        generator = torch.Generator().manual_seed(0)
        self._train = torch.randn(train, WIDTH, generator=generator)
        self._valid = torch.randn(valid, WIDTH, generator=generator)

    def to(self, device: torch.device) -> DrawnFeatures:
        """Return the features on a device."""
        self._train, self._valid = self._train.to(device), self._valid.to(device)
        return self

    def train(self, crop_slice: int | None) -> Tensor:
        """The train samples'."""
        return self._train

    def valid(self) -> Tensor:
        """The valid samples'."""
        return self._valid


def grid_straightforward() -> dict[str, Any]:
    """One linear layer: all 250 members side by side, every sample."""
    return _compared("grid_straightforward", 20_000, STRAIGHTFORWARD, rates=LEARNING_RATES, repeats=10, samples=TRAIN)


def grid_extension() -> dict[str, Any]:
    """Four non-linearities: 8 members of every batch size, a quarter of the samples."""
    found = _compared("grid_extension", 620, EXTENSION, rates=[1e-5, 1e-4], repeats=4, samples=TRAIN // 4)
    weights = [WIDTH >> k for k in range(5)]
    flops = sum(2 * a * b for a, b in zip(weights, [*weights[1:], 1], strict=True))
    # Forward and two products backward for train, of which the first layer needs one; forward for valid.
    work = TRAIN * (3 * flops - 2 * weights[0] * weights[1]) + VALID * flops
    peak = _gemm_flops()
    share = {size: round(work / seconds / peak, 2) for size, seconds in found["seconds_by_batch_size"].items()}
    return found | {"share_of_gemm": share, "gemm_gflops": round(peak / 1e9)}


def grid_memory() -> dict[str, Any]:
    """Peak memory that 250 linear sessions need beyond their features, in a process of its own; 1 GiB over it."""
    gib = float(subprocess.check_output([sys.executable, "-m", "tests.bench.bench_grid"], text=True, env=os.environ))
    reference = f"peak beyond the features of 250 linear sessions, one epoch: {gib:.2f} GiB; 1 GiB over it"
    return entry("grid_memory", [1 / gib], 1.0, "times below 1 GiB", reference)


def _compared(name: str, target: float, strategy: dict[str, Any], **part: Any) -> dict[str, Any]:
    torch.set_num_threads(usable_cores())
    trunk = random_trunk("inception_v3", INPUT_SIZE_PX, 0)
    network = nn.Sequential(trunk.module.eval().requires_grad_(requires_grad=False), _head(strategy))
    with tempfile.TemporaryDirectory() as folder:
        files = write_patches(Path(folder), IMAGES)
        plain = [_ordinary_seconds(network, files) for _ in range(ROUNDS)]
    prepare_device("cpu", None)  # after the ordinary loop: it changes how the process keeps its memory
    rounds = [(_trunk_seconds(trunk), _heads_seconds(strategy, **part)) for _ in range(ROUNDS)]
    passes = [(TRAIN + VALID) * seconds / (SESSIONS * EPOCHS) for seconds, _ in rounds]
    heads = [seconds for _, seconds in rounds]
    ours = [a_pass + statistics.mean(head.values()) for a_pass, head in zip(passes, heads, strict=True)]
    ratios = [theirs / own for theirs, own in zip(plain, ours, strict=True)]
    by_size = {size: statistics.median(each[size] for each in heads) for size in BATCH_SIZES}
    seconds = (
        f"{statistics.median(passes):.3f} s for the trunk and {statistics.mean(by_size.values()):.3f} s for the head"
    )
    reference = f"ordinary loop at batch 8, {statistics.median(plain):,.0f} s a session-epoch; ours {seconds}"
    return entry(name, ratios, target, "times cheaper", reference) | {
        "seconds_by_batch_size": {size: round(each, 4) for size, each in by_size.items()},
        "threads": torch.get_num_threads(),
    }


def _ordinary_seconds(network: nn.Module, files: list[Path]) -> float:
    train, valid = seconds_a_sample(network, files, 8, transforms.Resize((INPUT_SIZE_PX, INPUT_SIZE_PX)))
    return TRAIN * train + VALID * valid


def _heads_seconds(strategy: dict[str, Any], *, rates: list[float], repeats: int, samples: int) -> dict[int, float]:
    """Seconds a session-epoch by batch size, from an epoch of its members side by side; of a whole grid the mean."""
    found: dict[int, float] = {}
    valid = VALID * samples // TRAIN
    is_whole = len(rates) * repeats * len(BATCH_SIZES) == SESSIONS
    for sizes in [BATCH_SIZES] if is_whole else [[size] for size in BATCH_SIZES]:
        engine = engine_of(strategy, rates, sizes, repeats, DrawnFeatures(samples, valid), samples, valid)
        start = time.perf_counter()
        engine.run_epoch(1)
        seconds = (time.perf_counter() - start) / len(engine.standings) * TRAIN / samples
        found |= dict.fromkeys(sizes, seconds)
    return found


def engine_of(  # noqa: PLR0917 - a grid by its sizes
    strategy: dict[str, Any],
    rates: list[float],
    sizes: list[int],
    repeats: int,
    features: DrawnFeatures,
    train: int,
    valid: int,
    device: torch.device = CPU,
) -> StackedEngine:
    """Return a stacked engine of the sessions on drawn features."""
    fields = {"job": "train", "name": "grid", "store": "memory://x", "region": "FRA", "dataset": "set", "seed": 0}
    fields |= {"classes": ["PD", "D"], "positive": "D", "strategies": [strategy], "epochs": EPOCHS, "crop": "center"}
    fields |= {"learning_rates": rates, "batch_sizes": sizes, "repeats": repeats}
    spec = TrainSpec.parse(fields | {"backbones": [{"name": "inception_v3", "weights": "none"}]})
    sessions = [session for shard in expand(spec, ()).shards for session in shard.sessions]
    trunk = Trunk("inception_v3", nn.Identity(), WIDTH, 0.5, "fc")
    labels = {"train": np.arange(train) % 2, "valid": np.arange(valid) % 2}
    return StackedEngine(spec, sessions, trunk, features, labels=labels, device=device, tick=lambda _samples: None)


def _trunk_seconds(trunk: Trunk) -> float:
    """Seconds a sample of the pass that makes the features; its set-up, once for all samples, is left out."""
    rng, count = np.random.Generator(np.random.PCG64(0)), BATCH["cpu"] + IMAGES
    patches = rng.integers(0, 255, (count, PATCH_SIZE_PX, PATCH_SIZE_PX, 3), np.uint8)
    plan = tuple(Planned(str(number), IDENTITY, 0) for number in range(count))
    samples, inputs = Samples(plan, patches, np.arange(count)), Inputs(INPUT_SIZE_PX, resize=True, seed=0)
    batches = run_module(trunk.module, inputs, samples, STATISTICS, None, torch.device("cpu"), "fp32", fold=True)
    next(batches)
    start = time.perf_counter()
    for _ in batches:
        pass
    return (time.perf_counter() - start) / IMAGES


def _head(strategy: dict[str, Any]) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Dropout(0.5)]
    width = WIDTH
    for _ in range(strategy.get("non_linearities", 0)):
        layers += [nn.Linear(width, width // 2), nn.LeakyReLU(0.2), nn.Dropout(0.5)]
        width //= 2
    return nn.Sequential(*layers, nn.Linear(width, 1))


def _gemm_flops() -> float:
    """What the machine's fastest kernel reaches on a large product, FLOPs a second."""
    one = torch.randn(1, 2048, 2048)
    best = 0.0
    for multiply in (torch.bmm, products.forward):
        for _ in range(5):
            start = time.perf_counter()
            multiply(one, one)
            best = max(best, 2 * 2048**3 / (time.perf_counter() - start))
    return best


BENCHES = {
    "grid_straightforward": grid_straightforward,
    "grid_extension": grid_extension,
    "grid_memory": grid_memory,
}


if __name__ == "__main__":
    prepare_device("cpu", None)
    features = DrawnFeatures(TRAIN, VALID)
    before = int(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0])
    engine = engine_of(STRAIGHTFORWARD, LEARNING_RATES, BATCH_SIZES, REPEATS, features, TRAIN, VALID)
    engine.run_epoch(1)
    engine.state()
    after = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
    print((after - before) / 2**20)
