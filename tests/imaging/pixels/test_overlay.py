"""Overlays: what is tinted, in which colour, and what stays bare."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from neurograde.imaging.pixels.overlay import LARGEST_PX, heat_overlay, probability_overlay
from neurograde.maths.patch_grid import Grid, Margins

GREY = np.full((64, 96, 3), 128, np.uint8)


def decoded(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image).astype(int)


def test_a_cell_leans_to_orange_or_blue_by_its_probability_and_others_stay_bare():
    grid = Grid(96, 64, Margins(), 32)
    found = decoded(probability_overlay(GREY, grid, {(0, 0): 1.0, (0, 1): 0.0, (0, 2): 0.5}))
    orange, blue, undecided, bare = found[16, 16], found[16, 48], found[16, 80], found[48, 48]
    assert orange[0] > orange[2] + 50
    assert blue[2] > blue[0] + 40
    assert np.abs(undecided - 128).max() <= 4
    assert np.abs(bare - 128).max() <= 4


def test_a_cell_with_room_for_it_says_its_probability_and_its_figures_are_on_its_own_colour():
    pixels, grid = np.full((200, 400, 3), 128, np.uint8), Grid(400, 200, Margins(), 200)
    found = decoded(probability_overlay(pixels, grid, {(0, 0): 0.9, (0, 1): 0.1}))
    for x, lead in ((0, 0), (200, 2)):
        corner = found[175:198, x + 2 : x + 24].reshape(-1, 3)
        assert (corner.min(axis=1) > 200).any(), "white figures"
        dark = corner[corner.sum(axis=1) < 330]
        assert len(dark) > 50
        assert dark.mean(axis=0).argmax() == lead
    bare = decoded(probability_overlay(GREY, Grid(96, 64, Margins(), 32), {(0, 0): 0.9}))
    assert bare[2:30, 2:30].min() > 40, "no room"


def test_a_large_image_is_made_smaller_and_the_cells_with_it():
    pixels = np.full((2000, 4000, 3), 128, np.uint8)
    found = decoded(probability_overlay(pixels, Grid(4000, 2000, Margins(), 1000), {(1, 3): 1.0}))
    assert found.shape == (LARGEST_PX // 2, LARGEST_PX, 3)
    assert found[-100, -100, 0] > 150
    assert np.abs(found[100, 100] - 128).max() <= 4


def test_heat_lights_what_is_high_and_darkens_what_is_low():
    heat = np.zeros((32, 32), np.float32)
    heat[:, 16:] = 1
    found = decoded(heat_overlay(GREY[:32, :32], heat))
    assert found[16, 28].sum() > 384 > found[16, 4].sum() + 150
