"""Convolutional deep belief network with feature encoding ([6], 2018): three layers learnt without labels.

Grey patches, made smaller, are whitened by the mean amplitude spectrum of train (for stationary images that is
whitening in full: every frequency gets the same power). Each layer is a CRBM with max pooling by two, learnt by
contrastive divergence on what the one below makes of train. What the third sees at a position is a vector; a codebook
makes histograms of them, and an SVM names the class. The paper leaves filter sizes and epochs open: 7, 5 and 5 px, few
epochs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from skimage.color import rgb2gray
from skimage.transform import resize
from torch import Tensor

from neurograde.baselines.choice import best_on_valid, machines
from neurograde.baselines.codebook import Codebook
from neurograde.baselines.crbm import Layer
from neurograde.baselines.method import Described, Fitted, Floats, Patch
from neurograde.specs.baseline import DeepBelief

SIDES_PX = (7, 5, 5)
POOL = 2
SMALL = 0.1  # of the mean amplitude: added, so that frequencies that hardly occur are not blown up


class DeepBeliefMethod:
    """Unsupervised layers, then a codebook and an SVM."""

    version = 1

    def __init__(self, spec: DeepBelief) -> None:
        """Take the method's spec."""
        self.spec = spec

    def describe(self, patches: Sequence[Patch]) -> list[Floats]:
        """(1, side x side) of each patch: its grey values, made smaller."""
        side = self.spec.side_px
        return [
            resize(rgb2gray(patch.pixels), (side, side), anti_aliasing=True).reshape(1, -1).astype(np.float32)
            for patch in patches
        ]

    def fit(self, train: Described, valid: Described, classes: int, seed: int) -> Fitted:
        """Learn layer after layer on train; choose the SVM on valid."""
        white = whitening(self._images(train))
        generator = torch.Generator().manual_seed(seed)
        layers: list[Layer] = []
        errors = []
        seen = torch.from_numpy(white(self._images(train)))[:, None]
        for groups, side in zip(self.spec.groups, SIDES_PX, strict=True):
            layer = Layer(seen.shape[1], groups, side, pool=POOL, gaussian=not layers, generator=generator)
            errors.append(layer.learn(seen, self.spec.epochs))
            layers.append(layer)
            seen = layer.hidden(seen)[1]

        def bags(described: Described) -> list[Floats]:
            values = torch.from_numpy(white(self._images(described)))[:, None]
            for layer in layers:
                values = layer.hidden(values)[1]
            return _positions(values)

        book = Codebook(bags(train), self.spec.words, seed)
        fitted = best_on_valid(machines(), train, valid, classes, lambda described: book.histograms(bags(described)))
        return Fitted(fitted.probabilities, {**fitted.chosen, "reconstruction_error": errors})

    def _images(self, described: Described) -> NDArray[np.float32]:
        side = self.spec.side_px
        return np.asarray(described.vectors.reshape(-1, side, side), np.float32)


class whitening:  # noqa: N801 - used like a function that was made from train
    """Divides each frequency by its mean amplitude in the images that it was made from."""

    def __init__(self, images: NDArray[np.float32]) -> None:
        """From images, (image, side, side)."""
        amplitude = np.sqrt((np.abs(_spectrum(images)) ** 2).mean(axis=0))
        self.divisor = amplitude + SMALL * amplitude.mean()

    def __call__(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the images without their mean, whitened, with a deviation of about 1."""
        plain = np.fft.ifft2(_spectrum(images) / self.divisor).real * images.shape[-1]
        white: NDArray[np.float32] = plain.astype(np.float32)
        return white


def _spectrum(images: NDArray[np.float32]) -> NDArray[np.complex128]:
    spectrum: NDArray[np.complex128] = np.fft.fft2(images - images.mean(axis=(1, 2), keepdims=True))
    return spectrum


def _positions(values: Tensor) -> list[Floats]:
    """Return the outputs of all groups at each position, (position, group) per patch."""
    return [value.flatten(1).T.contiguous().numpy() for value in values]
