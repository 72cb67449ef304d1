"""Equal results on a device: shared against plain, a session in any company, a resumed one, a sample in any batch."""

from __future__ import annotations

from typing import Any

import torch

from neurograde.learning.networks.backbones import random_trunk
from neurograde.learning.run.checkpoint import decode, encode
from neurograde.learning.run.device import prepare_device
from tests.bench.gpu_size import Size
from tests.support.engines import LABELS, STRATEGIES, shared, spec_of, worst_difference
from tests.support.material import engine, sessions_of
from tests.support.suffix import plain, suffix
from tests.support.suffix import spec_of as unfreezing_of


def heads(size: Size) -> dict[str, Any]:
    """Compare stacked heads in float32 with the plain engine, with themselves in company, and with a resumed engine."""
    device = prepare_device(size.device, 1)
    results = {}
    for label, strategy in zip(LABELS, STRATEGIES, strict=True):
        spec = spec_of(strategy, epochs=2, repeats=2)
        everyone = sessions_of(spec)
        company, alone = shared(spec, device=device), shared(spec, [everyone[-1]], device=device)
        same = [alone.run_epoch(n)[everyone[-1].id] == company.run_epoch(n)[everyone[-1].id] for n in range(3)]
        stacked, unstacked = shared(spec, device=device), engine(spec, device=device)
        results[label] = {
            "worst_difference_from_plain": worst_difference(stacked, unstacked, 2),
            "same_bits_in_company": all(same),
            "same_bits_resumed": _resumes(spec, device),
        }
    return results


def unfreezing(size: Size) -> dict[str, Any]:
    """Compare an unfrozen ResNet-18 with the plain engine on a CPU, in float64."""
    device = prepare_device(size.device, 1)
    spec = unfreezing_of("resnet18", 5, 40)
    return {"worst_difference_from_plain_on_cpu": worst_difference(suffix(spec, device), plain(spec), 2)}


def convolutions(size: Size) -> dict[str, Any]:
    """Compare the features of one sample in batches of other company and of other sizes."""
    device = prepare_device(size.device, 1)
    results = {}
    for name, side in (("resnet18", 64), ("vgg11", 64), ("inception_v3", 128)):
        module = random_trunk(name, side, 0).module.eval().to(device)
        generator = torch.Generator().manual_seed(0)
        samples = torch.randn(2 * size.trunk_batch, 3, side, side, generator=generator).to(device)
        with torch.no_grad():
            first = module(samples[: size.trunk_batch])[0]
            others = module(torch.cat([samples[:1], samples[size.trunk_batch + 1 :]]))[0]
            by_size = {count: module(samples[:count])[0] for count in (1, 2, size.trunk_batch // 2)}
        results[name] = {
            "same_bits_in_other_company": torch.equal(first, others),
            "same_bits_in_a_batch_of": {count: torch.equal(first, rows) for count, rows in by_size.items()},
        }
    return results


def _resumes(spec: Any, device: torch.device) -> bool:
    trained, resumed = shared(spec, device=device), shared(spec, device=device)
    trained.run_epoch(0)
    trained.run_epoch(1)
    resumed.load_state(decode(encode(trained.state()), "a checkpoint"))
    return bool(trained.run_epoch(2) == resumed.run_epoch(2)) and encode(trained.state()) == encode(resumed.state())
