"""Probabilities over the image that they are of: blue against orange, and in figures, as H&E has its own colours."""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from neurograde.maths.patch_grid import Grid

LOW, HIGH = (29, 79, 145), (201, 106, 0)
"""Colours of probability 0 and 1; in between they fade, so that an undecided square shows the tissue bare."""
HIGH_DARK = (148, 74, 0)  # white figures stand out from it as from `LOW`
STRENGTH = 0.55  # of the colour at its strongest, so that tissue stays visible
LARGEST_PX = 1600  # longer side of what is written: a page should stay small
HEAT = (255, 214, 10)
LEAST_PX_WITH_FIGURES = 40  # side of a square that has room for them


def probability_overlay(pixels: NDArray[np.uint8], grid: Grid, probabilities: Mapping[tuple[int, int], float]) -> bytes:
    """Return the image as JPEG, reduced where it is large, each square tinted by its probability; the others stay bare.

    Args:
        pixels: The image, (height, width, 3) uint8.
        grid: The grid of squares.
        probabilities: From 0 to 1, by row and column.
    """
    scale = min(1.0, LARGEST_PX / max(grid.width, grid.height))
    size = (max(1, round(grid.width * scale)), max(1, round(grid.height * scale)))
    image = Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS)
    tint = Image.new("RGBA", size)
    draw = ImageDraw.Draw(tint)
    for row, col, x, y in zip(grid.rows, grid.cols, grid.x, grid.y, strict=True):
        probability = probabilities.get((int(row), int(col)))
        if probability is not None:
            end_x, end_y = x + grid.patch_size_px, y + grid.patch_size_px
            box = [round(float(edge) * scale) for edge in (x, y, end_x, end_y)]
            left, top, right, bottom = box[0], box[1], box[2] - 1, box[3] - 1
            draw.rectangle((left, top, right, bottom), fill=tinted(probability), outline=(255, 255, 255, 150))
            if bottom - top >= LEAST_PX_WITH_FIGURES:
                _figures(draw, left + 1, bottom, probability, min(20, (bottom - top) // 5))
    return _jpeg(Image.alpha_composite(image.convert("RGBA"), tint))


def _figures(draw: ImageDraw.ImageDraw, left: int, bottom: int, probability: float, size_px: int) -> None:
    """Draw the probability in percent, in the lower left corner of its square, on its own colour at full strength."""
    words, font = f"{100 * probability:.0f}", ImageFont.load_default(max(10, size_px))
    width, height = draw.textbbox((0, 0), words, font, anchor="lt")[2:]
    box = (left, bottom - height - 6, left + width + 7, bottom - 1)
    draw.rectangle(box, fill=(HIGH_DARK if probability > 0.5 else LOW))
    draw.text((left + 4, bottom - height - 3), words, (255, 255, 255), font, anchor="lt")


def tinted(probability: float) -> tuple[int, int, int, int]:
    """Return the colour of a probability and its opacity: none at 0.5.

    >>> tinted(0.0), tinted(0.5)[3], tinted(1.0)
    ((29, 79, 145, 140), 0, (201, 106, 0, 140))
    """
    red, green, blue = HIGH if probability > 0.5 else LOW
    return red, green, blue, round(255 * STRENGTH * abs(2 * probability - 1))


def heat_overlay(pixels: NDArray[np.uint8], heat: NDArray[np.float32]) -> bytes:
    """Return a patch as JPEG, lit where the map is high and darkened where it is low; both are (side, side)."""
    weight = heat[..., None]
    dimmed = pixels * (0.35 + 0.65 * weight)
    lit = dimmed + weight * 0.25 * (np.array(HEAT) - dimmed)
    return _jpeg(Image.fromarray(lit.clip(0, 255).astype(np.uint8)))


def _jpeg(image: Image.Image) -> bytes:
    data = io.BytesIO()
    image.convert("RGB").save(data, "JPEG", quality=88)
    return data.getvalue()
