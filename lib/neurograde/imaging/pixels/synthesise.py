"""Haematoxylin-and-eosin-like images with known answers: a stand-in data set for demos, tests and scale.

The class shows in the tissue, the family in its colours. `differentiation` runs from 0, a poorly differentiated
neuroblastoma (crowded small dark nuclei, next to no neuropil), to 1, a differentiating one (sparse large pale nuclei
in fibrillar neuropil); what an image shows scatters around it, so that classes overlap. A family's stain is drawn
without regard to its class: a network that has seen a family can know its other images by their colours, which is the
leak that the partition has to prevent.

An image is made of two maps, the amounts of haematoxylin and of eosin, and coloured by Beer and Lambert's law,
I = glass · exp(−(h·H + e·E)), with stain vectors H and E around those of Macenko et al. (ISBI 2009).
Made-up images say nothing about disease: whatever is computed on them is to be labelled synthetic.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

Map = NDArray[np.float32]

_HAEMATOXYLIN = np.array([0.5626, 0.7201, 0.4062])
_EOSIN = np.array([0.2159, 0.8012, 0.5581])


@dataclass(frozen=True)
class Stain:
    """The stain of one family's slides: optical density of a unit of each dye per R, G, B, and the glass."""

    haematoxylin: tuple[float, float, float]
    eosin: tuple[float, float, float]
    glass: tuple[float, float, float]
    """Light that comes through bare glass, of 255."""


def draw_stain(rng: np.random.Generator) -> Stain:
    """Draw the stain of a family: both vectors tilted a little, both strengths, and the lamp's tint."""

    def vector(mean: NDArray[np.float64], strength: float) -> tuple[float, float, float]:
        tilted = np.clip(mean + rng.normal(0, 0.06, 3), 0.02, None)
        red, green, blue = (strength * tilted / np.linalg.norm(tilted)).tolist()
        return red, green, blue

    haematoxylin = vector(_HAEMATOXYLIN, rng.uniform(0.8, 1.25))
    eosin = vector(_EOSIN, rng.uniform(0.75, 1.2))
    red, green, blue = (rng.uniform(240, 250) + rng.uniform(-2.5, 2.5, 3)).tolist()
    return Stain(haematoxylin, eosin, (red, green, blue))


def synthesise_image(
    rng: np.random.Generator,
    *,
    width: int,
    height: int,
    differentiation: float,
    stain: Stain,
    glass_share: float = 0.1,
    watermark: bool = False,
    border_px: int = 0,
) -> NDArray[np.uint8]:
    """Paint one image; the same generator state and arguments give the same pixels.

    Args:
        rng: The image's own generator.
        width: Pixels from left to right.
        height: Pixels from top to bottom.
        differentiation: In [0, 1]; see above.
        stain: The family's, from `draw_stain`.
        glass_share: Share of the image without tissue, in [0, 1), met on average.
        watermark: Draw a grey inscription and a scale bar across the bottom.
        border_px: Width of a black frame within the image's size.

    Returns:
        (height, width, 3) uint8 RGB.

    Raises:
        ValueError: A number is out of its range.
    """
    if not 0 <= differentiation <= 1:
        raise ValueError(f"differentiation = {differentiation}; accepted: 0 to 1")
    if not 0 <= glass_share < 1:
        raise ValueError(f"glass_share = {glass_share}; accepted: 0 up to, not including, 1")
    if min(width, height) <= 2 * max(border_px, 0) or border_px < 0:
        raise ValueError(
            f"{width} x {height} px with a border of {border_px} px; accepted: borders that leave an image"
        )
    shape = height, width
    shown = float(np.clip(differentiation + rng.normal(0, 0.12), 0, 1))
    tissue = _tissue(rng, shape, glass_share)
    haematoxylin, eosin = _stroma(rng, shape, shown)
    _add_nuclei(rng, haematoxylin, eosin, tissue, shown)
    pixels = _coloured(haematoxylin * tissue, eosin * tissue, stain)
    pixels += rng.standard_normal(shape, dtype=np.float32)[..., None] * 2.5  # the camera's noise
    image = np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
    if watermark:
        image = _watermarked(image)
    if border_px:
        image[:border_px] = image[-border_px:] = image[:, :border_px] = image[:, -border_px:] = 12
    return image


def _clouds(rng: np.random.Generator, shape: tuple[int, int], scale_px: float) -> Map:
    """Return smooth noise of mean 0 and deviation 1 that changes over `scale_px`: drawn coarsely, then magnified."""
    height, width = shape
    step = max(1.0, scale_px / 3)
    coarse = rng.standard_normal((int(height / step) + 5, int(width / step) + 5), dtype=np.float32)
    coarse = ndimage.gaussian_filter(coarse, 1.2) * np.float32(4.25)  # 1 / deviation of the filtered noise
    box = (2, 2, 2 + width / step, 2 + height / step)
    fine: Map = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC, box))
    return fine


def _tissue(rng: np.random.Generator, shape: tuple[int, int], glass_share: float) -> Map:
    """Return 1 in tissue, 0 on glass, with soft ragged edges."""
    depth = _clouds(rng, shape, 260) + 0.25 * _clouds(rng, shape, 24)
    if glass_share == 0:
        return np.ones(shape, dtype=np.float32)
    shore = np.quantile(depth[::4, ::4], glass_share)
    tissue: Map = np.clip((depth - shore) * 8, 0, 1).astype(np.float32)
    return tissue


def _stroma(rng: np.random.Generator, shape: tuple[int, int], differentiation: float) -> tuple[Map, Map]:
    """Return amounts of haematoxylin and eosin between the nuclei: wavy fibres, the more the more differentiated."""
    height, width = shape
    cosine, sine = math.cos(angle := rng.uniform(0, np.pi)), math.sin(angle)
    bend = _clouds(rng, shape, 220) * 26
    y, x = np.mgrid[:height, :width].astype(np.float32)
    across, along = cosine * y - sine * x + bend, sine * y + cosine * x
    strands = rng.standard_normal((512, 512), dtype=np.float32)
    strands = ndimage.gaussian_filter(strands, (0.9, 1.1), mode="wrap")
    strands /= strands.std()
    # a strand is some 2 px thick and 20 px long
    fibres = ndimage.map_coordinates(strands, [across / 1.2, along / 14], order=1, mode="grid-wrap")
    grain = ndimage.gaussian_filter(rng.standard_normal(shape, dtype=np.float32), 0.8) * 3  # deviation about 1
    body = 0.50 + 0.08 * _clouds(rng, shape, 90) + 0.04 * grain
    eosin = body + (0.04 + 0.11 * differentiation) * fibres
    haematoxylin = 0.04 + 0.10 * (1 - differentiation) + 0.03 * _clouds(rng, shape, 60) - 0.02 * fibres
    return np.clip(haematoxylin, 0, None).astype(np.float32), np.clip(eosin, 0.04, None).astype(np.float32)


def _add_nuclei(rng: np.random.Generator, haematoxylin: Map, eosin: Map, tissue: Map, differentiation: float) -> None:
    """Stamp nuclei into the maps, in place, on a jittered grid thinned in patches."""
    height, width = haematoxylin.shape
    spacing = 10.0 + 9.5 * differentiation
    radius = 4.5 + 3.0 * differentiation
    stamps = [_nucleus(rng, radius, differentiation) for _ in range(48)]
    crowd = _clouds(rng, (height, width), 110)
    grid = np.mgrid[0:height:spacing, 0:width:spacing].reshape(2, -1).T
    centres = np.rint(grid + rng.normal(0, 0.28 * spacing, grid.shape)).astype(int)
    chance, kinds = rng.random(len(centres)), rng.integers(0, len(stamps), len(centres))
    for (y, x), luck, kind in zip(centres.tolist(), chance.tolist(), kinds.tolist(), strict=True):
        stamp = stamps[kind]
        half = stamp.shape[0] // 2
        top, left = y - half, x - half
        if not (0 <= y < height and 0 <= x < width) or tissue[y, x] < 0.7:
            continue
        if luck > 0.93 - 0.35 * differentiation + 0.16 * crowd[y, x]:
            continue
        rows, cols = slice(max(0, top), y + half + 1), slice(max(0, left), x + half + 1)
        under = haematoxylin[rows, cols]
        part = stamp[max(0, -top) :, max(0, -left) :][: under.shape[0], : under.shape[1]]
        np.maximum(under, part, out=under)
        eosin[rows, cols] *= 1 - 0.5 * np.minimum(part, 1)


def _nucleus(rng: np.random.Generator, radius_px: float, differentiation: float) -> Map:
    """Return the amount of haematoxylin of one nucleus, (side, side): an ellipse with chromatin, rim and nucleolus."""
    a = radius_px * rng.lognormal(0, 0.13)
    b = a * rng.uniform(0.62, 0.98)
    half = int(np.ceil(1.35 * a)) + 1
    cosine, sine = math.cos(angle := rng.uniform(0, np.pi)), math.sin(angle)
    y, x = np.mgrid[-half : half + 1, -half : half + 1].astype(np.float32)
    u, v = cosine * x + sine * y, cosine * y - sine * x
    bumps = 1 + 0.07 * np.sin(3 * np.arctan2(v, u) + rng.uniform(0, 6.28))
    distance = np.sqrt((u / a) ** 2 + (v / b) ** 2) / bumps  # 1 on the membrane
    inside = np.clip((1.08 - distance) * b / 1.6, 0, 1)
    chromatin = ndimage.gaussian_filter(rng.standard_normal(y.shape, dtype=np.float32), 0.9) * 2.2
    dark = rng.normal(1.28 - 0.45 * differentiation, 0.10)
    rim = 0.28 * differentiation * np.exp(-(((distance - 0.9) / 0.16) ** 2))
    spot = 0.7 * differentiation * np.exp(-((u - 0.2 * a) ** 2 + (v + 0.1 * b) ** 2) / 2.2) * (rng.random() < 0.7)
    result: Map = (inside * (dark + 0.17 * chromatin + rim + spot)).astype(np.float32)
    return result


def _coloured(haematoxylin: Map, eosin: Map, stain: Stain) -> Map:
    """Apply Beer and Lambert's law: (height, width, 3) float32 of 255."""
    pixels = np.empty((*haematoxylin.shape, 3), dtype=np.float32)
    for channel in range(3):
        density = haematoxylin * np.float32(stain.haematoxylin[channel]) + eosin * np.float32(stain.eosin[channel])
        pixels[..., channel] = np.float32(stain.glass[channel]) * np.exp(-density)
    return pixels


def watermark_px(width: int, height: int) -> int:
    """Return the height of the strip at the bottom that an inscription of an image of that size lies in."""
    return math.ceil(1.6 * _font_px(width, height))


def _font_px(width: int, height: int) -> int:
    return max(9, min(height // 14, width // 18))


def _watermarked(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the image under a half-transparent grey inscription and a scale bar at its bottom."""
    height, width, _ = image.shape
    size = _font_px(width, height)
    layer = Image.new("L", (width, height), 0)
    draw = ImageDraw.Draw(layer)
    draw.text(
        (size // 2, height - 1.6 * size), "SYNTHETIC · not a patient", fill=150, font=ImageFont.load_default(size)
    )
    draw.rectangle((width - 5 * size, height - size, width - size, height - 0.75 * size), fill=255)
    cover = np.asarray(layer, dtype=np.float32)[..., None] / 255
    result: NDArray[np.uint8] = np.rint(image * (1 - cover) + 70 * cover).astype(np.uint8)
    return result
