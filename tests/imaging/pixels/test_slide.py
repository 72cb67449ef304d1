"""Whole slides: which level is looked at, that regions are its pixels, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from neurograde.errors import DataError
from neurograde.imaging.pixels.open_image import ImageFile, Picture
from neurograde.imaging.pixels.slide import Resolution, Slide
from neurograde.imaging.pixels.tissue import tissue_shares
from neurograde.maths.patch_grid import Grid, Margins
from neurograde.storage.raw import RawFolder
from tests.support.slides import tissue, write_pyramid

SIZE = (700, 500)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.tif"


def opened(path: Path, **resolution: float) -> Slide:
    return Slide(path, "case 1/ä.tif", Resolution(**resolution))  # type: ignore[arg-type]


def refusal(path: Path, **resolution: float) -> str:
    with pytest.raises(DataError) as caught:
        opened(path, **resolution)
    assert str(caught.value).startswith("case 1/ä.tif: ")
    return str(caught.value)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_a_region_of_a_level_is_its_pixels(path: Path, level: int):
    levels = write_pyramid(path, tissue(*SIZE))
    slide = opened(path, level=level)
    assert (slide.height, slide.width) == levels[level].shape[:2]
    assert np.array_equal(slide.region(13, 57, 101, 60), levels[level][57:117, 13:114])
    assert np.array_equal(slide.region(0, 0, slide.width, slide.height), levels[level])


@pytest.mark.parametrize(
    ("wanted", "level", "size"),
    [
        (0.25, 0, (700, 500)),
        (0.26, 0, (700, 500)),  # within 5 %
        (0.24, 0, (700, 500)),
        (0.27, 0, (648, 462)),
        (0.48, 1, (350, 250)),
        (0.5, 1, (350, 250)),
        (0.75, 1, (233, 166)),
        (4.0, 2, (43, 31)),
    ],
)
def test_the_wanted_resolution_picks_a_level_and_resamples_none_that_is_near_enough(
    path: Path, wanted: float, level: int, size: tuple[int, int]
):
    write_pyramid(path, tissue(*SIZE), um_per_px=0.25)
    slide = opened(path, um_per_px=wanted)
    assert slide.recorded_um_per_px == pytest.approx(0.25)
    assert (slide.level, (slide.width, slide.height)) == (level, size)
    assert slide.um_per_px == pytest.approx(wanted, rel=0.05)


def test_a_resampled_region_shows_no_seam_wherever_it_is_cut(path: Path):
    levels = write_pyramid(path, tissue(*SIZE), um_per_px=0.25)
    slide = opened(path, um_per_px=0.4)
    box = (0, 0, slide.width * 1.6, slide.height * 1.6)
    whole = Image.fromarray(levels[0]).resize((slide.width, slide.height), Image.Resampling.LANCZOS, box=box)
    parts = [
        np.hstack([slide.region(x, y, min(64, slide.width - x), min(64, slide.height - y)) for x in (0, 64, 128, 192)])
        for y in (0, 64, 128)
    ]
    difference = np.vstack(parts).astype(int) - np.asarray(whole)[:192, :256]
    assert np.abs(difference).max() <= 1


def test_a_region_made_small_is_read_from_a_small_level(path: Path):
    levels = write_pyramid(path, tissue(*SIZE))
    assert np.array_equal(Reads(path).region(0, 0, 700, 500, (175, 125)), levels[2])
    reads = Reads(path)
    reads.region(0, 0, 700, 500, (100, 71))
    assert {level for level, _ in reads.seen} == {2}


class Reads(Slide):
    """Remembers what it read: the level, and how many pixels."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, path.name, Resolution(level=0))
        self.seen: list[tuple[int, int]] = []

    def _read(self, level: int, x: int, y: int, width: int, height: int) -> np.ndarray:
        self.seen.append((level, width * height))
        return super()._read(level, x, y, width, height)


def test_tissue_is_found_on_the_smallest_level_that_tells_it(path: Path):
    pixels = tissue(*SIZE, glass=(slice(64, 192), slice(128, 600)))
    write_pyramid(path, pixels)
    grid = Grid(*SIZE, Margins(), 64)
    slide = Reads(path)
    assert np.allclose(slide.tissue_shares(grid), tissue_shares(pixels, grid), atol=0.02)
    assert {level for level, _ in slide.seen} == {2}
    fine, slide = Grid(*SIZE, Margins(left=7, top=3), 16), Reads(path)
    shares = slide.tissue_shares(fine)
    assert {level for level, _ in slide.seen} == {1}  # a cell has 8 px there, and 4 on the next
    assert np.abs(shares - tissue_shares(pixels, fine)).mean() < 0.01


def test_on_the_finest_level_shares_are_those_of_a_picture(path: Path):
    pixels = tissue(*SIZE, glass=(slice(50, 200), slice(100, 333)))
    write_pyramid(path, pixels, levels=1)
    for margins in (Margins(), Margins(left=11, top=5, right=3, bottom=200)):
        grid = Grid(*SIZE, margins, 50)
        assert np.array_equal(opened(path, level=0).tissue_shares(grid), tissue_shares(pixels, grid))
    assert opened(path, level=0).tissue_shares(Grid(*SIZE, Margins(), 501)).shape == (0,)
    with pytest.raises(ValueError, match="700 x 500"):
        opened(path, level=0).tissue_shares(Grid(500, 700, Margins(), 50))


def test_what_was_never_scanned_is_glass(path: Path):
    tile = tissue(64, 64)
    with tifffile.TiffWriter(path) as file:
        tiles = iter([tile, None, None, tile])
        file.write(tiles, shape=(128, 128, 3), dtype=np.uint8, tile=(64, 64), photometric="rgb", compression="zlib")
    slide = opened(path, level=0)
    assert np.array_equal(slide.region(0, 0, 64, 64), tile)
    assert (slide.region(64, 0, 64, 64) == 255).all()


def test_a_slide_without_um_per_px_needs_a_word(path: Path):
    write_pyramid(path, tissue(*SIZE))
    words = refusal(path, um_per_px=0.5)
    assert "does not record its µm/px" in words
    assert "assumed_um_per_px" in words
    slide = opened(path, um_per_px=0.5, assumed_um_per_px=0.25)
    assert (slide.level, slide.recorded_um_per_px, slide.um_per_px) == (1, None, 0.5)
    assert opened(path, level=1).um_per_px is None


def test_what_a_slide_records_comes_before_what_is_assumed(path: Path):
    write_pyramid(path, tissue(*SIZE), um_per_px=0.25)
    assert opened(path, um_per_px=0.5, assumed_um_per_px=0.5).level == 1


def test_a_size_that_the_slide_has_not_is_refused_with_those_that_it_has(path: Path):
    write_pyramid(path, tissue(*SIZE), um_per_px=0.25)
    assert "level 3; accepted: 0 of 700 x 500 px, 1 of 350 x 250 px, 2 of 175 x 125 px" in refusal(path, level=3)
    assert "um_per_px = 0.1; accepted: 0.25" in refusal(path, um_per_px=0.1)
    assert "level (0 of 700 x 500 px" in refusal(path)


def test_pixels_that_are_not_square_are_refused_under_um_per_px(path: Path):
    with tifffile.TiffWriter(path) as file:
        resolution = {"resolution": (40_000, 20_000), "resolutionunit": "CENTIMETER"}
        file.write(tissue(128, 128), tile=(64, 64), photometric="rgb", **resolution)
    assert "0.25 µm/px across and 0.5 down" in refusal(path, um_per_px=0.5)


def test_damage_is_found_when_a_slide_is_opened_or_when_the_part_is_read(path: Path):
    write_pyramid(path, np.random.default_rng(1).integers(0, 255, (500, 700, 3), np.uint8))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])  # directories stand at the front
    slide = None
    try:
        slide = opened(path, level=0)
    except DataError as error:
        assert "damaged" in str(error)  # noqa: PT017 - either of two places
    if slide is not None:
        with pytest.raises(DataError, match=r"ä\.tif: damaged or truncated"):
            slide.region(0, 0, 700, 500)
    path.write_bytes(b"II*\0 and no more")
    assert "damaged" in refusal(path, level=0)


def opens_as(path: Path) -> Picture | Slide:
    return ImageFile.of(RawFolder(str(path.parent)), path.name).open(10**6, Resolution(level=0))


def test_a_tiff_is_a_slide_only_if_it_is_a_pyramid(path: Path):
    pixels = tissue(*SIZE)
    write_pyramid(path, pixels)
    assert isinstance(opens_as(path), Slide)
    write_pyramid(path, pixels, levels=1)
    assert isinstance(opens_as(path), Picture)
    Image.fromarray(pixels).save(path)
    picture = opens_as(path)
    assert isinstance(picture, Picture)
    assert np.array_equal(picture.pixels, pixels)


def test_without_openslide_a_slide_is_refused_with_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "openslide", None)
    (tmp_path / "a.svs").write_bytes(b"")
    with pytest.raises(DataError, match=r"a\.svs: a whole slide.*pip install 'neurograde\[slides\]'"):
        opens_as(tmp_path / "a.svs")
    write_pyramid(tmp_path / "b.tif", tissue(*SIZE))
    with pytest.raises(DataError, match=r"b\.tif: 3 frames or pages"):
        opens_as(tmp_path / "b.tif")


def test_a_real_slide_says_its_um_per_px_and_another_does_not(shared: Path):
    cmu, tcga = (
        Slide(shared / "slides" / name, name, Resolution(level=0))
        for name in ("CMU-1-Small-Region.svs", "TCGA-CR-7395-01A-01-TS1.svs")
    )
    assert (cmu.vendor, cmu.recorded_um_per_px, cmu.width, cmu.height) == ("aperio", 0.499, 2220, 2967)
    assert (tcga.vendor, tcga.recorded_um_per_px, tcga.width, tcga.height) == ("aperio", None, 4443, 3567)


CUT = """
import sys
from pathlib import Path
from neurograde.imaging import cut as cut_module
from neurograde.imaging.pixels import levels, slide, tiles
from neurograde.imaging.cut import CutJob, cut
from neurograde.maths.patch_grid import Margins
levels.CACHE_BYTES = tiles.CACHE_BYTES = 2**20
BLOCK = 200_000
cut_module.BLOCK_PX = slide.BLOCK_PX = BLOCK
for path in map(Path, sys.argv[1:]):
    job = CutJob("a.tif", path.read_bytes, 256, 0.1, 1, Margins(), frozenset(), None, lambda _: path,
                 slide.Resolution(level=0), workers=2)
    print(sum(1 for _ in cut(job).patches))
    print(int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux: the peak is read from /proc")
def test_memory_does_not_grow_with_the_slide(tmp_path: Path):
    paths = [tmp_path / f"{height}.tif" for height in (1024, 7168)]
    for path in paths:
        write_pyramid(path, tissue(1024, int(path.stem)), tile=256)
    command = [sys.executable, "-c", CUT, *map(str, paths)]
    small, before, large, after = map(int, subprocess.run(command, check=True, capture_output=True).stdout.split())
    assert (small, large) == (16, 112)
    assert after - before < 6 * 1024, f"{before} to {after} KiB; whole, the larger has 18 MiB more, its patches 3"
