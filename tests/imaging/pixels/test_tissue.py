from __future__ import annotations

import colorsys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from neurograde.imaging.pixels.tissue import TissueRule, tissue_shares, white_of
from neurograde.maths.patch_grid import Grid, Margins

quick = settings(max_examples=40, deadline=None, derandomize=True)
margin = st.integers(0, 9)


@quick
@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.builds(Margins, left=margin, top=margin, right=margin, bottom=margin),
    st.integers(1, 17),
    st.integers(0, 2**32),
)
def test_shares_equal_those_counted_cell_by_cell(
    width: int, height: int, margins: Margins, patch_size_px: int, seed: int
) -> None:
    rng = np.random.Generator(np.random.PCG64(seed))
    pixels = rng.integers(200, 256, (height, width, 3), dtype=np.uint8)
    grid = Grid(width, height, margins, patch_size_px)
    expected = []
    for x, y in zip(grid.x, grid.y, strict=True):
        cell = pixels[y : y + patch_size_px, x : x + patch_size_px].astype(int)
        expected.append(np.mean(cell.max(axis=2) - cell.min(axis=2) >= 13))
    assert np.array_equal(tissue_shares(pixels, grid, TissueRule(own_white=False)), expected)


@pytest.mark.parametrize(
    ("colour", "share"),
    [
        ((243, 243, 243), 0),  # glass
        ((244, 240, 246), 0),  # glass under a tinted lamp
        ((0, 0, 0), 0),  # a frame
        ((4, 0, 3), 0),  # its noise, of full HSV saturation
        ((128, 128, 128), 0),  # lettering
        ((230, 180, 205), 1),  # eosin
        ((90, 60, 140), 1),  # haematoxylin
        ((236, 222, 232), 1),  # pale stroma
    ],
)
def test_stains_are_tissue_and_glass_frames_and_grey_lettering_are_not(
    colour: tuple[int, int, int], share: float
) -> None:
    pixels = np.full((8, 8, 3), colour, dtype=np.uint8)
    assert tissue_shares(pixels, Grid(8, 8, Margins(), 4)).tolist() == [share] * 4


@given(st.tuples(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255)))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_a_tissue_pixel_is_one_whose_hsv_saturation_times_value_is_at_least_0_05(
    colour: tuple[int, int, int],
) -> None:
    _, saturation, value = colorsys.rgb_to_hsv(*(channel / 255 for channel in colour))
    pixels = np.array([[colour]], dtype=np.uint8)
    assert tissue_shares(pixels, Grid(1, 1, Margins(), 1))[0] == (saturation * value >= 0.05)


def test_a_grid_for_another_image_is_refused() -> None:
    with pytest.raises(ValueError, match="pixels of shape \\(8, 9, 3\\); accepted: \\(9, 8, 3\\)"):
        tissue_shares(np.zeros((8, 9, 3), dtype=np.uint8), Grid(8, 9, Margins(), 4))


def flat(colour: tuple[int, int, int], sigma: float = 1.5, side: int = 400) -> NDArray[np.uint8]:
    noise = np.random.default_rng(0).normal(0, sigma, (side, side, 3))
    return (np.array(colour) + noise).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("glass", [(235, 228, 219), (250, 238, 214), (214, 226, 240), (238, 233, 226)])
def test_glass_that_a_lamp_tints_is_no_tissue_and_tissue_on_it_is(glass: tuple[int, int, int]) -> None:
    grid = Grid(400, 400, Margins(), 100)
    assert tissue_shares(flat(glass), grid).max() < 0.02
    pixels = flat(glass)
    stained = np.array([0.88, 0.65, 0.8])  # of the light, R, G, B
    pixels[100:300, 100:300] = pixels[100:300, 100:300] * stained
    shares = tissue_shares(pixels, grid).reshape(4, 4)
    assert shares[1:3, 1:3].min() > 0.98
    assert shares[0].max() < 0.02


@pytest.mark.parametrize("pale", [(240, 214, 230), (228, 205, 236)])
def test_pale_stain_is_not_taken_for_the_tint_of_a_lamp(pale: tuple[int, int, int]) -> None:
    assert white_of(flat(pale), TissueRule()) is None
    assert tissue_shares(flat(pale), Grid(400, 400, Margins(), 100)).min() > 0.98


def test_on_grey_glass_nothing_changes_and_the_spec_may_keep_any_glass_as_it_is() -> None:
    grid = Grid(400, 400, Margins(), 100)
    grey = flat((244, 242, 243), sigma=3)
    grey[:100] = (200, 120, 170)
    assert white_of(grey, TissueRule()) is None
    assert tissue_shares(flat((235, 228, 219)), grid, TissueRule(own_white=False)).min() > 0.9
    assert tissue_shares(grey, grid, TissueRule(min_chroma=90)).max() == 0
