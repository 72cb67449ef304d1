"""Rates on a device, with the share of the board's peak and its energy: trunk, heads, unfreezing, a CUDA graph."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torchvision import models

from neurograde.learning.data.inputs import Inputs
from neurograde.learning.data.samples import Planned, Samples
from neurograde.learning.features.forward import run_module
from neurograde.learning.networks.backbones import random_trunk
from neurograde.learning.run.device import prepare_device
from neurograde.maths.dihedral import IDENTITY
from neurograde.runtime.factors import gpu_peaks, gpu_tdp_w
from neurograde.runtime.nvml import visible_gpu
from tests.bench.bench_grid import BATCH_SIZES, EXTENSION, STRAIGHTFORWARD, VALID, WIDTH, DrawnFeatures, engine_of
from tests.bench.bench_unfreeze import SIDE, suffix_engine
from tests.bench.gpu_size import Size
from tests.bench.ordinary import STATISTICS

INPUT_SIZE_PX = 299


def trunk(size: Size) -> dict[str, Any]:
    """Measure Inception v3's pass over frozen layers, in each arithmetic."""
    device = prepare_device(size.device, None)
    module = random_trunk("inception_v3", INPUT_SIZE_PX, 0).module
    samples, inputs = _painted(size.trunk_samples, INPUT_SIZE_PX), Inputs(INPUT_SIZE_PX, resize=False, seed=0)
    flops = 2e9 * models.get_model_weights("inception_v3")["IMAGENET1K_V1"].meta["_ops"] * size.trunk_samples

    def a_pass(precision: str) -> None:
        for _ in run_module(module, inputs, samples, STATISTICS, None, device, precision, fold=True):
            pass

    results = {}
    for name, precision in (("fp32", "fp32"), ("tf32", "fp32"), ("bf16", "bf16"), ("fp16", "fp16")):
        _allow_tf32(name == "tf32")
        peak = {"fp32": "tflops_fp32", "tf32": "tflops_tf32"}.get(name, "tflops_fp16")
        results[name] = _measured(size, lambda precision=precision: a_pass(precision), size.trunk_samples, flops, peak)
    _allow_tf32(False)
    return results


def grid_straightforward(size: Size) -> dict[str, Any]:
    """Measure an epoch of linear heads side by side."""
    return _heads(size, STRAIGHTFORWARD, size.grid_samples)


def grid_extension(size: Size) -> dict[str, Any]:
    """Measure an epoch of heads with four non-linearities, a quarter of the samples."""
    return _heads(size, EXTENSION, size.grid_samples // 4)


def unfreeze_vgg19_b8(size: Size) -> dict[str, Any]:
    """Measure an epoch of VGG19's last six layers from cached activations, batch 8."""
    return _suffix(size, 8)


def unfreeze_vgg19_b32(size: Size) -> dict[str, Any]:
    """Measure the same at batch 32."""
    return _suffix(size, 32)


def cuda_graph(size: Size) -> dict[str, Any]:
    """Time a stacked step of 50 linear heads as it is launched, and replayed from a CUDA graph."""
    device = prepare_device(size.device, None)
    members, batch = 50, 8
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(members, batch, WIDTH, generator=generator).to(device)
    labels = torch.randint(0, 2, (members, batch, 1), generator=generator).float().to(device)
    weight = torch.zeros(members, WIDTH, 1, device=device, requires_grad=True)
    optimiser = torch.optim.SGD([weight], lr=1e-4, momentum=0.9)
    loss = nn.BCEWithLogitsLoss(reduction="sum")

    def step() -> None:
        optimiser.zero_grad(set_to_none=False)
        loss(torch.bmm(rows, weight), labels).backward()
        optimiser.step()

    for _ in range(3):
        step()
    launched = _seconds(size, lambda: [step() for _ in range(size.graph_steps)])
    if device.type != "cuda":
        return {"launched_us": 1e6 * launched / size.graph_steps, "graph": "only on a GPU"}
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    replayed = _seconds(size, lambda: [graph.replay() for _ in range(size.graph_steps)])
    return {
        "launched_us": 1e6 * launched / size.graph_steps,
        "graph_us": 1e6 * replayed / size.graph_steps,
        "times_faster": launched / replayed,
    }


def _heads(size: Size, strategy: dict[str, Any], train: int) -> dict[str, Any]:
    device = prepare_device(size.device, None)
    valid = max(1, VALID * train // 6_296)
    features = DrawnFeatures(train, valid).to(device)
    sizes = BATCH_SIZES if size.device == "cuda" else BATCH_SIZES[:1]
    engine = engine_of(strategy, list(size.grid_rates), sizes, size.grid_repeats, features, train, valid, device)
    sessions = len(size.grid_rates) * len(sizes) * size.grid_repeats
    widths = [WIDTH >> layer for layer in range(strategy.get("non_linearities", 0) + 1)]
    a_pass = sum(2 * one * other for one, other in zip(widths, [*widths[1:], 1], strict=True))
    flops = sessions * (3 * train + valid) * a_pass
    epochs = iter(range(1, 100))
    return _measured(size, lambda: engine.run_epoch(next(epochs)), sessions * (train + valid), flops, "tflops_fp32")


def _suffix(size: Size, batch: int) -> dict[str, Any]:
    device = prepare_device(size.device, None)
    backbone = "vgg19" if size.device == "cuda" else "vgg11"
    engine = suffix_engine(backbone, 6, batch, _painted(size.suffix_samples, SIDE), device)
    epochs = iter(range(1, 90))  # the first fills the cache
    return _measured(size, lambda: engine.run_epoch(next(epochs)), 2 * size.suffix_samples) | {"backbone": backbone}


def _measured(
    size: Size, work: Callable[[], object], samples: int, flops: float | None = None, peak: str = ""
) -> dict[str, Any]:
    """Return samples per second, share of the peak, and power against the board's design power; medians of rounds."""
    work()
    gpu = visible_gpu() if size.device == "cuda" else None
    before = gpu.energy_joules() if gpu else None
    rounds = [_seconds(size, work) for _ in range(size.rounds)]
    after = gpu.energy_joules() if gpu else None
    seconds = statistics.median(rounds)
    row: dict[str, Any] = {"n": size.rounds, "samples_per_s": round(samples / seconds, 1)}
    peaks = gpu_peaks(gpu.model or "") if gpu else {}
    if flops is not None:
        row["tflops"] = round(flops / seconds / 1e12, 4)
        row["share_of_peak"] = round(row["tflops"] / peaks[peak], 4) if peaks.get(peak) else None
    if gpu and before is not None and after is not None:
        watts = (after - before) / sum(rounds)
        row |= {"watts": round(watts, 1), "share_of_tdp": round(watts / gpu_tdp_w(gpu.model or ""), 3)}
    return row


def _seconds(size: Size, work: Callable[[], object]) -> float:
    if size.device == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    work()
    if size.device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def _allow_tf32(allowed: bool) -> None:
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = allowed


def _painted(count: int, side: int) -> Samples:
    pixels = np.random.Generator(np.random.PCG64(0)).integers(0, 255, (count, side, side, 3), np.uint8)
    return Samples(tuple(Planned(str(n), IDENTITY, n % 2) for n in range(count)), pixels, np.arange(count))
