"""Slides made for tests: pyramids that OpenSlide reads as those of a scanner."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray

GLASS = 244


def halved(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Means of 2 x 2 pixels."""
    height, width = (side // 2 * 2 for side in pixels.shape[:2])
    blocks = pixels[:height, :width].reshape(height // 2, 2, width // 2, 2, 3)
    return blocks.mean(axis=(1, 3)).round().astype(np.uint8)


def tissue(width: int, height: int, glass: tuple[slice, slice] | None = None, seed: int = 3) -> NDArray[np.uint8]:
    """Stained pixels, with structure that a resampling could blur, and a part of glass."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers((170, 60, 130), (240, 130, 210), (-(-height // 8), -(-width // 8), 3), dtype=np.uint8)
    pixels = coarse.repeat(8, axis=0).repeat(8, axis=1)[:height, :width].copy()
    if glass is not None:
        pixels[glass] = GLASS
    return pixels


def write_pyramid(
    path: Path, pixels: NDArray[np.uint8], levels: int = 3, um_per_px: float | None = None, tile: int = 64
) -> list[NDArray[np.uint8]]:
    """A tiled TIFF of so many levels, each half the one before; returns them."""
    found = [pixels]
    while len(found) < levels:
        found.append(halved(found[-1]))
    resolution = {} if um_per_px is None else {"resolution": (1e4 / um_per_px,) * 2, "resolutionunit": "CENTIMETER"}
    path.parent.mkdir(parents=True, exist_ok=True)
    with tifffile.TiffWriter(path) as file:
        for number, level in enumerate(found):
            file.write(
                level,
                tile=(tile, tile),
                photometric="rgb",
                compression="zlib",
                subfiletype=min(number, 1),
                metadata=None,
                **(resolution if number == 0 else {}),
            )
    return found
