"""Frozen features of a backbone with logistic regression and SVM ([27]): the cheapest honest opponent of a grid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from neurograde.baselines.choice import best_on_valid, logistic, machines
from neurograde.baselines.method import Described, Fitted, Floats, Patch
from neurograde.learning.backbones import INCEPTION, default_input_size_px, random_trunk
from neurograde.learning.weights import load_weights, read_weights
from neurograde.maths.standardise import IMAGENET
from neurograde.specs.baseline import FrozenFeatures


class FrozenFeaturesMethod:
    """What enters the network's last layer; patches are standardised as ImageNet was, whatever the split."""

    version = 1

    def __init__(self, spec: FrozenFeatures) -> None:
        """The method of a spec; reads the weights.

        Raises:
            SpecError, DataError, StoreUnavailable: as `learning.weights` has it.
        """
        name = spec.backbone.name
        self.side = default_input_size_px(name)
        self.resized = name == INCEPTION
        trunk = random_trunk(name, self.side, 0)
        weights = read_weights(spec.backbone)
        if weights is not None:
            load_weights(trunk, weights)
        self.module = trunk.module.eval()

    def describe(self, patches: Sequence[Patch]) -> list[Floats]:
        """(1, width) of each patch."""
        images = torch.from_numpy(np.stack([each.pixels for each in patches])).permute(0, 3, 1, 2) / 255
        mean, std = (torch.tensor(IMAGENET[key], dtype=torch.float32)[:, None, None] for key in ("mean", "std"))
        with torch.inference_mode():
            features = self.module(self._sized((images - mean) / std)).numpy()
        return [row[None] for row in features]

    def fit(self, train: Described, valid: Described, classes: int, seed: int) -> Fitted:
        """Logistic regression or an SVM."""
        del seed  # nothing is drawn
        return best_on_valid([*logistic(), *machines()], train, valid, classes)

    def _sized(self, images: torch.Tensor) -> torch.Tensor:
        """The centre of the patch; for Inception, and where the patch is smaller, all of it, resized."""
        spare = images.shape[-1] - self.side
        if self.resized or spare < 0:
            return torch.nn.functional.interpolate(images, (self.side, self.side), mode="bilinear", antialias=True)
        first = spare // 2
        return images[..., first : first + self.side, first : first + self.side]
