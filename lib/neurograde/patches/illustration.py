"""Pictures for figures, as plain arrays: what comes from the images and goes to the pages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurograde.maths.patch_grid import Margins


@dataclass(frozen=True)
class CroppedImage:
    """An image made small enough for a figure, and its pre-crop.

    >>> image = CroppedImage("a.png", np.zeros((3, 4, 3), np.uint8), 400, 300, Margins(left=40, bottom=30), 100)
    >>> image.inner, round(image.lost_share, 2)
    ((40, 0, 400, 270), 0.19)
    """

    name: str
    """What the store calls it."""
    pixels: NDArray[np.uint8]
    """(height, width, 3), smaller than the image."""
    width_px: int
    """Of the image itself."""
    height_px: int
    """Of the image itself."""
    margins: Margins
    """Its pre-crop, in its own pixels."""
    patch_size_px: int
    """Side of the grid's cells."""

    @property
    def inner(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of what is left."""
        m = self.margins
        return m.left, m.top, self.width_px - m.right, self.height_px - m.bottom

    @property
    def lost_share(self) -> float:
        """Share of its pixels that the pre-crop takes off."""
        left, top, right, bottom = self.inner
        return 1 - (right - left) * (bottom - top) / (self.width_px * self.height_px)


@dataclass(frozen=True)
class Illustrations:
    """Real pictures for the figures that can show them."""

    cropped: tuple[CroppedImage, ...] = ()
    """Images that lose most to their pre-crop."""
    patch: NDArray[np.uint8] | None = None
    """A patch, (side, side, 3), made small."""
