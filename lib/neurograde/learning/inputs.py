"""From samples to what a network takes: transformed, then cropped or resized, then standardised.

Random crops are drawn from a bank of slices: slice k holds one crop of every sample, its offset a hash of (seed,
sample, k) alone. A session reads the slices in an order of its own, one an epoch, so that every session sees every
sample under as many crops as it has epochs, and all sessions together need no more crops than one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from neurograde.errors import SpecError
from neurograde.learning.backbones import INCEPTION, default_input_size_px
from neurograde.learning.samples import Samples, Statistics
from neurograde.maths.seeding import generator, seed_of
from neurograde.specs.train import TrainSpec


@dataclass(frozen=True)
class Inputs:
    """How one backbone takes its samples."""

    size_px: int
    """Side of the input."""
    resize: bool
    """Whether the whole patch is resized, not cropped: Inception's way."""
    seed: int
    """Seed of the random crops."""

    @classmethod
    def of(cls, spec: TrainSpec, backbone: str, patch_size_px: int) -> Inputs:
        """The inputs of `backbone` from patches of that size.

        Raises:
            SpecError: the patches are smaller than the input, and are not resized.
        """
        size = spec.input_size_px or default_input_size_px(backbone)
        if backbone != INCEPTION and patch_size_px < size:
            raise SpecError(
                f"input_size_px: {backbone} takes inputs of {size} px, the patches have {patch_size_px}; "
                f"accepted is input_size_px up to {patch_size_px}, or larger patches"
            )
        return cls(size, backbone == INCEPTION, spec.seed)

    def batch(
        self,
        samples: Samples,
        numbers: NDArray[np.intp],
        statistics: Statistics,
        device: torch.device,
        crop_slice: int | None = None,
    ) -> Tensor:
        """The samples of these numbers as float32 (batch, 3, side, side), channels last in memory.

        Args:
            samples: Where they are from.
            numbers: Which, (batch,).
            statistics: What they are standardised with.
            device: Where the result goes.
            crop_slice: Slice of the bank that the crops are of; the centre crop when not given.
        """
        pixels = samples.pixels(numbers)
        if not self.resize:
            pixels = self._cropped(pixels, samples, numbers, crop_slice)
        # (batch, height, width, 3) in memory throughout: channels last.
        images = torch.from_numpy(pixels).to(device).permute(0, 3, 1, 2).float().div_(255)
        if self.resize:
            images = interpolate(images, (self.size_px, self.size_px), mode="bilinear", antialias=True)
        mean, std = (torch.tensor(values, device=device).view(3, 1, 1) for values in statistics)
        return images.sub_(mean).div_(std).contiguous(memory_format=torch.channels_last)

    def _cropped(
        self, pixels: NDArray[np.uint8], samples: Samples, numbers: Sequence[int] | NDArray[np.intp], slice_: int | None
    ) -> NDArray[np.uint8]:
        spare = samples.patch_size_px - self.size_px
        crops = np.empty((len(pixels), self.size_px, self.size_px, 3), np.uint8)
        for crop, image, number in zip(crops, pixels, numbers, strict=True):
            top = left = spare // 2
            if slice_ is not None:
                sample = samples.plan[number]
                top, left = crop_offset(self.seed, sample.patch, sample.transform, slice_, spare)
            crop[:] = image[top : top + self.size_px, left : left + self.size_px]
        return crops


def crop_offset(seed: int, patch: str, transform: str, crop_slice: int, spare_px: int) -> tuple[int, int]:
    """Top and left of a sample's crop in one slice, each from 0 to `spare_px`.

    >>> crop_offset(0, "PD/1/a.png", "identity", 3, 26)
    (14, 1)
    """
    drawn = seed_of(seed, "crop", patch, transform, crop_slice)
    return drawn % (spare_px + 1), drawn // (spare_px + 1) % (spare_px + 1)


def slice_of_epoch(seed: int, session: str, epoch: int, epochs: int) -> int:
    """The slice that a session reads in an epoch (1 to `epochs`): its own order of as many slices as epochs."""
    return int(generator(seed, "session", session, "slices").permutation(epochs)[epoch - 1])
