"""The stand-in set: its sizes are drawn as the spec says, within its bounds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neurograde.imaging.stand_in import BORDER_PX, StandIn, stand_ins
from neurograde.specs.synthesise import SynthesiseSpec


def painted(**changes: Any) -> list[StandIn]:
    """120 images of 32 to 128 px."""
    fields: dict[str, Any] = {
        "job": "synthesise",
        "name": "set",
        "store": "memory://x",
        "region": "FRA",
        "seed": 3,
        "images_per_family": 2,
    }
    fields |= {"min_size_px": [32, 32], "max_size_px": [128, 128]}
    fields["classes"] = [{"label": label, "families": 30, "differentiation": 0.5} for label in ("PD", "D")]
    return list(stand_ins(SynthesiseSpec.parse(fields | changes)))


def sides(**changes: Any) -> np.ndarray:
    """Widths and heights of the images."""
    return np.array([image.pixels.shape[:2] for image in painted(**changes)])


@pytest.mark.parametrize(("sizes", "median"), [("uniform", 80), ("log_uniform", 64)])
def test_sides_lie_within_their_bounds_around_the_median_of_their_distribution(sizes: str, median: float):
    drawn = sides(sizes=sizes)
    assert drawn.min() >= 32
    assert drawn.max() <= 128
    assert np.median(drawn) == pytest.approx(median, rel=0.1)
    assert len(np.unique(drawn[:, 0])) > 30


def test_the_pre_crop_of_an_image_leaves_neither_border_nor_inscription():
    size = {"min_size_px": [90, 80], "max_size_px": [300, 280]}
    for plain, marked in zip(painted(irregular_share=0, **size), painted(irregular_share=1, **size), strict=True):
        *_, left, top, right, bottom = marked.labels
        height, width = marked.pixels.shape[:2]
        kept = (slice(top, height - bottom), slice(left, width - right))
        assert np.array_equal(marked.pixels[kept], plain.pixels[kept])
        assert min(left, top, right, bottom) == BORDER_PX
        assert plain.labels == (*marked.labels[:3], 0, 0, 0, 0)
