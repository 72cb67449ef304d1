from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from neurograde.imaging.pixels.synthesise import Stain, draw_stain, synthesise_image
from neurograde.imaging.pixels.tissue import tissue_shares
from neurograde.maths.patch_grid import Grid, Margins
from neurograde.maths.seeding import generator

STAIN = draw_stain(generator(1, "stain"))


def image(*name: str | int, **changes: Any) -> NDArray[np.uint8]:
    arguments = {"width": 240, "height": 180, "differentiation": 0.5, "stain": STAIN, "glass_share": 0.0} | changes
    return synthesise_image(generator(4, *name), **arguments)


def count_nuclei(pixels: NDArray[np.uint8], stain: Stain) -> int:
    """Connected areas of much haematoxylin, whose amount is found with the stain's own vectors."""
    density = -np.log(np.clip(pixels, 1, None) / np.array(stain.glass))
    amounts = density @ np.linalg.pinv(np.array([stain.haematoxylin, stain.eosin]))
    labels, _ = ndimage.label(ndimage.gaussian_filter(amounts[..., 0], 1) > 0.6)
    return int(np.sum(np.bincount(labels.ravel())[1:] > 20))


def hues_of(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Directions, in optical density, of the palest third and of the darkest fifth: about eosin and haematoxylin."""
    density = -np.log(np.clip(pixels, 1, None) / 245).reshape(-1, 3)
    low, high = np.quantile(density.sum(axis=1), [0.3, 0.8])
    pale, dark = density[density.sum(axis=1) < low].mean(axis=0), density[density.sum(axis=1) > high].mean(axis=0)
    return np.concatenate([pale / np.linalg.norm(pale), dark / np.linalg.norm(dark)])


def test_the_same_generator_gives_the_same_bytes_and_another_one_others() -> None:
    np.random.seed(5)  # noqa: NPY002 - global state must not matter
    one = image("a", watermark=True, border_px=5, glass_share=0.2)
    np.random.seed(6)  # noqa: NPY002
    assert np.array_equal(image("a", watermark=True, border_px=5, glass_share=0.2), one)
    assert not np.array_equal(image("b", watermark=True, border_px=5, glass_share=0.2), one)


@pytest.mark.parametrize(("width", "height"), [(321, 241), (32, 32), (33, 700), (1, 1)])
def test_an_image_has_the_size_asked_for(width: int, height: int) -> None:
    pixels = image(width=width, height=height, glass_share=0.1)
    assert (pixels.shape, pixels.dtype) == ((height, width, 3), np.uint8)


def test_classes_differ_in_every_family_but_overlap_in_single_images() -> None:
    counts = np.empty((2, 6, 4))
    for family in range(6):
        stain = draw_stain(generator(2, family))
        for label, differentiation in enumerate((0.3, 0.7)):
            for number in range(4):
                pixels = image(family, label, number, differentiation=differentiation, stain=stain)
                counts[label, family, number] = count_nuclei(pixels, stain)
    crowded, sparse = counts
    assert np.all(crowded.mean(axis=1) > sparse.mean(axis=1))
    assert crowded.min() < sparse.max()


def test_the_hues_of_an_image_give_its_family_away() -> None:
    hues = np.empty((2, 8, 6))
    for family in range(8):
        stain = draw_stain(generator(2, family))
        for number in range(2):
            hues[number, family] = hues_of(image(family, number, stain=stain))
    distances = np.linalg.norm(hues[0][:, None] - hues[1][None], axis=2)  # (family, family)
    assert np.mean(distances.argmin(axis=1) == np.arange(8)) >= 0.75  # by chance: 1 in 8


def test_tissue_is_stained_and_glass_is_not() -> None:
    grid = Grid(240, 180, Margins(), 20)
    assert tissue_shares(image(), grid).min() > 0.9
    glass = [1 - tissue_shares(image(number, glass_share=0.3), grid).mean() for number in range(4)]
    assert np.mean(glass) == pytest.approx(0.3, abs=0.08)


def test_a_border_is_black_and_leaves_the_rest_alone() -> None:
    framed, bare = image(border_px=7), image()
    assert np.array_equal(framed[7:-7, 7:-7], bare[7:-7, 7:-7])
    framed[7:-7, 7:-7] = 12
    assert np.all(framed == 12)


def test_a_watermark_lies_across_the_bottom_only() -> None:
    marked, bare = image(watermark=True), image()
    rows = np.flatnonzero((marked != bare).any(axis=(1, 2)))
    assert len(rows) > 5
    assert rows.min() > 180 * 0.8


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"differentiation": 1.2}, "differentiation = 1.2; accepted: 0 to 1"),
        ({"glass_share": 1}, "glass_share = 1; accepted: 0 up to"),
        ({"border_px": 90}, "240 x 180 px with a border of 90 px"),
        ({"border_px": -1}, "border of -1 px"),
    ],
)
def test_numbers_out_of_range_are_refused_by_name(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        image(**changes)
