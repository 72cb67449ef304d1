"""The pixels of a slide are those stored, whatever else is read; what cannot be read so is refused by name."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from neurograde.errors import DataError
from neurograde.imaging.cut import CutJob, cut
from neurograde.imaging.pixels.levels import OpenSlideLevels
from neurograde.imaging.pixels.open_image import ImageFile, Picture
from neurograde.imaging.pixels.slide import Resolution, Slide
from neurograde.imaging.pixels.tiff import directories
from neurograde.imaging.pixels.tiles import Tiles
from neurograde.maths.patch_grid import Margins
from neurograde.storage.raw import RawFolder
from tests.support.slides import halved, tissue

ODD = (2003, 1405)
"""A size of which no half is exact."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s.tif"


def noisy(width: int, height: int) -> np.ndarray:
    return tissue(width, height) ^ np.random.default_rng(2).integers(0, 32, (height, width, 3), np.uint8)


def write(path: Path, *levels: np.ndarray, **options: Any) -> None:
    common = {"photometric": "rgb", "tile": (128, 128), "compression": "zlib", "metadata": None} | options
    with tifffile.TiffWriter(path) as file:
        for number, level in enumerate(levels):
            file.write(level, **({"subfiletype": min(number, 1)} | common))


def jpeg_tiles(pixels: np.ndarray, side: int, damaged: int | None = None, **options: Any) -> Iterator[bytes]:
    """The tiles of a level as JPEG files, one of them cut with an end marker."""
    height, width, _ = pixels.shape
    number = 0
    for top in range(0, height, side):
        for left in range(0, width, side):
            tile = np.pad(pixels[top : top + side, left : left + side], ((0, side), (0, side), (0, 0)), mode="edge")
            file = io.BytesIO()
            Image.fromarray(tile[:side, :side]).save(file, "JPEG", quality=90, **options)
            data = file.getvalue()
            yield data if number != damaged else data[: len(data) // 2] + b"\xff\xd9"
            number += 1


def declare(path: Path, compression: int) -> None:
    """Let every page of a file have another compression: its tiles are in that already."""
    with tifffile.TiffFile(path, mode="r+b") as file:
        for page in [page for first in file.pages for page in (first, *(first.pages or ()))]:
            page.tags["Compression"].overwrite(compression)


def write_jpeg(path: Path, *levels: np.ndarray, damaged: int | None = None) -> None:
    with tifffile.TiffWriter(path) as file:
        for number, level in enumerate(levels):
            file.write(
                jpeg_tiles(level, 128, damaged if number == 0 else None),
                shape=level.shape,
                dtype=np.uint8,
                tile=(128, 128),
                photometric="ycbcr",
                compression="zlib",
                subfiletype=min(number, 1),
                metadata=None,
            )
    declare(path, 7)


def cut_job(path: Path, resolution: Resolution, rejected: frozenset[tuple[int, int]] = frozenset()) -> CutJob:
    return CutJob("s.tif", path.read_bytes, 100, 0, 1, Margins(), rejected, None, lambda _: path, resolution)


def opens(path: Path, **resolution: Any) -> Picture | Slide:
    return ImageFile.of(RawFolder(str(path.parent)), path.name).open(10**8, Resolution(**resolution))


def refusal(path: Path, **resolution: Any) -> str:
    with pytest.raises(DataError) as caught:
        opens(path, **resolution)
    return str(caught.value)


@pytest.mark.parametrize("compression", ["zlib", None, "jpeg"])
def test_a_level_of_a_broken_downsample_is_its_stored_pixels(path: Path, compression: str | None):
    base = noisy(*ODD)
    small = halved(base)[:, :1001]
    if compression == "jpeg":
        write_jpeg(path, base, small)
        tiles = [np.asarray(Image.open(io.BytesIO(tile))) for tile in jpeg_tiles(small, 128)]
        rows = [np.hstack(tiles[first : first + 8]) for first in range(0, len(tiles), 8)]
        stored = np.vstack(rows)[: small.shape[0], : small.shape[1]]
    else:
        write(path, base, small, compression=compression)
        stored = tifffile.imread(path, key=1)
    slide = opens(path, level=1)
    assert isinstance(slide, Slide)
    rng = np.random.default_rng(5)
    for _ in range(30):
        x, y = int(rng.integers(0, 900)), int(rng.integers(0, 600))
        assert np.array_equal(slide.region(x, y, 100, 100), stored[y : y + 100, x : x + 100])
    assert np.array_equal(slide.region(0, 0, slide.width, slide.height), stored)


@pytest.mark.parametrize("resolution", [{"level": 1}, {"um_per_px": 0.4}, {"um_per_px": 0.7}, {"um_per_px": 0.51}])
def test_the_pixels_of_a_patch_do_not_depend_on_which_others_are_kept(path: Path, resolution: dict[str, Any]):
    base = noisy(*ODD)
    write(path, base, halved(base)[:, :1001], resolution=(40_000, 40_000), resolutionunit="CENTIMETER")
    size = Resolution(**resolution)
    every = {(patch.row, patch.col): patch.pixel_sha256 for patch in cut(cut_job(path, size)).patches}
    rng = np.random.default_rng(7)
    for share in (0.02, 0.5, 0.9):
        rejected = frozenset(square for square in every if rng.random() < share)
        some = {(patch.row, patch.col): patch.pixel_sha256 for patch in cut(cut_job(path, size, rejected)).patches}
        assert some == {square: digest for square, digest in every.items() if square not in rejected}
    slide = opens(path, **resolution)
    for patch in cut(cut_job(path, size)).patches:
        with Image.open(io.BytesIO(patch.png)) as image:
            assert np.array_equal(np.asarray(image), slide.region(patch.x, patch.y, 100, 100))


def test_a_level_that_only_openslide_reads_does_not_depend_on_the_rectangle(path: Path):
    base = noisy(*ODD)
    write(path, base, halved(base)[:, :1001])
    levels = OpenSlideLevels(path, "s.tif", ())  # without the file's pages
    whole = levels.read(1, 0, 0, 1001, 702)
    for x, y, width, height in ((13, 500, 300, 100), (511, 0, 2, 702), (1000, 701, 1, 1)):
        assert np.array_equal(levels.read(1, x, y, width, height), whole[y : y + height, x : x + width])


def test_tiles_of_real_slides_are_decoded_as_openslide_decodes_them(shared: Path):
    for name in ("CMU-1-Small-Region.svs", "TCGA-CR-7395-01A-01-TS1.svs"):  # JPEG with shared tables, JPEG 2000
        path = shared / "slides" / name
        with path.open("rb") as file:
            tiles = Tiles(path, next(directories(file)), name)
        levels = OpenSlideLevels(path, name, ())
        for x, y in ((0, 0), (500, 801), (1700, 2400)):
            difference = tiles.read(x, y, 400, 300).astype(int) - levels.read(0, x, y, 400, 300)
            assert np.abs(difference).max() <= (1 if name.startswith("TCGA") else 0)  # JPEG 2000 rounds by its library


def test_a_damaged_jpeg_tile_is_refused_where_a_square_is_kept_and_nowhere_else(path: Path):
    base = noisy(1000, 700)
    write_jpeg(path, base, halved(base), damaged=9)  # second row of tiles, second column
    slide = opens(path, level=0)
    assert slide.region(0, 300, 900, 300).shape == (300, 900, 3)
    with pytest.raises(DataError, match=r"s\.tif: damaged: tile 9 of the level of 1000 x 700 px: "):
        slide.region(100, 100, 100, 100)
    under = frozenset({(1, 1), (1, 2), (2, 1), (2, 2)})
    assert len(list(cut(cut_job(path, Resolution(level=0), under)).patches)) == 66
    with pytest.raises(DataError, match="tile 9"):
        list(cut(cut_job(path, Resolution(level=0))).patches)


def write_ome(path: Path, base: np.ndarray, **options: Any) -> None:
    common = {"photometric": "rgb", "tile": (128, 128), "compression": "zlib", "resolutionunit": "CENTIMETER"}
    with tifffile.TiffWriter(path) as file:
        file.write(base, subifds=1, resolution=(40_000, 40_000), metadata=None, **(common | options))
        file.write(base[::2, ::2], subfiletype=1, resolution=(20_000, 20_000), metadata=None, **(common | options))


@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_a_pyramid_in_subifds_is_read_at_the_size_asked(tmp_path: Path, byteorder: str):
    base, path = noisy(1400, 1202), tmp_path / "s.ome.tif"
    with tifffile.TiffWriter(path, byteorder=byteorder, bigtiff=byteorder == ">") as file:
        common = {"photometric": "rgb", "tile": (128, 128), "compression": "zlib", "metadata": None}
        resolution = {"resolution": (40_000, 40_000), "resolutionunit": "CENTIMETER"}
        file.write(base, subifds=1, **resolution, **common)
        file.write(base[::2, ::2], subfiletype=1, **common)
    for size in ({"level": 1}, {"um_per_px": 0.5}):
        slide = opens(path, **size)
        assert isinstance(slide, Slide)
        assert (slide.width, slide.height, slide.level, slide.um_per_px) == (700, 601, 1, 0.5)
        assert np.array_equal(slide.region(0, 0, 700, 601), base[::2, ::2])
    assert np.array_equal(opens(path, level=0).region(200, 300, 100, 90), base[300:390, 200:300])
    assert "level (0 of 1400 x 1202 px, 1 of 700 x 601 px)" in refusal(path)


@pytest.mark.parametrize(
    ("pixels", "options", "reason"),
    [
        (noisy(800, 600).astype("u2") * 16, {}, "more than 8 bits a channel"),
        (np.dstack([noisy(800, 600), np.full((600, 800), 255, "u1")]), {"extrasamples": ["unassalpha"]}, "4 channels"),
        (np.dstack([noisy(800, 600), np.zeros((600, 800), "u1")]), {}, "4 channels"),
        (noisy(800, 600), {"extratags": [(274, 3, 1, 6, True)]}, "orientation 6"),
        (noisy(800, 600), {"photometric": "ycbcr", "compression": None}, None),
    ],
    ids=["16 bits", "alpha", "fourth", "orientation", "accepted"],
)
@pytest.mark.parametrize("subifds", [False, True])
def test_pyramids_obey_the_rules_of_pictures(
    path: Path, pixels: np.ndarray, options: dict[str, Any], reason: str | None, subifds: bool
):
    if subifds:
        write_ome(path, pixels, **options)
    else:
        write(path, pixels, pixels[::2, ::2], **options)
    if reason is None:
        assert isinstance(opens(path, level=0), Slide)
    else:
        assert reason in refusal(path, level=0)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"subfiletype": 0}, "2 levels, the smaller ones not marked as such (the tag NewSubfileType)"),
        ({"tile": None, "rowsperstrip": 16}, "pixels in strips instead of tiles"),
    ],
)
def test_pyramids_that_no_reader_knows_are_named_for_what_they_are(path: Path, options: dict[str, Any], reason: str):
    base = noisy(800, 600)
    write(path, base, base[::2, ::2], **options)
    assert reason in refusal(path, level=0)
    assert "vips tiffsave" in refusal(path, um_per_px=0.5)


@pytest.mark.parametrize("subifds", [False, True])
def test_a_compression_that_no_reader_knows_is_named(path: Path, subifds: bool):
    base = noisy(512, 512)
    common = {"dtype": np.uint8, "tile": (128, 128), "photometric": "rgb", "compression": "zlib", "metadata": None}
    with tifffile.TiffWriter(path) as file:
        file.write(iter([b"x"] * 16), shape=base.shape, **common, **({"subifds": 1} if subifds else {}))
        file.write(iter([b"x"] * 4), shape=(256, 256, 3), subfiletype=1, **common)
    declare(path, 34887)
    assert "compression 34887 (LERC)" in refusal(path, level=0)


@pytest.mark.parametrize("recorded", [1000.0, 352.8, 0.025])
def test_a_recorded_scale_that_cannot_be_is_doubted_and_can_be_overridden(path: Path, recorded: float):
    base = noisy(800, 600)
    density = 10_000 / recorded
    write(path, base, base[::2, ::2], resolution=(density, density), resolutionunit="CENTIMETER")
    words = refusal(path, um_per_px=0.5)
    assert f"it records {recorded:g} µm/px, but slides have 0.05 to 20" in words
    assert "finest_um_per_px" in words
    for fields in ({"assumed_um_per_px": 0.25}, {"finest_um_per_px": 0.25}):
        slide = opens(path, um_per_px=0.5, **fields)
        assert (slide.level, slide.um_per_px) == (1, 0.5)
    assert opens(path, level=1).width == 400


def test_a_plausible_scale_is_overridden_by_the_explicit_field_alone(path: Path):
    base = noisy(800, 600)
    write(path, base, base[::2, ::2], resolution=(40_000, 40_000), resolutionunit="CENTIMETER")
    assert opens(path, um_per_px=0.5, assumed_um_per_px=0.5).level == 1
    slide = opens(path, um_per_px=0.5, finest_um_per_px=0.5)
    assert (slide.level, slide.recorded_um_per_px) == (0, pytest.approx(0.25))


def test_oblong_pixels_are_refused_only_where_a_scale_is_asked_for(path: Path):
    base = noisy(800, 600)
    write(path, base, base[::2, ::2], resolution=(40_000, 36_000), resolutionunit="CENTIMETER")
    assert opens(path, level=0).um_per_px is None
    assert "0.25 µm/px across and 0.277778 down" in refusal(path, um_per_px=0.5)
    assert opens(path, um_per_px=0.5, finest_um_per_px=0.25).level == 1


def test_a_tiff_of_very_many_pages_is_no_slide_and_takes_no_time(path: Path):
    write(path, *[np.zeros((16, 16, 3), np.uint8)] * 1002, tile=(16, 16))
    assert "more than 1,000 pages" in refusal(path, level=0)
