"""Pictures for figures, as plain arrays: made from the images, shown on the pages."""

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
    """Name in the store."""
    pixels: NDArray[np.uint8]
    """(height, width, 3), smaller than the image."""
    width_px: int
    """Width of the image itself."""
    height_px: int
    """Height of the image itself."""
    margins: Margins
    """The pre-crop, in pixels of the image itself."""
    patch_size_px: int
    """Side of the grid's squares."""

    @property
    def inner(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom edge of the rest."""
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
