"""Inputs of networks from samples: transformed, then cropped or resized, then standardised.

A transform and a crop are one affine map of pixel positions, so both are one gather, on whatever device computes.
Random crops are drawn from a bank of slices: slice k holds one crop of every sample, its offset a hash of (seed,
sample, k) alone. Each session reads the slices in its own order, one per epoch: every session sees every sample under
as many crops as there are slices, and all sessions together need no more crops than one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from neurograde.errors import SpecError
from neurograde.learning.data.samples import Planned, Samples, Statistics
from neurograde.learning.networks.backbones import input_size_px
from neurograde.learning.networks.families.family import family_of
from neurograde.maths.dihedral import apply
from neurograde.maths.seeding import generator, seed_of
from neurograde.specs.train import TrainSpec


@dataclass(frozen=True)
class Inputs:
    """The way in which one backbone takes its samples."""

    size_px: int
    """Side of the input."""
    resize: bool
    """True: the whole patch is resized instead of cropped, as for Inception."""
    seed: int
    """Seed of the random crops."""
    dtype: torch.dtype = torch.float32
    """Type of the inputs; float64 under `precision: fp64`."""

    @classmethod
    def of(cls, spec: TrainSpec, backbone: str, patch_size_px: int) -> Inputs:
        """Return the inputs of `backbone` from patches of that size.

        Raises:
            SpecError: the patches are smaller than the input, and are not resized.
        """
        size, resizes = input_size_px(spec, backbone), family_of(backbone).resizes(backbone)
        if not resizes and patch_size_px < size:
            raise SpecError(
                f"input_size_px: {backbone} takes inputs of {size} px, the patches have {patch_size_px}; "
                f"accepted is input_size_px up to {patch_size_px}, or larger patches"
            )
        dtype = torch.float64 if spec.precision == "fp64" else torch.float32
        return cls(size, resizes, spec.seed, dtype)

    def has_crops(self, spec: TrainSpec, patch_size_px: int) -> bool:
        """Return True where slices of random crops differ: patches that are resized, or just large enough, have one."""
        return spec.crop == "random" and not self.resize and patch_size_px > self.size_px

    def batch(
        self,
        samples: Samples,
        numbers: NDArray[np.intp],
        statistics: Statistics,
        device: torch.device,
        crop_slice: int | None = None,
    ) -> Tensor:
        """Return samples as (batch, 3, side, side), channels last in memory.

        Args:
            samples: The subset.
            numbers: Indices of the samples in the subset, (batch,).
            statistics: Mean and standard deviation to standardise with.
            device: Device to compute on.
            crop_slice: Slice of the bank of crops; None: the centre crop.
        """
        side = samples.patch_size_px if self.resize else self.size_px
        index = torch.from_numpy(self._origins(samples, numbers, side, crop_slice)).to(device)  # (batch, 3)
        steps = torch.arange(side, device=device)
        # (batch, side, side): index of each output pixel among the pixels of the batch's patches
        index = index[:, 0, None, None] + index[:, 1, None, None] * steps[:, None] + index[:, 2, None, None] * steps
        patches = torch.from_numpy(samples.patches[samples.places[numbers]]).to(device)  # (batch, height, width, 3)
        pixels = patches.view(-1, 3).index_select(0, index.view(-1)).view(*index.shape, 3)
        # (batch, height, width, 3) in memory throughout: channels last.
        images = pixels.permute(0, 3, 1, 2).to(self.dtype).div_(255)
        if self.resize:
            images = interpolate(images, (self.size_px, self.size_px), mode="bilinear", antialias=True)
        mean, std = (torch.tensor(values, dtype=self.dtype, device=device).view(3, 1, 1) for values in statistics)
        return images.sub_(mean).div_(std).contiguous(memory_format=torch.channels_last)

    def _origins(
        self, samples: Samples, numbers: NDArray[np.intp], side: int, crop_slice: int | None
    ) -> NDArray[np.int64]:
        """Return the index of each sample's first pixel in the batch, and its steps down and right, (batch, 3)."""
        whole = samples.patch_size_px
        origins = np.empty((len(numbers), 3), np.int64)
        for row, number in enumerate(numbers):
            sample = samples.plan[number]
            first, down, right = _affine(sample.transform, whole)
            top, left = self._corner(sample, whole - side, crop_slice)
            origins[row] = row * whole * whole + first + top * down + left * right, down, right
        return origins

    def _corner(self, sample: Planned, spare_px: int, crop_slice: int | None) -> tuple[int, int]:
        if crop_slice is None:
            return spare_px // 2, spare_px // 2
        return crop_offset(self.seed, sample.patch, sample.transform, crop_slice, spare_px)


@cache
def _affine(transform: str, side: int) -> tuple[int, int, int]:
    """Return the index of the pixel that a transform puts first, and its growth per step down and per step right.

    >>> _affine("identity", 5), _affine("rot180", 5), _affine("flip", 5)
    ((0, 5, 1), (24, -5, -1), (4, 5, -1))
    """
    turned = apply(np.arange(side * side).reshape(side, side, 1), transform)[..., 0]
    first = int(turned[0, 0])
    return first, int(turned[1, 0]) - first, int(turned[0, 1]) - first


def crop_offset(seed: int, patch: str, transform: str, crop_slice: int, spare_px: int) -> tuple[int, int]:
    """Return top and left of a sample's crop in one slice, both from 0 to `spare_px`.

    >>> crop_offset(0, "PD/1/a.png", "identity", 3, 26)
    (14, 1)
    """
    drawn = seed_of(seed, "crop", patch, transform, crop_slice)
    return drawn % (spare_px + 1), drawn // (spare_px + 1) % (spare_px + 1)


def slices_of(spec: TrainSpec) -> int:
    """Return the number of random crops per sample in the bank."""
    return spec.crop_slices or spec.longest


def slice_of_epoch(seed: int, session: str, epoch: int, slices: int) -> int:
    """Return the slice that a session reads in an epoch (from 1): all `slices` in the session's order, repeated."""
    order = generator(seed, "session", session, "slices").permutation(slices)
    return int(order[(epoch - 1) % slices])
