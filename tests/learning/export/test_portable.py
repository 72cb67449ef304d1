"""The network with all that surrounds it is the network that predicts."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from neurograde.learning.data.inputs import Inputs
from neurograde.learning.data.samples import Statistics, labels
from neurograde.learning.export.portable import Portable, resizing
from neurograde.learning.inference.session_outputs import predict, trained_network
from neurograde.learning.networks.session_network import Network
from neurograde.maths.temperature import at_temperature
from tests.support.material import engine, samples, sessions_of, train_spec

UNEVEN = Statistics((0.6, 0.5, 0.4), (0.2, 0.25, 0.3))


@pytest.mark.parametrize(
    ("backbone", "size_px", "patch_px", "strategy", "classes"),
    [
        ("leaknet", 46, 51, {"kind": "whole"}, ["PD", "D"]),
        ("leaknet", 46, 48, {"kind": "whole"}, ["D", "PD"]),  # the positive one first
        ("squeezenet1_1", 48, 48, {"kind": "extension", "non_linearities": 2}, ["PD", "D", "U"]),
        ("inception_v3", 80, 75, {"kind": "straightforward"}, ["PD", "D"]),  # resized, and larger
        ("inception_v3", 75, 120, {"kind": "straightforward"}, ["PD", "D"]),  # and smaller
        ("densenet121", 32, 35, {"kind": "unfreezing", "layers": 1}, ["PD", "D"]),
        ("efficientnet_b0", 32, 35, {"kind": "straightforward"}, ["PD", "D"]),
    ],
)
def test_it_says_of_raw_patches_what_predict_says_of_samples(
    backbone: str, size_px: int, patch_px: int, strategy: dict, classes: list[str]
):
    spec = train_spec(backbone, strategy, classes=classes, positive="D", input_size_px=size_px)
    data, session = samples(len(classes), each=2, size_px=patch_px), sessions_of(spec)[0]
    best = engine(spec, data={"train": data, "valid": data})
    best.run_epoch(1)
    expected = predict(spec, session, best.best(), data, UNEVEN)
    inputs = Inputs.of(spec, backbone, patch_px)
    columns = [labels(spec)[name] for name in classes]
    portable = Portable(trained_network(spec, session, best.best()), inputs, patch_px, UNEVEN, columns, 1.7)
    with torch.no_grad():
        probabilities, calibrated = portable(torch.from_numpy(data.pixels(range(len(data)))))
    assert probabilities.numpy() == pytest.approx(expected, abs=1e-5)
    assert calibrated.numpy() == pytest.approx(at_temperature(expected, 1.7), abs=1e-5)


@pytest.mark.parametrize("sizes", [(250, 299), (512, 299), (299, 299)])
def test_resizing_by_matrices_is_torch_s_antialiased_resize(sizes: tuple[int, int]):
    before, after = sizes
    images = torch.rand(2, 3, before, before, generator=torch.Generator().manual_seed(0))
    weights = resizing(before, after)
    expected = interpolate(images, (after, after), mode="bilinear", antialias=True)
    assert (weights @ images @ weights.T - expected).abs().max() < 2e-6
    assert (weights.sum(1) - 1).abs().max() < 1e-6


@pytest.mark.parametrize("temperature", [0.05, 1.0, 20.0])
@pytest.mark.parametrize("logit", [-80.0, -3.0, 0.0, 80.0])
def test_a_network_beyond_all_doubt_is_calibrated_as_its_rounded_probabilities_are(logit: float, temperature: float):
    spec = train_spec("leaknet")
    constant = torch.nn.Linear(1, 1)
    torch.nn.init.zeros_(constant.weight)
    torch.nn.init.constant_(constant.bias, logit)
    flat = torch.nn.Sequential(torch.nn.AdaptiveAvgPool3d(1), torch.nn.Flatten())
    network = Network(flat, torch.nn.Sequential(constant))
    portable = Portable(network, Inputs.of(spec, "leaknet", 48), 48, UNEVEN, [0, 1], temperature)
    with torch.no_grad():
        _, calibrated = portable(torch.zeros(1, 48, 48, 3, dtype=torch.uint8))
    positive = 1 / (1 + np.exp(-logit))
    negative = 1 / (1 + np.exp(logit))
    assert calibrated.numpy() == pytest.approx(at_temperature([[negative, positive]], temperature), abs=1e-5)
