"""Tiles of an open image: every zoom shows the same tissue, down to the finest level of a slide."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from neurograde.imaging.pixels.open_image import Picture
from neurograde.imaging.pixels.slide import Resolution, Slide
from neurograde.pages.tiles import TILE_PX, Kept, least_zoom_of, thumbnail_of, tile_of, zooms_of
from tests.support.slides import tissue, write_pyramid


def pixels_of(tile: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(tile)), np.float64)


def test_a_slide_that_is_read_coarser_than_its_finest_level_has_tiles_of_that_level(tmp_path: Path):
    levels = write_pyramid(tmp_path / "slide.tif", tissue(1200, 900))
    slide = Slide(tmp_path / "slide.tif", "slide.tif", Resolution(level=1))
    assert (slide.width, least_zoom_of(slide), zooms_of(slide)) == (600, -1, 1)
    tile = pixels_of(tile_of(slide, -1, 1, 0))
    finest = levels[0][:TILE_PX, TILE_PX : 2 * TILE_PX]
    assert tile.shape == finest.shape
    assert np.abs(tile - finest).mean() < 3  # JPEG
    assert pixels_of(tile_of(slide, 1, 0, 0)).shape == (225, 300, 3)
    with pytest.raises(ValueError, match="zoom -2"):
        tile_of(slide, -2, 0, 0)


def test_a_slide_gives_the_scale_of_another_resolution(tmp_path: Path):
    write_pyramid(tmp_path / "slide.tif", tissue(1200, 900), um_per_px=0.25)
    slide = Slide(tmp_path / "slide.tif", "slide.tif", Resolution(level=0))
    assert [slide.finest_px_at(Resolution(level=level)) for level in (0, 1, 2)] == [1.0, 2.0, 4.0]
    assert slide.finest_px_at(Resolution(um_per_px=0.75)) == pytest.approx(3.0)


def test_a_picture_has_no_finer_tiles_and_a_small_thumbnail():
    picture = Picture(tissue(1500, 400), "0" * 64, 1)
    assert least_zoom_of(picture) == 0
    assert pixels_of(thumbnail_of(picture)).shape == (32, 120, 3)
    assert pixels_of(tile_of(picture, 0, 2, 0)).shape == (400, 1500 - 2 * TILE_PX, 3)


def test_only_the_images_that_were_looked_at_last_are_kept():
    read: list[int] = []
    kept = Kept(lambda index: read.append(index) or index, 4, most=2)
    for index in (0, 1, 0, 2, 0, 1):
        assert kept[index] == index
    assert read == [0, 1, 2, 1]
