"""Frozen features of a backbone with logistic regression and SVM ([27]): the cheapest honest opponent of a grid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from neurograde.baselines.choice import best_on_valid, logistic, machines
from neurograde.baselines.method import Described, Fitted, Floats, Patch
from neurograde.learning.data.inputs import Inputs
from neurograde.learning.data.samples import Planned, Samples, Statistics
from neurograde.learning.features.forward import run_module
from neurograde.learning.networks.backbones import random_trunk
from neurograde.learning.networks.families.family import family_of
from neurograde.learning.networks.weights import load_weights, read_weights
from neurograde.maths.dihedral import IDENTITY
from neurograde.maths.standardise import IMAGENET
from neurograde.specs.baseline import FrozenFeatures


class FrozenFeaturesMethod:
    """Inputs of the network's last layer; patches are standardised as ImageNet was, whatever the split."""

    version = 1

    def __init__(self, spec: FrozenFeatures) -> None:
        """Build the network of a spec and read its weights.

        Raises:
            SpecError, DataError, StoreUnavailable: as in `learning.networks.weights`.
        """
        self.name = spec.backbone.name
        family = family_of(self.name)
        self.side, self.resizes = family.input_size_px(self.name), family.resizes(self.name)
        trunk = random_trunk(self.name, self.side, 0)
        weights = read_weights(spec.backbone)
        if weights is not None:
            load_weights(trunk, weights)
        self.module = trunk.module
        self.statistics = Statistics(*((red, green, blue) for red, green, blue in (IMAGENET["mean"], IMAGENET["std"])))

    def describe(self, patches: Sequence[Patch]) -> list[Floats]:
        """Return (1, width) per patch: of its centre; for Inception, and for smaller patches, of all of it, resized."""
        pixels = np.stack([patch.pixels for patch in patches])
        samples = Samples(tuple(Planned(patch.name, IDENTITY, 0) for patch in patches), pixels, np.arange(len(patches)))
        inputs = Inputs(self.side, resize=self.resizes or pixels.shape[1] < self.side, seed=0)
        device = torch.device("cpu")
        batches = run_module(self.module, inputs, samples, self.statistics, None, device, "fp32", fold=True)
        return [row[None] for _, (features,) in batches for row in features.numpy()]

    def fit(self, train: Described, valid: Described, classes: int, seed: int) -> Fitted:
        """Fit logistic regression and SVMs, and keep the best on valid."""
        del seed  # nothing is drawn
        return best_on_valid([*logistic(), *machines()], train, valid, classes)
