"""The stand-in data set: images that `synthesise` paints from a spec's classes and seed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurograde.imaging.pixels.synthesise import draw_stain, synthesise_image, watermark_px
from neurograde.maths.seeding import generator
from neurograde.specs.synthesise import SynthesiseSpec

TRUTH_COLUMNS = ("image", "class", "family", "differentiation", "width_px", "height_px", "watermark", "border_px")
LABEL_COLUMNS = ("image", "class", "family", "left", "top", "right", "bottom")
BORDER_PX = 12


@dataclass(frozen=True)
class StandIn:
    """One painted image."""

    path: str
    pixels: NDArray[np.uint8]
    truth: tuple[object, ...]
    """The row of truth.csv."""
    labels: tuple[object, ...]
    """The row of labels.csv."""


def stand_ins(spec: SynthesiseSpec) -> Iterator[StandIn]:
    """Yield every image of the set.

    Each family's stain and each image has its generator, named by family and number: a larger set holds the images
    of a smaller one unchanged.
    """
    for kind in spec.classes:
        for number in range(1, kind.families + 1):
            family = f"{kind.label}-{number:02d}"
            stain = draw_stain(generator(spec.seed, "stain", family))
            for image in range(1, spec.images_per_family + 1):
                rng = generator(spec.seed, "image", family, image)
                width, height = (
                    _side_px(rng, low, high, spec.sizes)
                    for low, high in zip(spec.min_size_px, spec.max_size_px, strict=True)
                )
                irregular = bool(rng.random() < spec.irregular_share)
                pixels = synthesise_image(
                    rng,
                    width=width,
                    height=height,
                    differentiation=kind.differentiation,
                    stain=stain,
                    watermark=irregular,
                    border_px=BORDER_PX if irregular else 0,
                )
                path = f"{kind.label}/{family}_{image}.png"
                size = (width, height, irregular, BORDER_PX if irregular else 0)
                truth = (path, kind.label, family, kind.differentiation, *size)
                yield StandIn(
                    path, pixels, truth, (path, kind.label, family, *_precrop(width, height, irregular=irregular))
                )


def _precrop(width: int, height: int, *, irregular: bool) -> tuple[int, int, int, int]:
    """Return the pixels to take off left, top, right and bottom, so that no border and no inscription stays."""
    if not irregular:
        return 0, 0, 0, 0
    return BORDER_PX, BORDER_PX, BORDER_PX, max(BORDER_PX, watermark_px(width, height))


def _side_px(rng: np.random.Generator, low: int, high: int, sizes: str) -> int:
    if sizes == "uniform":
        return int(rng.integers(low, high, endpoint=True))
    return round(math.exp(rng.uniform(math.log(low), math.log(high))))
